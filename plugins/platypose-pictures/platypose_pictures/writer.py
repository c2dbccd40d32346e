"""The writer: which pictures a result gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
from matplotlib import rc_context
from matplotlib.figure import Figure

from platypose.api import BuildContext
from platypose.evidence import Evidence
from platypose.lifting.result import Result
from platypose_pictures.config import PicturesConfig
from platypose_pictures.contact_sheet import contact_sheet
from platypose_pictures.overlay import overlay
from platypose_pictures.poses import poses
from platypose_pictures.time_course import time_course
from platypose_pictures.uncertainty import uncertainty


@attrs.frozen(kw_only=True)
class Pictures:
    """A `Writer` of pictures."""

    config: PicturesConfig

    def write(self, result: Result, evidence: Evidence | None, folder: Path) -> tuple[Path, ...]:
        """Draw and write.

        Arguments:
            result: the hypotheses.
            evidence: what they were lifted from; None draws a contact sheet of free samples.
            folder: where to write; it exists.

        Returns:
            samples.png for free samples. Otherwise poses.png; overlay.png where a camera saw
            keypoints; time.png and uncertainty.png where there is more than one frame. With the
            option `format` the endings are others.
        """
        paths = []
        for name, figure in self._figures(result, evidence):
            paths.append(folder / f"{name}.{self.config.format}")
            with rc_context({"pdf.fonttype": 42}):  # TrueType: journals refuse Type 3
                figure.savefig(paths[-1], dpi=self.config.dpi)
        return tuple(paths)

    def _figures(self, result: Result, evidence: Evidence | None) -> Iterator[tuple[str, Figure]]:
        if evidence is None:
            yield "samples", contact_sheet(result, self.config)
            return
        if result.projected.size:
            yield "overlay", overlay(result, evidence, self.config)
        yield "poses", poses(result, evidence, self.config)
        if result.samples.shape[1] > 1:
            yield "time", time_course(result, evidence)
            yield "uncertainty", uncertainty(result, evidence)


def build(config: PicturesConfig, context: BuildContext) -> Pictures:
    """The writer of `config`."""
    return Pictures(config=config)
