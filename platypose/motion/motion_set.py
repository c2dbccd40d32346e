"""The motion set: clips of absolute joint positions in one safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from platypose.api import UserError
from platypose.files import write_atomically
from platypose.skeleton import SKELETONS

KIND = "motion-set"
FORMAT = 1
METADATA_KEY = "platypose"


# A file's header is JSON that anybody may have written, so the types are checked.
_TEXT = attrs.validators.instance_of(str)
_WHOLE = attrs.validators.instance_of(int)
_TRUTH = attrs.validators.instance_of(bool)

_CHUNK = 1 << 16
"""Frames looked at together, so that a set larger than the memory can be checked."""


@attrs.frozen(kw_only=True)
class Clip:
    """A run of consecutive frames of one person.

    Attributes:
        name: the recording it comes from, unique within the set.
        subject: the person.
        split: the part of the set it belongs to, such as "train" or "test".
        start: index of its first frame in `MotionSet.positions`.
        frames: number of its frames.
        action: what is done, where the data set says it.
        absolute: whether the positions stand where the person stood; false where they are relative
            to the root, so that nothing is known of the floor or of travel.
    """

    name: str = attrs.field(validator=_TEXT)
    subject: str = attrs.field(validator=_TEXT)
    split: str = attrs.field(validator=_TEXT)
    start: int = attrs.field(validator=_WHOLE)
    frames: int = attrs.field(validator=_WHOLE)
    action: str = attrs.field(default="", validator=_TEXT)
    absolute: bool = attrs.field(default=True, validator=_TRUTH)


@attrs.frozen(kw_only=True, eq=False)
class MotionSet:
    """Clips of joint positions.

    Attributes:
        positions: (N, J, 3) float32, the frames of all clips one after another; metres in a
            right-handed world with z up; relative to the root where the clip is not `absolute`.
        clips: the clips, in the order of their frames.
        skeleton: name of the joint set, such as "h36m-17".
        frame_rate: frames a second.
        credit: the sentence that the owners of the data ask for.
        source: what was read and how it was processed.
        licence: the terms of the data.

    Raises:
        UserError: where the positions and the clips do not fit together.
    """

    positions: npt.NDArray[np.float32]
    clips: tuple[Clip, ...]
    skeleton: str = attrs.field(validator=_TEXT)
    frame_rate: float
    credit: str = attrs.field(validator=_TEXT)
    source: str = attrs.field(validator=_TEXT)
    licence: str = attrs.field(default="", validator=_TEXT)

    def __attrs_post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise UserError(f"The motion set is not valid: {fault}.")

    def of(self, clip: Clip) -> npt.NDArray[np.float32]:
        """The positions of one clip, (frames, J, 3), as a view."""
        return self.positions[clip.start : clip.start + clip.frames]

    def split(self, name: str) -> MotionSet:
        """The clips of one split, as a motion set of its own.

        Raises:
            UserError: where no clip belongs to that split.
        """
        chosen = [clip for clip in self.clips if clip.split == name]
        if not chosen:
            splits = ", ".join(sorted({clip.split for clip in self.clips})) or "none"
            raise UserError(
                f'The motion set of {self.source.partition(";")[0]!r} has no split "{name}"; '
                f"its splits are: {splits}."
            )
        positions = np.concatenate([self.of(clip) for clip in chosen])
        starts = np.cumsum([0] + [clip.frames for clip in chosen[:-1]])
        clips = (
            attrs.evolve(clip, start=int(start)) for clip, start in zip(chosen, starts, strict=True)
        )
        return attrs.evolve(self, positions=positions, clips=tuple(clips))

    def hours(self) -> dict[str, float]:
        """Hours of motion by split, in the order in which the splits appear."""
        hours: dict[str, float] = {}
        for clip in self.clips:
            share = clip.frames / self.frame_rate / 3600.0
            hours[clip.split] = hours.get(clip.split, 0.0) + share
        return hours

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the set as one safetensors file, whole or not at all.

        Raises:
            UserError: where the file cannot be written.
        """
        header = {
            "kind": KIND,
            "format": FORMAT,
            "skeleton": self.skeleton,
            "frame_rate": self.frame_rate,
            "credit": self.credit,
            "source": self.source,
            "licence": self.licence,
            "clips": [attrs.asdict(clip) for clip in self.clips],
        }
        content = save(
            {"positions": np.ascontiguousarray(self.positions)},
            metadata={METADATA_KEY: json.dumps(header, ensure_ascii=False)},
        )
        with write_atomically(Path(path)) as file:
            file.write(content)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> MotionSet:
        """Read a set that `write` has written; its positions are mapped, not loaded.

        Raises:
            UserError: where the file is missing, damaged, of another kind or of a newer format.
        """
        file = Path(path)
        if not file.is_file():
            raise UserError(f"{file} does not exist or is not a file; a motion set is expected.")
        try:
            with safe_open(file, framework="numpy") as content:
                header = _header(file, content.metadata() or {})
                if "positions" not in content.keys():  # noqa: SIM118 - not a mapping
                    raise UserError(f'{file} is damaged: it has no tensor "positions".')
                positions = _mapped(file)
                if positions is None:
                    positions = content.get_tensor("positions")
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{file} is not a safetensors file or is cut short ({error}); "
                "prepare the motion set again."
            ) from error
        try:
            motion = cls(
                positions=positions,
                clips=tuple(Clip(**clip) for clip in header["clips"]),
                skeleton=header["skeleton"],
                frame_rate=header["frame_rate"],
                credit=header["credit"],
                source=header["source"],
                licence=header.get("licence", ""),
            )
        except (KeyError, TypeError) as error:
            raise UserError(f"{file} is damaged: its header does not fit ({error}).") from error
        except UserError as error:
            raise UserError(f"{file}: {error}") from error
        return motion


def _mapped(file: Path) -> npt.NDArray[np.float32] | None:
    """The positions of a file that safetensors has accepted, read-only; None if not float32."""
    with file.open("rb") as content:
        size = int.from_bytes(content.read(8), "little")
        entry = json.loads(content.read(size))["positions"]
    if entry["dtype"] != "F32" or 0 in entry["shape"]:
        return None
    start = 8 + size + entry["data_offsets"][0]
    shape = tuple(entry["shape"])
    return np.memmap(file, np.float32, "r", start, shape).view(np.ndarray)


def _header(file: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        header = json.loads(metadata[METADATA_KEY])
        kind, number = header["kind"], header["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} is a safetensors file but not a motion set.") from error
    if kind != KIND:
        raise UserError(f'{file} is a file of kind "{kind}", not a motion set.')
    if not isinstance(number, int) or number > FORMAT:
        raise UserError(
            f"{file} has motion-set format {number}, and this version of platypose reads up to "
            f"{FORMAT}; upgrade platypose."
        )
    return dict(header)


def _fault(motion: MotionSet) -> str | None:
    positions = motion.positions
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.dtype != np.float32:
        return (
            "positions must be float32 of shape (frames, joints, 3), "
            f"not {positions.dtype} of shape {positions.shape}"
        )
    pose = SKELETONS.get(motion.skeleton)
    if pose is not None and positions.shape[1] != len(pose.joints):
        return (
            f"positions has {positions.shape[1]} joints but the skeleton {pose.name!r} has "
            f"{len(pose.joints)}"
        )
    chunks = (positions[start : start + _CHUNK] for start in range(0, len(positions), _CHUNK))
    if not all(np.isfinite(chunk).all() for chunk in chunks):
        return "positions contain NaN or infinite values"
    if not (isinstance(motion.frame_rate, (int, float)) and 0 < motion.frame_rate < float("inf")):
        return f"the frame rate must be a positive number, not {motion.frame_rate!r}"
    return next(_clip_faults(motion), None)


def _clip_faults(motion: MotionSet) -> Iterator[str]:
    end = 0
    names: set[str] = set()
    for clip in motion.clips:
        if clip.frames < 1:
            yield f'clip "{clip.name}" has no frames'
        if clip.start != end:
            yield f'clip "{clip.name}" starts at frame {clip.start}, not {end}'
        if clip.name in names:
            yield f'two clips are named "{clip.name}"'
        names.add(clip.name)
        end = clip.start + clip.frames
    if end != len(motion.positions):
        yield f"the clips have {end} frames and the positions {len(motion.positions)}"
