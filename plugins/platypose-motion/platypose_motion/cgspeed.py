"""The skeleton of the cgspeed BVH conversion of the CMU database."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from platypose_motion.bvh import Bvh, Joint, forward_kinematics

Array = npt.NDArray[np.float64]

UNIT = 0.0254 / 0.45
"""Metres in one CMU length unit, 1 / 0.45 inch."""

ACCLAIM_ENDS = {
    "lhipjoint": "LeftUpLeg",
    "lfemur": "LeftLeg",
    "ltibia": "LeftFoot",
    "lfoot": "LeftToeBase",
    "rhipjoint": "RightUpLeg",
    "rfemur": "RightLeg",
    "rtibia": "RightFoot",
    "rfoot": "RightToeBase",
    "lowerback": "Spine",
    "upperback": "Spine1",
    "thorax": "Neck",
    "lowerneck": "Neck1",
    "upperneck": "Head",
    "head": "Head End",
    "lclavicle": "LeftArm",
    "lhumerus": "LeftForeArm",
    "lradius": "LeftHand",
    "lwrist": "LeftFingerBase",
    "rclavicle": "RightArm",
    "rhumerus": "RightForeArm",
    "rradius": "RightHand",
    "rwrist": "RightFingerBase",
}
"""For each Acclaim bone the joint at which it ends."""

# The Acclaim skeleton has a bone from the top of the upper back to the base of the neck (thorax)
# and one from the end of the radius to the palm (wrist). The conversion gives the joints at their
# ends a zero offset, and so loses 12 cm of every trunk and 9 cm of every arm.
_AFTER_THORAX = ("Neck", "LeftShoulder", "RightShoulder")
_AFTER_WRIST = {
    "LeftHand": ("LeftFingerBase", "LThumb"),
    "RightHand": ("RightFingerBase", "RThumb"),
}

NEEDED = frozenset(
    {
        *ACCLAIM_ENDS.values(),
        *_AFTER_THORAX,
        *(name for names in _AFTER_WRIST.values() for name in names),
    }
)
"""The joints by which a file is known to be of the conversion."""


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


def acclaim_ends(bvh: Bvh) -> dict[str, Array]:
    """The ends of the Acclaim bones, (frames, 3), in metres and the axes of the file.

    Arguments:
        bvh: a file of the conversion, with none of the joints `NEEDED` missing.
    """
    whole = restore_lost_bones(bvh)
    metres = forward_kinematics(whole) * UNIT
    return {bone: metres[:, whole.index(joint)] for bone, joint in ACCLAIM_ENDS.items()}
