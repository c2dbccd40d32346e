"""From a data set's files to one motion set: read in parallel, checked, resampled, written."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from multiprocessing.connection import wait
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from platypose import __version__
from platypose.api import Dataset, Trial, UserError
from platypose.files import make_folders
from platypose.motion.checking import Checked, check
from platypose.motion.duplicates import find_duplicates
from platypose.motion.motion_set import Clip, MotionSet
from platypose.motion.partial import file_of, folder_beside, keep, kept, remove, stamp
from platypose.motion.plausibility import vertical_fault
from platypose.motion.rejection import Rejection
from platypose.skeleton import H36M_17

Progress = Callable[[int, int, str], None]

_CHECKS = 1
"""Counted up when the same recording would be checked or resampled to something else."""


@attrs.frozen(kw_only=True)
class Report:
    """What a preparation did.

    Attributes:
        motion: the set that was written.
        left_out: every recording, or part of one, that is not in it.
        recordings: number of different recordings that the sources hold.
        resumed: how many of them an interrupted run had done.
    """

    motion: MotionSet
    left_out: tuple[Rejection, ...]
    recordings: int
    resumed: int


def prepare(
    dataset: Dataset,
    sources: Sequence[Path],
    out: Path,
    *,
    frame_rate: float = 30.0,
    workers: int | None = None,
    name: str = "",
    progress: Progress | None = None,
) -> Report:
    """Write the motion set of some sources.

    Every recording is read once, checked, cut where it is broken and resampled. What is done is
    kept in the folder `OUT.partial` until the set is written; the same call goes on from there and
    gives the same set, byte for byte.

    Arguments:
        dataset: reads the sources.
        sources: archives, folders or files as published.
        out: the file to write.
        frame_rate: of the set, frames a second.
        workers: processes that read; 1 reads in this process, None takes one a core. With more
            than one, a script must guard its own start with `if __name__ == "__main__"`.
        name: the data set and its version, for the header; a part that another version made is not
            used.
        progress: called as (done, total, name of a recording).

    Raises:
        UserError: a source is missing or not of the data set, or no recording is usable.
    """
    trials, left_out = _once(dataset.trials(sources))
    folder = folder_beside(out)
    files = _files(dataset, trials, folder, frame_rate, name)
    make_folders(folder)
    waiting = [trial for trial in trials if not files[trial].is_file()]
    try:
        _read(dataset, waiting, files, frame_rate, workers, len(trials), progress)
    except BaseException:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise

    parts = {trial: kept(files[trial]) or _redo(dataset, frame_rate, trial) for trial in trials}
    _reject_wrong_axes(parts, frame_rate)
    left_out += [rejection for part in parts.values() for rejection in part.left_out]
    clips = [clip for trial, part in parts.items() for clip in _clips(trial, part)]
    left_out += _drop_duplicates(clips, frame_rate)
    if not clips:
        remove(folder)
        first = "".join(f"; {left.name}: {left.reason}" for left in left_out[:1]).rstrip(".")
        raise UserError(f"The sources hold no usable recording{first}.")
    motion = _motion_set(dataset, clips, sources, frame_rate, name)
    motion.write(out)
    remove(folder)
    return Report(
        motion=motion,
        left_out=tuple(left_out),
        recordings=len(trials),
        resumed=len(trials) - len(waiting),
    )


def _once(trials: Iterable[Trial]) -> tuple[list[Trial], list[Rejection]]:
    """The trials by name, and those that repeat a name."""
    chosen: dict[str, Trial] = {}
    repeated: list[Rejection] = []
    splits: dict[str, str] = {}
    for trial in trials:
        if splits.setdefault(trial.subject, trial.split) != trial.split:
            raise UserError(
                f'The data set has subject "{trial.subject}" in the splits '
                f'"{splits[trial.subject]}" and "{trial.split}"; a person must be in one.'
            )
        if trial.name not in chosen:
            chosen[trial.name] = trial
            continue
        reason = f"{trial} gives it again; {chosen[trial.name]} was read"
        repeated.append(Rejection(name=trial.name, cause="given twice", reason=reason))
    return [chosen[name] for name in sorted(chosen)], repeated


def _files(
    dataset: Dataset, trials: Sequence[Trial], folder: Path, frame_rate: float, name: str
) -> dict[Trial, Path]:
    try:
        content = pickle.dumps(dataset, protocol=4)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"The data set cannot be handed to other processes ({error}); its class must be at "
            "the top of a module."
        ) from error
    circumstances = {
        "dataset": sha256(content).hexdigest(),
        "name": name,
        "platypose": __version__,
        "checks": _CHECKS,
        "frame_rate": frame_rate,
    }
    stamps = {source: stamp(source) for source in {trial.source for trial in trials}}
    return {t: folder / file_of(t, circumstances, stamps[t.source]) for t in trials}


def _read(
    dataset: Dataset,
    trials: Sequence[Trial],
    files: Mapping[Trial, Path],
    frame_rate: float,
    workers: int | None,
    total: int,
    progress: Progress | None,
) -> None:
    """Read and keep the trials, in other processes unless one worker is enough."""
    before = total - len(trials)
    tell = progress or (lambda done, total, name: None)
    tell(before, total, "")
    workers = min(workers or os.cpu_count() or 1, len(trials))
    work = partial(_work, dataset, frame_rate)
    if workers <= 1:
        for done, trial in enumerate(trials, start=before + 1):
            work(trial, files[trial])
            tell(done, total, trial.name)
        return
    with _pool(workers) as pool:
        futures: dict[Future[None], Trial] = {
            pool.submit(work, trial, files[trial]): trial for trial in trials
        }
        for done, future in enumerate(as_completed(futures), start=before + 1):
            future.result()
            tell(done, total, futures[future].name)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes with one thread each; on an error nothing that waits is begun."""
    # Each would start a thread a core for its matrix products; read when numpy is imported.
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_follow_parent
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        raise UserError(
            "A process that read recordings was ended from outside, perhaps for want of memory; "
            "what it had done is kept, and fewer --workers may help."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _follow_parent() -> None:
    """Leave Ctrl-C, which reaches every process of a terminal, to the first one; end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # Siblings hold the queue open, so that nobody else says that the first one was killed.
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _work(dataset: Dataset, frame_rate: float, trial: Trial, path: Path) -> None:
    keep(path, _redo(dataset, frame_rate, trial))


def _redo(dataset: Dataset, frame_rate: float, trial: Trial) -> Checked:
    try:
        recording = dataset.read(trial)
    except UserError as error:
        reason = str(error).rstrip(".")
        return Checked(left_out=(Rejection(name=trial.name, cause="unreadable", reason=reason),))
    return check(trial.name, recording, frame_rate)


def _reject_wrong_axes(parts: dict[Trial, Checked], frame_rate: float) -> None:
    """Leave out, of the parts, people whose vertical axis is not z."""
    for subject in sorted({trial.subject for trial in parts}):
        own = {
            trial: part
            for trial, part in parts.items()
            if trial.subject == subject and np.isfinite(part.uprightness)
        }
        fault = vertical_fault([part.uprightness for part in own.values()]) if own else None
        if fault is None:
            continue
        for trial, part in own.items():
            seconds = sum(map(len, part.pieces)) / frame_rate
            # Where the axis is wrong, so is what was judged by it.
            seconds += sum(rejection.seconds for rejection in part.left_out)
            whole = Rejection(name=trial.name, cause="vertical axis", reason=fault, seconds=seconds)
            parts[trial] = Checked(left_out=(whole,))


Pieces = list[tuple[Clip, npt.NDArray[np.float32]]]


def _clips(trial: Trial, part: Checked) -> Pieces:
    return [
        (
            Clip(
                name=trial.name if len(part.pieces) == 1 else f"{trial.name}-{number}",
                subject=trial.subject,
                split=trial.split,
                start=0,
                frames=len(piece),
                action=trial.action,
                absolute=part.absolute,
            ),
            piece,
        )
        for number, piece in enumerate(part.pieces, start=1)
    ]


def _drop_duplicates(clips: Pieces, frame_rate: float) -> list[Rejection]:
    """Remove, from the clips, those whose motion another one has."""
    found = find_duplicates(clips, frame_rate)
    left_out = [
        Rejection(
            name=clip.name,
            cause="duplicate",
            reason=found[clip.name].rstrip("."),
            seconds=clip.frames / frame_rate,
        )
        for clip, _ in clips
        if clip.name in found
    ]
    clips[:] = [(clip, piece) for clip, piece in clips if clip.name not in found]
    return left_out


def _motion_set(
    dataset: Dataset, clips: Pieces, sources: Sequence[Path], frame_rate: float, name: str
) -> MotionSet:
    starts = np.cumsum([0] + [clip.frames for clip, _ in clips[:-1]])
    files = ", ".join(source.resolve().name for source in sources)
    return MotionSet(
        positions=np.concatenate([piece for _, piece in clips]),
        clips=tuple(
            attrs.evolve(clip, start=int(start)) for (clip, _), start in zip(clips, starts)
        ),
        skeleton=H36M_17.name,
        frame_rate=frame_rate,
        credit=dataset.credit,
        licence=dataset.licence,
        source=(
            f"{name or type(dataset).__name__} from {files}; checked, cut at faults, low-pass "
            f"filtered and resampled to {frame_rate:g} frames a second by platypose {__version__}."
        ),
    )
