"""HDM05, as Acclaim files.

The cut actions are published as HDM_<actor>_<action>_<number>_<rate>.amc, and the whole takes as
HDM_<actor>_<part>-<scene>_<take>_<rate>.amc, each with HDM_<actor>.asf in its folder. What a cut
is called says who moves and what is done; the folders do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import attrs

from platypose.api import BuildContext, Trial, UserError
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose_motion import archive
from platypose_motion.acclaim_files import read_acclaim
from platypose_motion.config import Hdm05Config
from platypose_motion.pose_joints import ACCLAIM, ACCLAIM_TOES, combine
from platypose_motion.recordings import recording
from platypose_motion.splits import HDM05_TEST_ACTORS, split_of

CREDIT = (
    "The data used in this project was obtained from HDM05. "
    "HDM05: M. Müller, T. Röder, M. Clausen, B. Eberhardt, B. Krüger, A. Weber, University of Bonn."
)

LICENCE = (
    "Creative Commons Attribution-ShareAlike 3.0 (CC BY-SA 3.0). Weights trained on it are shared "
    "under the same licence, and their model card says so."
)

OBTAINING = Obtaining(
    instructions="""\
HDM05 is free at http://resources.mpi-inf.mpg.de/HDM05. Download the cut motions in the format
ASF/AMC, HDM05_cut_amc.zip, and the five skeletons HDM_bd.asf, HDM_bk.asf, HDM_dg.asf, HDM_mm.asf
and HDM_tr.asf. Every folder of recordings needs the skeletons of its people beside them.""",
)

_CUT = re.compile(
    r"HDM_(?P<actor>[a-z]{2})_(?P<action>.+)_(?P<number>\d+)_(?P<rate>\d+)", re.IGNORECASE
)
_EXPECTED = "a zip archive or a folder of HDM05's .asf and .amc files"


@attrs.frozen(kw_only=True)
class Hdm05:
    """Finds and reads recordings of HDM05."""

    config: Hdm05Config = Hdm05Config()
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """Find the recordings.

        Arguments:
            sources: zip archives, read in place, and folders.

        Raises:
            UserError: a source is missing, is neither of these or holds no recording.
        """
        return archive.found_in(
            sources,
            _trials,
            "holds no HDM05 recording, such as HDM_bd_squat1Reps_001_120.amc; "
            f"{_EXPECTED} is expected.",
        )

    def read(self, trial: Trial) -> Recording:
        """Read one recording.

        Raises:
            UserError: it or its skeleton is missing or damaged.
        """
        path = PurePosixPath(trial.member)
        named = _CUT.fullmatch(path.stem)
        if named is None:
            raise UserError(f"{trial} is not named as HDM05 names its recordings.")
        asf = str(path.with_name(f"HDM_{named['actor']}.asf"))
        ends = read_acclaim(trial.source, asf, trial.member)
        return recording(combine(ends, ACCLAIM), ends, ACCLAIM_TOES, float(named["rate"]))


def build(config: Hdm05Config, context: BuildContext) -> Hdm05:
    """The factory."""
    return Hdm05(config=config)


def _trials(source: Path) -> Iterator[Trial]:
    for member in archive.members(source, [".amc"], _EXPECTED):
        named = _CUT.fullmatch(PurePosixPath(member).stem)
        if named:
            actor = named["actor"].lower()
            yield Trial(
                name=f"{actor}_{named['action']}_{named['number']}",
                subject=actor,
                split=split_of(HDM05_TEST_ACTORS, actor),
                source=source,
                member=member,
                action=named["action"],
            )
