"""The skeleton of the cgspeed BVH conversion of the CMU database, read as Human3.6M's 17 joints."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from platypose.skeleton import H36M_17
from platypose_motion.bvh import Bvh, Joint, forward_kinematics

Array = npt.NDArray[np.float64]

UNIT = 0.0254 / 0.45
"""Metres in one CMU length unit, 1 / 0.45 inch."""

H36M_SOURCES: dict[str, tuple[str, ...]] = {
    "hip": ("LeftUpLeg", "RightUpLeg"),
    "right_hip": ("RightUpLeg",),
    "right_knee": ("RightLeg",),
    "right_foot": ("RightFoot",),
    "left_hip": ("LeftUpLeg",),
    "left_knee": ("LeftLeg",),
    "left_foot": ("LeftFoot",),
    "spine": ("Spine",),
    "thorax": ("Neck",),
    "neck": ("Head",),
    "head": ("Head End",),
    "left_shoulder": ("LeftArm",),
    "left_elbow": ("LeftForeArm",),
    "left_wrist": ("LeftFingerBase",),
    "right_shoulder": ("RightArm",),
    "right_elbow": ("RightForeArm",),
    "right_wrist": ("RightFingerBase",),
}
"""For each joint of the pose the BVH joints whose mean it is."""

TOES = ("LeftToeBase", "RightToeBase")

# The Acclaim skeleton has a bone from the top of the upper back to the base of the neck (thorax)
# and one from the end of the radius to the wrist. The conversion gives the joints at their ends a
# zero offset, and so loses 12 cm of every trunk and 9 cm of every forearm.
_AFTER_THORAX = ("Neck", "LeftShoulder", "RightShoulder")
_AFTER_WRIST = {
    "LeftHand": ("LeftFingerBase", "LThumb"),
    "RightHand": ("RightFingerBase", "RThumb"),
}

_NEEDED = {
    *(source for sources in H36M_SOURCES.values() for source in sources),
    *_AFTER_THORAX,
    *_AFTER_WRIST,
    *(name for names in _AFTER_WRIST.values() for name in names),
    *TOES,
    "Spine1",
}


def missing_joints(bvh: Bvh) -> list[str]:
    """The joints of the conversion that the file lacks."""
    return sorted(_NEEDED - {joint.name for joint in bvh.joints})


def restore_lost_bones(bvh: Bvh) -> Bvh:
    """Give the thorax and the wrist bones their length again, where their offsets are zero.

    The three bones of the Acclaim spine bend evenly, so the third is extrapolated from the other
    two: 2 Spine1 - Spine. The wrist bone continues the radius with half of its length.
    """
    offsets = {joint.name: np.asarray(joint.offset) for joint in bvh.joints}
    restored = dict.fromkeys(_AFTER_THORAX, 2 * offsets["Spine1"] - offsets["Spine"])
    for hand, names in _AFTER_WRIST.items():
        restored.update(dict.fromkeys(names, offsets[hand] / 2))

    def restore(joint: Joint) -> Joint:
        if joint.name not in restored or any(joint.offset):
            return joint
        x, y, z = (float(value) for value in restored[joint.name])
        return attrs.evolve(joint, offset=(x, y, z))

    return attrs.evolve(bvh, joints=tuple(restore(joint) for joint in bvh.joints))


def positions(bvh: Bvh) -> tuple[Array, Array]:
    """The 17 joints and the two toe bases, in metres, z up.

    The file has y up, and a person at rest facing z with the left side towards x. The axes are
    permuted cyclically: at rest the person faces x, with the left side towards y.

    Arguments:
        bvh: a file of the conversion, with none of its joints missing.

    Returns:
        ((frames, 17, 3), (frames, 2, 3)); the toe bases are left, right.
    """
    whole = restore_lost_bones(bvh)
    metres = forward_kinematics(whole)[..., [2, 0, 1]] * UNIT
    joints = [
        np.mean([metres[:, whole.index(source)] for source in H36M_SOURCES[name]], axis=0)
        for name in H36M_17.joints
    ]
    toes = [metres[:, whole.index(name)] for name in TOES]
    return np.stack(joints, axis=1), np.stack(toes, axis=1)
