"""UI-PRMD: movements of physical rehabilitation, Vicon markers."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from platypose.api import BuildContext, Trial, UserError
from platypose.motion.download import Obtaining
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17
from platypose_motion import plug_in_gait
from platypose_motion.config import UiPrmdConfig
from platypose_motion.missing_markers import fill_by_cluster, fill_by_time, template
from platypose_motion.rigid_bones import median_lengths, with_lengths
from platypose_motion.splits import UIPRMD_TEST_SUBJECTS, split_of

Array = npt.NDArray[np.float64]

CREDIT = (
    "UI-PRMD: A. Vakanski, H. Jun, D. Paul, R. Baker, A Data Set of Human Body Movements for "
    "Physical Rehabilitation Exercises, Data 3(1):2, MDPI, 2018."
)
LICENCE = (
    "Public Domain Dedication and Licence 1.0: free for every use, and nothing is asked of weights "
    "trained on it."
)

OBTAINING = Obtaining(
    instructions="""\
UI-PRMD is free; its paper, https://doi.org/10.3390/data3010002, says where. Its Vicon part is read
as one .npz file: markers_tenth_mm, int16 (frames, 39, 3) in 0.1 mm with z up, marker_names,
sequence_names such as c_m01_s01_e01, sequence_lengths and frame_rate_hz.""",
)

MOVEMENTS = {
    "m01": "deep squat",
    "m02": "hurdle step",
    "m03": "inline lunge",
    "m04": "side lunge",
    "m05": "sit to stand",
    "m06": "standing active straight leg raise",
    "m07": "standing shoulder abduction",
    "m08": "standing shoulder extension",
    "m09": "standing shoulder internal-external rotation",
    "m10": "standing shoulder scaption",
}
"""The ten movements, as table 2 of the paper names them."""

LONGEST_GAP = 0.2
"""Seconds for which a marker may be missing and is interpolated."""

_NAME = re.compile(r"[ci]_(m\d\d)_(s\d\d)_e\d\d")
_ARRAYS = (
    "markers_tenth_mm",
    "marker_names",
    "sequence_names",
    "sequence_lengths",
    "frame_rate_hz",
)
_TOES = ("LTOE", "RTOE")
_FEET = [H36M_17.joints.index(name) for name in ("left_foot", "right_foot")]


@attrs.frozen(kw_only=True)
class UiPrmd:
    """Reads the Vicon part as one .npz of marker positions."""

    config: UiPrmdConfig
    credit = CREDIT
    licence = LICENCE

    def obtaining(self) -> Obtaining:
        """Where the files are had."""
        return OBTAINING

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """One trial a repetition; `c_` marks a correct one, `i_` an incorrect one."""
        found: list[Trial] = []
        for source in sources:
            for name in _open(source).names:
                parts = _NAME.fullmatch(name)
                if parts is None or parts[1] not in MOVEMENTS:
                    raise UserError(
                        f"{source} has a sequence named {name!r}, and names like "
                        "'c_m01_s01_e01' are expected."
                    )
                found.append(
                    Trial(
                        name=name,
                        subject=parts[2],
                        split=split_of(UIPRMD_TEST_SUBJECTS, parts[2]),
                        source=source,
                        member=name,
                        action=MOVEMENTS[parts[1]],
                    )
                )
        return found

    def read(self, trial: Trial) -> Recording:
        """The joints under the markers of one repetition.

        A missing marker is found from the others of its rigid cluster (head, trunk, pelvis), or by
        interpolation over at most 0.2 s.
        """
        archive = _open(trial.source)
        if trial.member not in archive.names:
            raise UserError(f"{trial.source} holds no sequence {trial.member!r}.")
        subject = trial.member[6:9]
        seen = _filled(archive, trial.member)
        _refuse_missing(trial, seen)
        body, axes, lengths = _person(archive, subject)
        measured = plug_in_gait.joints(seen, body, axes)
        pose = with_lengths(measured, lengths)
        toes = np.stack([seen[name] for name in _TOES], axis=1) + (pose - measured)[:, _FEET]
        return Recording(
            positions=pose,
            frame_rate=archive.frame_rate,
            toes=toes if np.isfinite(toes).all() else None,
        )


def build(config: UiPrmdConfig, context: BuildContext) -> UiPrmd:
    """The factory."""
    return UiPrmd(config=config)


@attrs.frozen(kw_only=True, eq=False)
class _Archive:
    """The content of the file.

    Attributes:
        millimetre_tenths: (frames, markers, 3) int16 of all sequences; zeros are missing markers.
        markers: column of each marker.
        names: rows of each sequence.
        frame_rate: frames a second.
    """

    millimetre_tenths: npt.NDArray[np.int16]
    markers: dict[str, int]
    names: dict[str, slice]
    frame_rate: float

    def sequence(self, name: str) -> Array:
        """Metres, (frames, markers, 3), NaN where a marker is missing."""
        raw = self.millimetre_tenths[self.names[name]]
        metres: Array = raw.astype(np.float64) * 1e-4
        metres[(raw == 0).all(axis=2)] = np.nan
        return metres

    def matching(self, name: str) -> list[str]:
        """The sequences of this person and movement; the markers stay in place meanwhile."""
        return [other for other in self.names if other[2:9] == name[2:9]]


@lru_cache(maxsize=2)
def _open(source: Path) -> _Archive:
    if not source.is_file():
        raise UserError(f"{source} does not exist or is not a file; the .npz of UI-PRMD is needed.")
    try:
        with np.load(source, allow_pickle=False) as content:
            missing = [name for name in _ARRAYS if name not in content.files]
            if missing:
                raise UserError(
                    f"{source} is not the Vicon part of UI-PRMD: it has no array "
                    f"{', '.join(missing)}."
                )
            raw, markers, names, lengths, rate = (content[name] for name in _ARRAYS)
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(f"{source} cannot be read as an .npz file ({error}).") from error
    ends = np.cumsum(lengths)
    lacking = [name for name in plug_in_gait.NEEDED + _TOES if name not in markers]
    if lacking:
        raise UserError(f"{source} has no marker {', '.join(lacking)}.")
    if raw.shape != (ends[-1] if len(ends) else 0, len(markers), 3) or len(names) != len(lengths):
        raise UserError(f"{source} is damaged: its sequences do not fit its markers.")
    return _Archive(
        millimetre_tenths=raw,
        markers={str(name): column for column, name in enumerate(markers)},
        names={
            str(name): slice(int(end - length), int(end))
            for name, length, end in zip(names, lengths, ends, strict=True)
        },
        # Stored in single precision: 33.333332 is 100 / 3.
        frame_rate=float(Fraction(float(rate)).limit_denominator(10)),
    )


def _named(archive: _Archive, positions: Array) -> dict[str, Array]:
    return {name: positions[:, column] for name, column in archive.markers.items()}


@lru_cache(maxsize=64)
def _person(archive: _Archive, subject: str) -> tuple[plug_in_gait.Body, plug_in_gait.Axes, Array]:
    """What the regressions need to know of a person, and the person's bone lengths.

    Both come from all that the person did.
    """
    names = [name for name in archive.names if name[6:9] == subject]
    markers = _named(archive, np.concatenate([archive.sequence(name) for name in names]))
    body = plug_in_gait.measure(markers)
    axes = plug_in_gait.bending_axes(markers, body)
    return body, axes, median_lengths(plug_in_gait.joints(markers, body, axes))


def _filled(archive: _Archive, name: str) -> dict[str, Array]:
    positions = archive.sequence(name)
    for cluster in (plug_in_gait.HEAD, plug_in_gait.TRUNK, plug_in_gait.PELVIS):
        columns = [archive.markers[marker] for marker in cluster]
        if np.isnan(positions[:, columns]).any():
            session = [archive.sequence(other)[:, columns] for other in archive.matching(name)]
            shape = template(np.concatenate(session))
            if shape is not None:
                positions[:, columns] = fill_by_cluster(positions[:, columns], shape)
    longest = int(LONGEST_GAP * archive.frame_rate)
    return {
        marker: fill_by_time(track, longest) for marker, track in _named(archive, positions).items()
    }


def _refuse_missing(trial: Trial, seen: dict[str, Array]) -> None:
    gone = {name: int(np.isnan(seen[name][:, 0]).sum()) for name in plug_in_gait.NEEDED}
    worst = max(gone, key=lambda name: gone[name])
    if gone[worst]:
        frames = len(seen[worst])
        raise UserError(
            f"{trial}: the marker {worst} is missing in {gone[worst]} of {frames} frames, too many "
            "to fill in."
        )
