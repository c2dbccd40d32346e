"""The results of an evaluation: their JSON, and how those of shards become one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from platypose.api import UserError
from platypose.evaluation.tally import FURTHER, Tally
from platypose.files import write_atomically
from platypose.skeleton import skeleton

FORMAT = 2
GROUPS = ("stance", "action", "data_set")
"""By what results are told apart."""
_ELSEWHERE = ("data", "device", "chunk", "report")
"""Fields of the configuration in which shards may differ: where they ran, not what was run."""


@attrs.frozen(kw_only=True, eq=False)
class Evaluation:
    """What an evaluation has counted so far.

    Attributes:
        config: of the run, as plain values.
        provenance: prior, versions and credit.
        shards: which parts of the work these are, each (number from 1, of how many).
        whole: the sums over all clips.
        groups: for each of `GROUPS` the sums by name.
        left_out: clips that were not lifted, by reason.
        seconds: that sampling took.
    """

    config: Mapping[str, Any]
    provenance: Mapping[str, Any]
    shards: tuple[tuple[int, int], ...]
    whole: Tally
    groups: dict[str, dict[str, Tally]]
    left_out: dict[str, int]
    seconds: float

    def to_plain(self) -> dict[str, Any]:
        """The content of the JSON file."""
        return {
            "kind": "evaluation",
            "format": FORMAT,
            "experiment": self.config["experiment"],
            **self.whole.figures(),
            "further": self.whole.figures(FURTHER),
            "standard_error": self.whole.standard_errors(),
            "clips": self.whole.clips,
            "frames": self.whole.frames,
            "left_out": dict(sorted(self.left_out.items())),
            "hypotheses": self.config["samples"],
            "root": self.config["root"],
            "sampler": self.config["sampler"],
            "energies": self.config["energies"],
            "seconds_in_all": self.seconds,
            **self.provenance,
            "calibration": self.whole.calibration(),
            "by_joint": self.whole.joints(),
            **{
                f"by_{kind}": {
                    name: {"clips": tally.clips, **tally.figures()}
                    for name, tally in sorted(self.groups[kind].items())
                }
                for kind in GROUPS
            },
            "shards": [f"{number}/{count}" for number, count in self.shards],
            "config": self.config,
            "sums": {
                "skeleton": self.whole.skeleton.name,
                "whole": self.whole.to_plain(),
                **{
                    kind: {name: tally.to_plain() for name, tally in self.groups[kind].items()}
                    for kind in GROUPS
                },
            },
        }

    @classmethod
    def from_plain(cls, content: Any, source: str) -> Evaluation:
        """What `to_plain` gave, from its sums.

        Arguments:
            content: as read from JSON.
            source: the file, named in errors.

        Raises:
            UserError: it is something else.
        """
        if not isinstance(content, dict) or content.get("kind") != "evaluation":
            raise UserError(f"{source} holds no results of platypose evaluate.")
        if content.get("format") != FORMAT:
            raise UserError(
                f"{source} has result format {content.get('format')!r}; this version reads "
                f"{FORMAT}."
            )
        try:
            sums = content["sums"]
            pose = skeleton(sums["skeleton"])
            return cls(
                config=content["config"],
                provenance={name: content[name] for name in PROVENANCE},
                shards=tuple(_shard(text) for text in content["shards"]),
                whole=Tally.from_plain(sums["whole"], pose),
                groups={
                    kind: {
                        name: Tally.from_plain(tally, pose) for name, tally in sums[kind].items()
                    }
                    for kind in GROUPS
                },
                left_out={str(k): int(v) for k, v in content["left_out"].items()},
                seconds=float(content["seconds_in_all"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{source} is damaged: its sums do not fit ({error}).") from None


PROVENANCE = ("prior", "prior_step", "credit", "versions")
"""Names of `Evaluation.provenance`."""


def merge(parts: Sequence[Evaluation], names: Sequence[str]) -> Evaluation:
    """The results of several shards as one.

    Arguments:
        parts: of one evaluation.
        names: their files, named in errors.

    Raises:
        UserError: they are not of one evaluation, or overlap.
    """
    first = parts[0]
    for part, name in zip(parts[1:], names[1:]):
        fields = {**first.config, **part.config}
        for key in fields:
            if key not in _ELSEWHERE and first.config.get(key) != part.config.get(key):
                raise UserError(
                    f"{names[0]} and {name} differ in {key}; they are not one evaluation."
                )
        if part.provenance["prior"] != first.provenance["prior"]:
            raise UserError(f"{names[0]} and {name} are of different priors.")
    shards = [shard for part in parts for shard in part.shards]
    if len({count for _, count in shards}) > 1:
        raise UserError("These results are of evaluations that were split differently.")
    if len(set(shards)) < len(shards):
        double = next(shard for shard in shards if shards.count(shard) > 1)
        raise UserError(f"The shard {double[0]}/{double[1]} is there twice.")
    whole = Tally(skeleton=first.whole.skeleton)
    groups: dict[str, dict[str, Tally]] = {kind: {} for kind in GROUPS}
    left_out: dict[str, int] = {}
    for part in parts:
        whole.merge(part.whole)
        for kind in GROUPS:
            for name, tally in part.groups[kind].items():
                groups[kind].setdefault(name, Tally(skeleton=whole.skeleton)).merge(tally)
        for reason, count in part.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    return Evaluation(
        config=first.config,
        provenance=first.provenance,
        shards=tuple(sorted(shards)),
        whole=whole,
        groups=groups,
        left_out=left_out,
        seconds=math.fsum(part.seconds for part in parts),
    )


def read_json(path: Path) -> Evaluation:
    """Read a file that `write_json` has written.

    Raises:
        UserError: it is missing or is something else.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({error}).") from None
    return Evaluation.from_plain(content, str(path))


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write results, whole or not at all; the sums, which nobody reads, in one line.

    Raises:
        UserError: the file cannot be written.
    """
    shown = {name: value for name, value in content.items() if name != "sums"}
    text = json.dumps(shown, indent=2, ensure_ascii=False).removesuffix("\n}")
    text += f',\n  "sums": {json.dumps(content["sums"])}\n}}\n'
    with write_atomically(path) as file:
        file.write(text.encode())


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    return int(number), int(count)


def read_shard(text: str) -> tuple[int, int]:
    """Read `--shard`, such as 1/4.

    Raises:
        UserError: it is not of that form.
    """
    try:
        number, count = _shard(text)
    except ValueError:
        number = count = 0
    if not 1 <= number <= count:
        raise UserError(f"--shard {text} must have the form i/n with i from 1 to n, such as 1/4.")
    return number, count
