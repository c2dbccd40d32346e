"""The writer: a result becomes one HTML file."""

from __future__ import annotations

from pathlib import Path

import attrs

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.files import write_atomically
from platypose.lifting.result import Result
from platypose_viewer.config import PageConfig
from platypose_viewer.content import content
from platypose_viewer.document import document

NAME = "view.html"


@attrs.frozen(kw_only=True)
class Page:
    """A `Writer` of the page."""

    config: PageConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Write view.html.

        Arguments:
            result: the hypotheses.
            evidence: what they were lifted from; None shows the hypotheses in 3D alone, or, where
                the result has projected keypoints, over those that it observed.
            folder: where to write; its config.yaml, if there is one, says what was run.

        Raises:
            UserError: a video is missing or too large, or three.js is not there.
        """
        path = folder / NAME
        page = document(content(result, evidence, folder, self.config))
        with write_atomically(path) as file:
            file.write(page)
        return (path,)


def build(config: PageConfig, context: BuildContext) -> Page:
    """The writer of `config`."""
    return Page(config=config)
