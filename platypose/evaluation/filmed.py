"""People whom cameras did see: evidence files with a truth, and published data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

import attrs
import numpy as np

from platypose.api import Dataset, FilmedDataset, UserError
from platypose.api.kinds.dataset import KIND as DATASET
from platypose.compute import plain_context
from platypose.config import Chosen
from platypose.evaluation.excerpt import Excerpt, Scene, cut
from platypose.evaluation.made import every
from platypose.evidence import Evidence
from platypose.registry import plugins


@attrs.frozen(kw_only=True, eq=False)
class Film:
    """One recording as its cameras saw it, read when it is needed.

    Attributes:
        name: of the recording.
        subject: the person.
        data_set: where it comes from.
        action: what is done, or nothing.
        read: the evidences, each with joints_3d as the truth.
    """

    name: str
    subject: str
    data_set: str
    action: str
    read: Callable[[], Iterable[Evidence]]


def evidence_files(paths: Sequence[Path]) -> list[Film]:
    """Evidence files, or folders of them."""
    found = [
        file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]
    return [
        Film(
            name=file.stem,
            subject="",
            data_set=file.parent.name,
            action="",
            read=lambda file=file: [Evidence.read(file)],  # type: ignore[misc]
        )
        for file in found
    ]


def data_set_films(chosen: Chosen[Dataset], paths: Sequence[Path], split: str) -> list[Film]:
    """The recordings of a split of a published data set, once each.

    Raises:
        UserError: the data set has no detections, or nothing of that split is in the files.
    """
    dataset = plugins().registry(DATASET).build(chosen, plain_context())
    if not isinstance(dataset, FilmedDataset):
        raise UserError(
            f"The data set {chosen.name!r} has no evidence of what cameras saw; prepare it with "
            f"platypose data prepare {chosen.name}, and evaluate with --experiment cmu."
        )
    trials = {trial.name: trial for trial in reversed(dataset.trials(paths))}
    films = [
        Film(
            name=trial.name,
            subject=trial.subject,
            data_set=chosen.name,
            action=trial.action,
            read=lambda trial=trial: dataset.evidence(trial),  # type: ignore[misc]
        )
        for trial in sorted(trials.values(), key=lambda trial: trial.name)
        if trial.split == split
    ]
    if not films:
        places = ", ".join(map(str, paths))
        raise UserError(f"--data: {places} has no recording of the split {split!r}.")
    return films


class FilmedSource:
    """Clips of recordings that cameras saw.

    Arguments:
        films: the recordings.
        frames: of a clip, at most.
        spacing: frames from the start of one clip to the next, at least.
        frame_rate: that the prior knows; of faster recordings every n-th frame is taken.
    """

    def __init__(
        self, films: Sequence[Film], *, frames: int, spacing: int, frame_rate: float
    ) -> None:
        self.films = tuple(films)
        self.frames, self.spacing, self.frame_rate = frames, spacing, frame_rate
        self._last: tuple[int, tuple[Evidence, ...]] | None = None
        self._credits: dict[str, None] = {}

    @property
    def credit(self) -> str:
        """Whom to thank for the data, as far as it was read."""
        return " ".join(self._credits).strip()

    def excerpts(self) -> list[Excerpt]:
        """The clips of all recordings and cameras; every recording is read once for it."""
        found = []
        for index, film in enumerate(self.films):
            for view, evidence in enumerate(self._evidence(index)):
                found += [
                    Excerpt(
                        recording=film.name,
                        subject=film.subject,
                        data_set=film.data_set,
                        action=film.action,
                        source=index << 32 | view,
                        start=start,
                        frames=frames,
                    )
                    for start, frames in cut(evidence.num_frames, self.frames, self.spacing)
                ]
        return found

    def group(self, chosen: Sequence[Excerpt], *, together: int) -> list[tuple[Excerpt, ...]]:
        """Clips of one recording and camera together, recordings in order: each is read once."""
        ordered = sorted(chosen, key=lambda excerpt: (excerpt.source, excerpt.start))
        groups = []
        for _, run in groupby(ordered, key=lambda excerpt: excerpt.source):
            clips = tuple(run)
            groups += [clips[i : i + together] for i in range(0, len(clips), together)]
        return groups

    def see(self, group: tuple[Excerpt, ...], number: int) -> Scene | None:
        """The evidence of those frames; nothing is drawn."""
        film, view = group[0].source >> 32, group[0].source & 0xFFFFFFFF
        evidence = self._evidence(film)[view]
        assert evidence.joints_3d is not None
        frames = np.concatenate([np.arange(e.start, e.start + e.frames) for e in group])
        truth = evidence.joints_3d[frames].astype(np.float64)
        shown = attrs.evolve(evidence.at(frames), joints_3d=None, joints_3d_mask=None)
        mask = evidence.joints_3d_mask
        return Scene(
            excerpts=group,
            evidence=attrs.evolve(shown, root=truth[:, 0]),
            truth=truth,
            measured=None if mask is None or mask.all() else mask[0].astype(bool),
        )

    def _evidence(self, index: int) -> tuple[Evidence, ...]:
        if self._last is None or self._last[0] != index:
            film = self.films[index]
            evidences = tuple(self._thinned(evidence, film) for evidence in film.read())
            self._last = (index, evidences)
        return self._last[1]

    def _thinned(self, evidence: Evidence, film: Film) -> Evidence:
        mask = evidence.joints_3d_mask
        if evidence.joints_3d is None or (
            mask is not None and not (mask[:, 0].all() and (mask == mask[0]).all())
        ):
            raise UserError(
                f"{film.name} has no truth to compare with: its evidence needs joints_3d of the "
                "root and of the same joints in all frames."
            )
        self._credits[evidence.credit] = None
        step = every(float(evidence.frame_rate), self.frame_rate)
        thinned = evidence.at(np.arange(0, evidence.num_frames, step))
        return attrs.evolve(thinned, frame_rate=evidence.frame_rate / step)
