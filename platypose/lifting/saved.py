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


@attrs.frozen(kw_only=True, eq=False)
class Saved:
    """What a run left.

    Attributes:
        result: the hypotheses.
        evidence: what they were lifted from; None where there was none or it cannot be had.
        missing: why it cannot be had, a sentence; empty where it is here or there was none.
    """

    result: Result
    evidence: Evidence | None
    missing: str = ""


def read_saved(folder: Path) -> Saved:
    """What `platypose lift` or `platypose sample` wrote.

    Arguments:
        folder: that was given as `--out`.

    Raises:
        UserError: the folder holds no result.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}; name one that `platypose lift` made.")
    if not (folder / "samples.safetensors").is_file():
        people = sorted(path.parent for path in folder.glob("*/samples.safetensors"))
        inner = f"; it holds {', '.join(map(str, people))}" if people else ""
        raise UserError(f"{folder} holds no samples.safetensors{inner}.")
    result = Result.read(folder / "samples.safetensors")
    try:
        content = read_yaml(folder / "config.yaml")
        if "evidence" not in content:
            return Saved(result=result, evidence=None)
        if isinstance(content["evidence"], str):
            content["evidence"] = [content["evidence"]]
        (evidence,) = read_people(structure(content, LiftConfig, str(folder))).values()
    except UserError as error:
        return Saved(result=result, evidence=None, missing=str(error))
    if evidence.num_frames != result.samples.shape[1]:
        return Saved(result=result, evidence=None, missing="The evidence has changed since.")
    return Saved(result=result, evidence=evidence)
