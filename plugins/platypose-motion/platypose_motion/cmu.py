"""The CMU Graphics Lab Motion Capture Database, in whatever form it is published.

A trial is named SS_TT, S the subject and T the trial, in every form:

- Acclaim: SS.asf and SS_TT.amc in one folder, as CMU publishes them;
- BVH of the cgspeed conversion, SS_TT.bvh;
- BVH of the daz-friendly conversion, SS_TT.bvh or a folder of the kind of movement, see `daz`;
- cmu-actions.npz, sequences by action, see `cmu_actions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import attrs

from platypose.api import BuildContext, Trial, UserError
from platypose.motion.download import Download, Obtaining
from platypose.motion.recording import Recording
from platypose_motion import archive, cgspeed, cmu_actions, daz
from platypose_motion.acclaim_files import read_acclaim
from platypose_motion.axes import z_up
from platypose_motion.bvh import Bvh, parse
from platypose_motion.config import CmuConfig
from platypose_motion.pose_joints import ACCLAIM, ACCLAIM_TOES, DAZ, DAZ_TOES, combine
from platypose_motion.recordings import recording
from platypose_motion.splits import CMU_TEST_SUBJECTS, split_of

CREDIT = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)

LICENCE = (
    "Free for use in research projects; it may be included in commercially sold products, but not "
    "resold directly, even in converted form. Weights trained on it may be shipped with the credit."
)

OBTAINING = Obtaining(
    instructions="""\
The CMU Graphics Lab Motion Capture Database is free at http://mocap.cs.cmu.edu. Its archive of all
ASF/AMC files, about 1.1 GB, need not be unpacked. Please do not crawl the site.""",
    downloads=(Download(url="http://mocap.cs.cmu.edu/allasfamc.zip", filename="allasfamc.zip"),),
)

FRAME_RATE = 120.0
"""Of the Acclaim files, which do not say it; the conversions say the same of every trial."""

FRAME_RATES = {"60": 60.0, "61": 60.0}
"""Subjects that are read at another rate than their files say. At 120 Hz the salsa couple would
take five steps a second and move their feet at 6 m/s. In the jumps of 02, 49 and 94 the body falls
at 9.8 m/s² at 120 Hz."""

_TRIAL = re.compile(r"(?P<subject>\d{2,3})_(?P<trial>\d{2,3})")
_EXPECTED = (
    "a zip archive or a folder of .amc with .asf or of .bvh files, or the file cmu-actions.npz,"
)
# Files that the conversions ship beside the trials and that hold no motion.
_POSES = re.compile(r"standard|t-?_?pose|rest", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Cmu:
    """Finds and reads trials of the CMU database."""

    config: CmuConfig = CmuConfig()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """Find the trials of any mix of forms.

        Arguments:
            sources: archives, folders and cmu-actions.npz.

        Returns:
            All trials. Acclaim files come first, as the original, then the conversions: of a trial
            that several sources hold, the first is preferred.

        Raises:
            UserError: a source is missing, is of no known form or holds no trial.
        """
        ranked = archive.found_in(sources, _trials, f"holds no CMU trial; {_EXPECTED} is expected.")
        return [trial for _, trial in sorted(ranked, key=lambda pair: pair[0])]

    def read(self, trial: Trial) -> Recording:
        """Read one trial.

        The first frame of the cgspeed conversion and the first frames of the daz conversion are
        poses that the conversions add; they are dropped.

        Raises:
            UserError: the file is damaged or of another skeleton, or its name is not of a trial.
        """
        if not trial.member.lower().endswith((".amc", ".bvh")):
            return cmu_actions.read(trial)
        if not _TRIAL.fullmatch(trial.name):
            raise UserError(
                f"{trial} is not named subject_trial, such as 02_01, so it is not known who moves."
            )
        if trial.member.lower().endswith(".amc"):
            asf = str(PurePosixPath(trial.member).with_name(f"{trial.subject}.asf"))
            ends = read_acclaim(trial.source, asf, trial.member)
            return recording(combine(ends, ACCLAIM), ends, ACCLAIM_TOES, _rate(trial, FRAME_RATE))
        return _read_bvh(parse(archive.read_text(trial.source, trial.member), str(trial)), trial)


def build(config: CmuConfig, context: BuildContext) -> Cmu:
    """The factory."""
    return Cmu(config=config)


def _trials(source: Path) -> Iterator[tuple[int, Trial]]:
    """Trials of one source, each with its rank: a lower one is nearer to the original."""
    if cmu_actions.is_cmu_actions(source):
        for trial in cmu_actions.trials(source):
            yield 3, trial
        return
    for member in archive.members(source, [".amc", ".bvh"], _EXPECTED):
        path = PurePosixPath(member)
        name, folder, rank = path.stem, path.parent.name, 0 if path.suffix.lower() == ".amc" else 1
        action = ""
        if folder in daz.FOLDERS and name.isdecimal():
            known = daz.trial_of(folder, int(name))
            if known:
                name, action, rank = f"{known[0]}_{known[1]:02d}", folder, 2
        if _POSES.search(name):
            continue
        found = _TRIAL.fullmatch(name)
        subject = found["subject"] if found else name
        yield (
            rank,
            Trial(
                name=name,
                subject=subject,
                split=split_of(CMU_TEST_SUBJECTS, subject),
                source=source,
                member=member,
                action=action,
            ),
        )


def _read_bvh(bvh: Bvh, trial: Trial) -> Recording:
    joints = {joint.name for joint in bvh.joints}
    rate = _rate(trial, 1.0 / bvh.frame_time)
    if joints >= cgspeed.NEEDED:
        _long_enough(bvh, 1, trial)
        ends = {name: z_up(end[1:]) for name, end in cgspeed.acclaim_ends(bvh).items()}
        return recording(combine(ends, ACCLAIM), ends, ACCLAIM_TOES, rate)
    if joints >= daz.NEEDED:
        _long_enough(bvh, daz.FRAMES_BEFORE, trial)
        points = {name: z_up(point[daz.FRAMES_BEFORE :]) for name, point in daz.points(bvh).items()}
        if hanging := daz.upside_down(points):
            raise UserError(
                f"{trial} has the head upside down in {hanging} of {len(points['head'])} frames, a "
                "fault of the conversion."
            )
        return recording(combine(points, DAZ), points, DAZ_TOES, rate)
    wanted = (
        cgspeed.NEEDED if len(joints & cgspeed.NEEDED) > len(joints & daz.NEEDED) else daz.NEEDED
    )
    name = "cgspeed" if wanted is cgspeed.NEEDED else "daz"
    missing = ", ".join(sorted(wanted - joints)[:5])
    raise UserError(
        f"{trial} is of neither conversion of the CMU database: compared to {name}, it has no "
        f"joint {missing}."
    )


def _rate(trial: Trial, stated: float) -> float:
    return FRAME_RATES.get(trial.subject, stated)


def _long_enough(bvh: Bvh, added: int, trial: Trial) -> None:
    if len(bvh.channels) <= added:
        raise UserError(f"{trial} holds only the {added} frames that the conversion adds.")
