"""The CMU Graphics Lab Motion Capture Database in the cgspeed BVH conversion."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, UserError
from platypose.motion import Clip, MotionSet, Rejection
from platypose.skeleton import H36M_17
from platypose_motion import cgspeed
from platypose_motion.bvh import parse
from platypose_motion.config import CmuConfig
from platypose_motion.plausibility import ACCELERATION, implausible, jumps
from platypose_motion.resampling import resample

Array = npt.NDArray[np.float64]

CREDIT = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)

TEST_SUBJECTS = frozenset({"05", "08", "16"})
"""People held out for testing; everybody else is for training."""

SHORTEST_SECONDS = 1.0

_TRIAL = re.compile(r"(?:.*/)?(\d{2,3})_(\d{2,3})\.bvh", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Cmu:
    """Prepares trials named SS_TT.bvh, SS being the subject and TT the trial."""

    config: CmuConfig

    def prepare(
        self, sources: Sequence[Path], *, progress: Callable[[int, int, str], None]
    ) -> tuple[MotionSet, tuple[Rejection, ...]]:
        """Read every trial once, check it, reduce it to 17 joints and to the frame rate, split.

        Each file's first frame, the conversion's T-pose, is dropped. A trial is cut where a joint
        jumps; the pieces of at least one second are kept.

        Arguments:
            sources: the published zip archives, read in place, or folders of .bvh files.
            progress: called as (done, total, name of the trial).

        Returns:
            The motion set, and what was left out with the reason.

        Raises:
            UserError: a source is missing, unreadable or holds no .bvh file, or no trial of all
                sources is usable.
        """
        seen: set[str] = set()
        pieces: list[_Piece] = []
        rejections: list[Rejection] = []
        with ExitStack() as archives:
            files = [file for source in sources for file in _files(source, archives)]
            for done, file in enumerate(sorted(files, key=lambda file: file.trial), start=1):
                if file.trial in seen:
                    rejections.append(Rejection(name=str(file), reason="the trial is given twice"))
                else:
                    seen.add(file.trial)
                    kept, left_out = _trial(file, self.config.frame_rate)
                    pieces += kept
                    rejections += left_out
                progress(done, len(files), file.trial)
        if not pieces:
            first = "".join(f"; {left.name}: {left.reason}" for left in rejections[:1])
            raise UserError(f"The sources hold no usable CMU trial{first}.")
        return _motion_set(pieces, self.config.frame_rate), tuple(rejections)


def build(config: CmuConfig, context: BuildContext) -> Cmu:
    """The factory."""
    return Cmu(config=config)


@attrs.frozen
class _File:
    """One .bvh file, in a folder or in an archive."""

    container: Path
    member: str
    read: Callable[[], bytes]

    def __str__(self) -> str:
        return f"{self.container}/{self.member}"

    @property
    def trial(self) -> str:
        found = _TRIAL.fullmatch(self.member)
        return f"{found[1]}_{found[2]}" if found else self.member


@attrs.frozen
class _Piece:
    """An uninterrupted part of a trial at the final frame rate."""

    name: str
    trial: str
    positions: Array


def _files(source: Path, archives: ExitStack) -> list[_File]:
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() == ".bvh")
        files = [_File(source, p.relative_to(source).as_posix(), p.read_bytes) for p in paths]
    elif not source.exists():
        raise UserError(f"{source} does not exist; a zip archive or a folder of .bvh is expected.")
    else:
        try:
            archive = archives.enter_context(zipfile.ZipFile(source))
        except (OSError, zipfile.BadZipFile) as error:
            raise UserError(
                f"{source} cannot be read as a zip archive ({error}); "
                "a zip archive or a folder of .bvh is expected."
            ) from error
        members = [name for name in archive.namelist() if name.lower().endswith(".bvh")]
        files = [_File(source, name, partial(archive.read, name)) for name in members]
    if not files:
        raise UserError(f"{source} holds no .bvh file.")
    return files


def _trial(file: _File, frame_rate: float) -> tuple[list[_Piece], list[Rejection]]:
    """The usable pieces of one trial, and what is left out of it."""
    if not _TRIAL.fullmatch(file.member):
        reason = "its name is not subject_trial.bvh, such as 02_01.bvh"
        return [], [Rejection(name=str(file), reason=reason)]
    try:
        bvh = parse(file.read().decode("utf-8-sig", errors="replace"), str(file))
    except UserError as error:
        return [], [Rejection(name=file.trial, reason=str(error).rstrip("."))]
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        return [], [Rejection(name=file.trial, reason=f"{file} cannot be read: {error}")]
    missing = cgspeed.missing_joints(bvh)
    if missing:
        reason = f"it is not the cgspeed skeleton: it has no joint {', '.join(missing)}"
        return [], [Rejection(name=file.trial, reason=reason)]

    pose, toes = (part[1:] for part in cgspeed.positions(bvh))
    rate = 1.0 / bvh.frame_time
    shortest = round(SHORTEST_SECONDS * rate)
    seconds = len(pose) / rate
    fault = (
        f"it lasts {seconds:.2f} s, less than {SHORTEST_SECONDS:.0f} s"
        if len(pose) < shortest
        else implausible(pose, toes)
    )
    if fault:
        return [], [Rejection(name=file.trial, reason=fault, seconds=seconds)]

    runs = [run for run in _runs(~jumps(pose, rate)) if run.stop - run.start >= shortest]
    pieces = [
        _Piece(
            name=file.trial if len(runs) == 1 else f"{file.trial}-{number}",
            trial=file.trial,
            positions=resample(pose[run], rate, frame_rate),
        )
        for number, run in enumerate(runs, start=1)
    ]
    lost = len(pose) - sum(run.stop - run.start for run in runs)
    if not lost:
        return pieces, []
    reason = (
        f"{lost} of {len(pose)} frames lie at or between jumps of a joint "
        f"(acceleration above {ACCELERATION:.0f} m/s²)"
    )
    return pieces, [Rejection(name=file.trial, reason=reason, seconds=lost / rate)]


def _runs(usable: npt.NDArray[np.bool_]) -> Iterator[slice]:
    """The runs of consecutive true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], usable, [False]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(start), int(stop))


def _motion_set(pieces: Sequence[_Piece], frame_rate: float) -> MotionSet:
    clips: list[Clip] = []
    start = 0
    for piece in pieces:
        subject = piece.trial.split("_")[0]
        split = "test" if subject in TEST_SUBJECTS else "train"
        frames = len(piece.positions)
        clips.append(
            Clip(name=piece.name, subject=subject, split=split, start=start, frames=frames)
        )
        start += frames
    return MotionSet(
        positions=np.concatenate([piece.positions for piece in pieces]).astype(np.float32),
        clips=tuple(clips),
        skeleton=H36M_17.name,
        frame_rate=frame_rate,
        credit=CREDIT,
        source=(
            "CMU Graphics Lab Motion Capture Database, cgspeed BVH conversion: forward kinematics, "
            "lost thorax and wrist bones restored, first frame dropped, low-pass filtered and "
            f"resampled to {frame_rate:g} frames a second."
        ),
    )
