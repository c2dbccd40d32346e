"""The folder of a lifting run, read again."""

from __future__ import annotations

from pathlib import Path

import attrs

from platypose.api import UserError
from platypose.config import read_yaml, structure
from platypose.evidence import Evidence
from platypose.lifting.config import LiftConfig
from platypose.lifting.people import read_people
from platypose.lifting.result import Result

SAMPLES = "samples.safetensors"
"""The result's file in the folder of a run."""


@attrs.frozen(kw_only=True, eq=False)
class Saved:
    """What a run left.

    Attributes:
        folder: where it lies.
        result: the hypotheses.
        evidence: what they were lifted from; None where there was none or it cannot be had.
        missing: why it cannot be had, a sentence; empty where it is here or there was none.
    """

    folder: Path
    result: Result
    evidence: Evidence | None = None
    missing: str = ""


def read_saved(path: Path) -> Saved:
    """What `platypose lift` or `platypose sample` wrote.

    Arguments:
        path: the folder that was given as `--out`, or the samples.safetensors in it.

    Raises:
        UserError: there is no result, or it is damaged.
    """
    if not path.exists():
        raise UserError(f"There is no file or folder {path}; name one that platypose lift wrote.")
    file = path / SAMPLES if path.is_dir() else path
    if not file.is_file():
        people = sorted(inner.parent for inner in path.glob(f"*/{SAMPLES}"))
        those = f"; it holds {', '.join(map(str, people))}" if people else ""
        raise UserError(f"{path} holds no {SAMPLES}{those}.")
    saved = Saved(folder=file.parent, result=Result.read(file))
    try:
        content = read_yaml(saved.folder / "config.yaml")
        if "evidence" not in content:
            return saved
        if isinstance(content["evidence"], str):
            content["evidence"] = [content["evidence"]]
        (evidence,) = read_people(structure(content, LiftConfig, str(saved.folder))).values()
    except UserError as error:
        return attrs.evolve(saved, missing=str(error))
    if evidence.num_frames != saved.result.samples.shape[1]:
        return attrs.evolve(saved, missing="The evidence has changed since.")
    return attrs.evolve(saved, evidence=evidence)
