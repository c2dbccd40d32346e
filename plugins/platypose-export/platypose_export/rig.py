"""Rotations of bones of fixed length that follow the joints of a motion.

Joints fix the direction of each bone and not its turn about itself, the twist. Where a joint has
several children, they fix it: the joint is turned so that the rest pose fits them best (Kabsch,
1976). Elsewhere a bone has the twist that its parent hands on: it is turned by the smallest
rotation that leads from where the parent carries it to where it is.
"""

from __future__ import annotations

import attrs
import numpy as np
from scipy.spatial.transform import Rotation

from platypose.skeleton import Skeleton
from platypose_export.config import Up
from platypose_export.motion import Array, turned

_TINY = 1e-9


@attrs.frozen(kw_only=True, eq=False)
class Rig:
    """Nodes in a tree, parents first, the children of each node after it.

    A joint is a node. Where a joint has several children, a node of length 0 for each of them,
    named parent_to_child, stands between, so that bones turn one by one.

    Attributes:
        names: of the N nodes.
        parents: index of the parent, −1 for the root.
        joints: the joint at whose place the node is.
        aims: the joint at which the node points its only bone; −1 where it has none, or several.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    joints: tuple[int, ...]
    aims: tuple[int, ...]

    def children(self, node: int) -> list[int]:
        """The nodes whose parent it is."""
        return [child for child, parent in enumerate(self.parents) if parent == node]


@attrs.frozen(kw_only=True, eq=False)
class Animation:
    """A moving rig.

    Attributes:
        rig: its tree.
        offsets: (N, 3) of each node from its parent at rest; 0 for the root.
        root: (F, 3) the root.
        rotations: (F, N, 4) of each node relative to its parent, quaternions x, y, z, w whose
            sign does not jump between frames.
    """

    rig: Rig
    offsets: Array
    root: Array
    rotations: Array


def rig(skeleton: Skeleton) -> Rig:
    """The rig of a skeleton."""
    nodes: list[tuple[str, int, int, int]] = []

    def add(joint: int, parent: int) -> None:
        children = [child for child, of in enumerate(skeleton.parents) if of == joint]
        single = children[0] if len(children) == 1 else -1
        node = len(nodes)
        nodes.append((skeleton.joints[joint], parent, joint, single))
        for child in children:
            above = node
            if single < 0:
                above = len(nodes)
                name = f"{skeleton.joints[joint]}_to_{skeleton.joints[child]}"
                nodes.append((name, node, joint, child))
            add(child, above)

    add(0, -1)
    names, parents, joints, aims = zip(*nodes)
    return Rig(names=names, parents=parents, joints=joints, aims=aims)


def animate(joints: Array, skeleton: Skeleton, up: Up) -> Animation:
    """Fit the rig to joints.

    A bone's length is the median of its lengths over the frames. The directions of all bones are
    those of the joints, so that joints are off by what their bones' lengths vary.

    Arguments:
        joints: (F, J, 3) in the world, metres, z up.
        skeleton: of the joints; it stands in the rest pose.
        up: the axis of the animation that points up.
    """
    tree = rig(skeleton)
    place = turned(joints, up)
    parents = np.maximum(skeleton.parents, 0)
    standing = turned(np.array(skeleton.standing), up)
    at_rest = _direction(standing - standing[parents])
    bones = place - place[:, parents]
    lengths = np.median(np.linalg.norm(bones, axis=-1), axis=0)
    towards = _direction(bones)

    world: list[Rotation] = []
    offsets, local = np.zeros((len(tree.names), 3)), []
    still = Rotation.from_matrix(np.tile(np.eye(3), (len(place), 1, 1)))
    for node, (parent, joint, aim) in enumerate(zip(tree.parents, tree.joints, tree.aims)):
        above = world[parent] if parent >= 0 else still
        children = [child for child, of in enumerate(skeleton.parents) if of == joint]
        if aim >= 0:
            turn = swing(above.apply(at_rest[aim]), towards[:, aim]) * above
        elif children:
            turn = best_turn(at_rest[children], towards[:, children])
        else:
            turn = above
        if parent >= 0 and tree.joints[parent] != joint:
            offsets[node] = lengths[joint] * at_rest[joint]
        world.append(turn)
        local.append(_steady((above.inv() * turn).as_quat()))
    return Animation(rig=tree, offsets=offsets, root=place[:, 0], rotations=np.stack(local, axis=1))


def swing(start: Array, end: Array) -> Rotation:
    """The smallest rotations that turn unit vectors (F, 3) into others.

    Opposite vectors are turned about an axis that is any; a zero vector is left as it is.
    """
    cosine = (start * end).sum(-1, keepdims=True)
    axis = np.cross(start, end)
    opposite = cosine[:, 0] < -1 + _TINY
    least = np.eye(3)[np.abs(start).argmin(-1)]
    axis[opposite] = _direction(np.cross(start, least))[opposite]
    real = np.where(opposite[:, None], 0.0, 1 + cosine)
    return Rotation.from_quat(np.concatenate([axis, real], -1))


def best_turn(start: Array, end: Array) -> Rotation:
    """The rotations that turn directions (C, 3) into (F, C, 3) with the least squared error."""
    left, _, right = np.linalg.svd(np.einsum("fci,cj->fij", end, start))
    sign = np.linalg.det(left @ right)
    left[..., -1] *= sign[:, None]
    return Rotation.from_matrix(left @ right)


def _direction(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), 0.0)


def _steady(quaternions: Array) -> Array:
    """Of q and −q, which are one rotation, the one nearer to the frame before."""
    flips = (quaternions[1:] * quaternions[:-1]).sum(-1) < 0
    signs = np.concatenate([[1.0], np.where(flips, -1.0, 1.0)]).cumprod()
    steady: Array = quaternions * signs[:, None]
    return steady
