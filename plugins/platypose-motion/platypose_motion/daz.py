"""The skeleton of the daz-friendly BVH conversion of the CMU database."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from platypose_motion.bvh import Bvh, Joint, forward_kinematics
from platypose_motion.pose_joints import DAZ, DAZ_TOES

Array = npt.NDArray[np.float64]

UNIT = 0.01
"""Metres in one length unit. The conversion puts every person on one figure of 0.82 m leg."""

FRAMES_BEFORE = 12
"""Frames at the beginning that are not of the recording: a T-pose, and the figure easing out of it.
It has arrived after 8 frames of 120 a second."""

# Above the joint "head", in the frame of the head: as high as the end of the Acclaim head is.
_CROWN = (0.0, 15.0, 0.0)

FOLDERS: dict[str, tuple[tuple[str, int], ...]] = {
    "indian": (("94", 16),),
    "martial": (("135", 11),),
    "salsa": (("60", 15), ("61", 15)),
}
"""For each folder of the archive by kind of movement the CMU subjects in it, with the number of
their trials; the trials of the second subject are numbered on from those of the first.

The archive does not say who its people are. The numbers of trials and their kind are those of the
index that CMU publishes (subject 94: Indian dance, 16 trials; 135: martial arts, 11; 60 and 61:
salsa of a couple, 15 each). The rotations of the root are the same as in the cgspeed conversion,
digit by digit, and so prove it: indian/06 is 94_06, martial/03 is 135_03, salsa/05 is 60_05,
salsa/21 is 61_06. Partners in a dance have the same number of frames."""

NEEDED = frozenset(name for point in DAZ.values() for name in point if name != "crown") | {
    *DAZ_TOES,
}
"""The joints by which a file is known to be of the conversion."""


def trial_of(folder: str, number: int) -> tuple[str, int] | None:
    """The CMU subject and trial of a file of the archive; None where it has none."""
    for subject, count in FOLDERS.get(folder, ()):
        if 1 <= number <= count:
            return subject, number
        number -= count
    return None


def upside_down(points: dict[str, Array]) -> int:
    """The number of frames in which the head hangs from the neck, as it does in salsa/06 and 07.

    There the head is turned by more than 120° against the neck; a dancer's, thrown back, by 94°.
    """
    neck = points["head"] - points["neck"]
    head = points["crown"] - points["head"]
    length = np.linalg.norm(neck, axis=-1) * np.linalg.norm(head, axis=-1)
    return int(((neck * head).sum(axis=-1) < -0.5 * length).sum())


def points(bvh: Bvh) -> dict[str, Array]:
    """The points that `pose_joints.DAZ` names, (frames, 3), in metres and the axes of the file.

    Arguments:
        bvh: a file of the conversion, with none of the joints `NEEDED` missing.
    """
    crown = Joint(name="crown", parent=bvh.index("head"), offset=_CROWN, channels=())
    whole = attrs.evolve(bvh, joints=(*bvh.joints, crown))
    metres = forward_kinematics(whole) * UNIT
    return {name: metres[:, whole.index(name)] for name in (*NEEDED, "crown")}
