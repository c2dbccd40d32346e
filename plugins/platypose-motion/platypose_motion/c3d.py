"""Any C3D file: markers by label, to joints by Plug-in-Gait or by a map of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import yaml

from platypose.api import BuildContext, Trial, UserError
from platypose.api.errors import close_matches
from platypose.motion.plausibility import leg_length_fault
from platypose.motion.recording import Recording
from platypose.skeleton import H36M_17
from platypose_motion import plug_in_gait
from platypose_motion.config import C3dConfig
from platypose_motion.missing_markers import fill_by_cluster, fill_by_time, template
from platypose_motion.pose_joints import Combinations, combine
from platypose_motion.vertical import rotation_from, z_up_rotation

Array = npt.NDArray[np.float64]

CREDIT = "C3D files of the user; their owners are to be credited."
LICENCE = "As the owners of the files say."

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
LONGEST_GAP = 0.2
"""Seconds for which a marker may be missing and is interpolated."""

_TOES = ("LTOE", "RTOE")


@attrs.frozen(kw_only=True)
class C3d:
    """Reads files whose markers are those of Plug-in-Gait, or are named by the option `labels`."""

    config: C3dConfig = C3dConfig()

    @property
    def credit(self) -> str:
        """Only the owners know."""
        return CREDIT

    @property
    def licence(self) -> str:
        """Only the owners know."""
        return LICENCE

    def trials(self, sources: Sequence[Path]) -> Sequence[Trial]:
        """One trial a file; the subject is its folder, or its name up to the first underscore.

        Arguments:
            sources: .c3d files, or folders that hold some, however deep.
        """
        found: list[Trial] = []
        for source in sources:
            if source.is_dir():
                files = sorted(p for p in source.rglob("*") if p.suffix.lower() == ".c3d")
            elif source.is_file():
                files = [source]
            else:
                raise UserError(f"{source} does not exist; a .c3d file or a folder is expected.")
            if not files:
                raise UserError(f"{source} holds no .c3d file.")
            found += [self._trial(source, file) for file in files]
        return found

    def _trial(self, source: Path, file: Path) -> Trial:
        inner = file.relative_to(source) if source.is_dir() else Path(file.name)
        subject = inner.parts[-2] if len(inner.parts) > 1 else inner.stem.partition("_")[0]
        return Trial(
            name=inner.with_suffix("").as_posix(),
            subject=subject,
            split="test" if subject in self.config.test_subjects else "train",
            source=file,
        )

    def read(self, trial: Trial) -> Recording:
        """The joints of one file, in metres and with z up.

        The unit is the file's POINT:UNITS, or, where it names none, the one that makes legs as
        long as people's. The vertical is the axis along which trunks point.
        """
        raw, frame_rate, named_unit = _read(trial.source)
        labels = _labels(self.config.labels) if self.config.labels else None
        unit = named_unit if self.config.unit == "auto" else self.config.unit
        faults = []
        for candidate in [unit] if unit else METRES:
            markers = {name: METRES[candidate] * track for name, track in raw.items()}
            pose, toes = _pose(trial, markers, frame_rate, labels)
            fault = leg_length_fault(pose[np.isfinite(pose).all(axis=(1, 2))])
            if fault is None:
                up = self._up(pose, trial)
                return Recording(
                    positions=pose @ up.T,
                    frame_rate=frame_rate,
                    toes=None if toes is None else toes @ up.T,
                )
            faults.append(fault)
        raise UserError(
            f"{trial} is in {unit or 'no known unit'}, but {faults[0]}; name the right one with "
            f"the option unit ({', '.join(METRES)})."
        )

    def _up(self, pose: Array, trial: Trial) -> Array:
        if self.config.up == "auto":
            return z_up_rotation(pose, f"{trial} (set the option up)")
        return rotation_from(
            "xyz".index(self.config.up[-1]), -1.0 if self.config.up.startswith("-") else 1.0
        )


def build(config: C3dConfig, context: BuildContext) -> C3d:
    """The factory."""
    return C3d(config=config)


def _read(file: Path) -> tuple[dict[str, Array], float, str | None]:
    """Tracks (F, 3) by label, NaN where missing; frame rate; name of their unit."""
    try:
        import ezc3d
    except ModuleNotFoundError:
        raise UserError(
            f"{file} needs the package ezc3d to be read: pip install 'platypose-motion[c3d]'."
        ) from None
    try:
        content = ezc3d.c3d(str(file))
        parameters = content["parameters"]["POINT"]
        points = np.asarray(content["data"]["points"], np.float64)[:3]
        residuals = np.asarray(content["data"]["meta_points"]["residuals"], np.float64)[0]
        rate = float(parameters["RATE"]["value"][0])
        names = _long_list(parameters, "LABELS")
        units = _long_list(parameters, "UNITS")
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, TypeError) as error:
        raise UserError(f"{file} is not a C3D file or is damaged ({error}).") from error
    if not points.size or rate <= 0:
        raise UserError(f"{file} holds no markers, or gives them no frame rate.")
    points[:, (residuals < 0) | (points == 0).all(axis=0)] = np.nan
    tracks = {
        name.rpartition(":")[2].strip(): points[:, index].T
        for index, name in enumerate(names[: points.shape[1]])
    }
    unit = units[0].strip().lower() if units else ""
    return tracks, rate, unit if unit in METRES else None


def _long_list(parameters: Mapping[str, Any], name: str) -> list[str]:
    """LABELS goes on in LABELS2, LABELS3 and so on, as a list has at most 255 entries."""
    values: list[str] = []
    for key in [name, *(f"{name}{number}" for number in range(2, 100))]:
        if key not in parameters:
            break
        values += list(parameters[key]["value"])
    return values


def _pose(
    trial: Trial, markers: dict[str, Array], frame_rate: float, labels: Combinations | None
) -> tuple[Array, Array | None]:
    needed = set(plug_in_gait.NEEDED)
    if labels is not None:
        needed = {label for weights in labels.values() for label in weights}
    missing = sorted(needed - set(markers))
    if missing:
        hint = close_matches(missing[0], list(markers))
        raise UserError(
            f"{trial} has no marker {', '.join(missing)}{hint}; markers that are not those of "
            "Plug-in-Gait are named with the option labels."
        )
    longest = int(LONGEST_GAP * frame_rate)
    if labels is not None:
        filled = {name: fill_by_time(markers[name], longest) for name in needed}
        return combine(filled, labels), None
    for cluster in (plug_in_gait.HEAD, plug_in_gait.TRUNK, plug_in_gait.PELVIS):
        tracks = np.stack([markers[name] for name in cluster], axis=1)
        shape = template(tracks)
        if shape is not None:
            tracks = fill_by_cluster(tracks, shape)
            markers |= {name: tracks[:, index] for index, name in enumerate(cluster)}
    filled = {
        name: fill_by_time(markers[name], longest) for name in (*needed, *_TOES) if name in markers
    }
    gone = {name: int(np.isnan(filled[name][:, 0]).sum()) for name in needed}
    worst = max(gone, key=lambda name: gone[name])
    if gone[worst] == len(filled[worst]):
        raise UserError(f"{trial}: the marker {worst} is missing in all frames.")
    body = plug_in_gait.measure(filled)
    pose = plug_in_gait.joints(filled, body, plug_in_gait.bending_axes(filled, body))
    toes = None
    if all(name in filled for name in _TOES):
        toes = np.stack([filled[name] for name in _TOES], axis=1)
        toes = None if np.isnan(toes).any() else toes
    return pose, toes


def _labels(file: Path) -> Combinations:
    """For each joint of the pose the labels whose mean it is, from a YAML file."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"labels: {file} cannot be read as YAML ({error}).") from error
    if not isinstance(content, dict) or set(content) != set(H36M_17.joints):
        raise UserError(
            f"labels: {file} must give the labels of each of {', '.join(H36M_17.joints)}."
        )
    combinations: Combinations = {}
    for joint, given in content.items():
        names = [given] if isinstance(given, str) else given
        if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
            raise UserError(f"labels: {file} must give {joint} a label or a list of labels.")
        combinations[joint] = dict.fromkeys(names, 1 / len(names))
    return combinations
