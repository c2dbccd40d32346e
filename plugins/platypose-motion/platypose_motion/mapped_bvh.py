"""BVH files of any skeleton, with a file that says which of their joints make the pose.

The map is YAML:

    metres: 0.01               # of one length unit
    up: y                      # or z
    joints:                    # for each of the 17 joints the weights of joints of the files
      hip: {LeftUpLeg: 0.5, RightUpLeg: 0.5}
      right_hip: {RightUpLeg: 1}
      head: {Head End: 1}      # an End Site is named after its joint
      …
    toes: [LeftToeBase, RightToeBase]     # left, right; optional
    subject: '([^_/]+)_[^/]*'  # group 1 of it, at the end of a file's path, is the person
    test: [Anna, Ben]          # people held out
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import attrs
import numpy as np

from platypose.api import BuildContext, Trial, UserError
from platypose.config import read_yaml, structure
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17
from platypose_motion import archive
from platypose_motion.axes import z_up
from platypose_motion.bvh import drop_repeated_offsets, forward_kinematics, parse
from platypose_motion.config import BvhConfig
from platypose_motion.pose_joints import combine, require_points
from platypose_motion.recordings import recording
from platypose_motion.splits import split_of

_EXPECTED = "a zip archive or a folder of .bvh files"


@attrs.frozen(kw_only=True)
class JointMap:
    """How the files of one skeleton are read.

    Attributes:
        joints: for each joint of the pose the weights, of sum 1, of joints of the files.
        metres: of one length unit of the files.
        up: the vertical axis of the files.
        toes: the joints at the left and the right toes; empty where there are none.
        subject: a regular expression for the end of a file's path without its suffix, whose first
            group is the person.
        test: the people that are held out for testing.
        credit: the sentence that the owners of the data ask for.
        licence: the terms of the data.
    """

    joints: dict[str, dict[str, float]]
    metres: float
    up: Literal["y", "z"] = "y"
    toes: tuple[str, ...] = ()
    subject: str = "([^_/]+)[^/]*"
    test: tuple[str, ...] = ()
    credit: str = ""
    licence: str = ""


@attrs.frozen(kw_only=True)
class MappedBvh:
    """Finds and reads BVH files by a joint map."""

    joint_map: JointMap
    file: Path

    @property
    def credit(self) -> str:
        """As the map gives it."""
        return self.joint_map.credit

    @property
    def licence(self) -> str:
        """As the map gives it."""
        return self.joint_map.licence

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """Find the recordings; a recording is named by its path without the suffix.

        Arguments:
            sources: zip archives, read in place, and folders.

        Raises:
            UserError: a source is missing, is neither of these or holds no .bvh file, or the map
                does not find the person in a file's path.
        """
        return archive.found_in(
            sources,
            self._trials,
            f"holds no .bvh file; {_EXPECTED} is expected.",
        )

    def _trials(self, source: Path) -> Iterator[Trial]:
        for member in archive.members(source, [".bvh"], _EXPECTED):
            name = str(PurePosixPath(member).with_suffix(""))
            person = re.search(f"(?:{self.joint_map.subject})$", name)
            if person is None or not person[1]:
                raise UserError(
                    f'{self.file}: subject "{self.joint_map.subject}" finds nobody in "{name}".'
                )
            yield Trial(
                name=name,
                subject=person[1],
                split=split_of(frozenset(self.joint_map.test), person[1]),
                source=source,
                member=member,
            )

    def read(self, trial: Trial) -> Recording:
        """Read one recording.

        Raises:
            UserError: it is damaged or lacks a joint of the map.
        """
        bvh = drop_repeated_offsets(
            parse(archive.read_text(trial.source, trial.member), str(trial))
        )
        positions = forward_kinematics(bvh) * self.joint_map.metres
        world = z_up(positions) if self.joint_map.up == "y" else positions
        points = {joint.name: world[:, i] for i, joint in enumerate(bvh.joints)}
        require_points(str(trial), points, self.joint_map.joints, self.joint_map.toes)
        pose = combine(points, self.joint_map.joints)
        return recording(pose, points, self.joint_map.toes, 1.0 / bvh.frame_time)


def build(config: BvhConfig, context: BuildContext) -> MappedBvh:
    """The factory.

    Raises:
        UserError: the map is missing or wrong.
    """
    joint_map = structure(read_yaml(config.map), JointMap, str(config.map))
    fault = _fault(joint_map)
    if fault:
        raise UserError(f"{config.map}: {fault}.")
    return MappedBvh(joint_map=joint_map, file=config.map)


def _fault(joint_map: JointMap) -> str | None:
    unknown = sorted(set(joint_map.joints) - set(H36M_17.joints))
    if unknown:
        return f"joints names {', '.join(unknown)}, which the pose {H36M_17.name} does not have"
    missing = [joint for joint in H36M_17.joints if joint not in joint_map.joints]
    if missing:
        return f"joints lacks {', '.join(missing)}"
    for joint, weights in joint_map.joints.items():
        if not np.isclose(sum(weights.values()), 1.0):
            return f"the weights of {joint} must have the sum 1, not {sum(weights.values()):g}"
    if not 0 < joint_map.metres < np.inf:
        return f"metres must be above 0, not {joint_map.metres:g}"
    if len(joint_map.toes) not in (0, 2):
        return "toes must be two joints, left and right"
    try:
        groups = re.compile(joint_map.subject).groups
    except re.error as error:
        return f"subject is no regular expression ({error})"
    return None if groups else "subject must have a group, in parentheses, around the person"
