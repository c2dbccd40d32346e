"""Options of the page."""

from __future__ import annotations

import attrs

from platypose.api import Config, field


@attrs.frozen(kw_only=True)
class PageConfig(Config):
    """Options of the writer `page`."""

    hypotheses: int = field(
        50,
        doc="Hypotheses in the page at most; its means, spreads and histograms are of these.",
        check=lambda value: value >= 1,
        needs="a whole number above 0",
    )
    videos: tuple[str, ...] = field(
        (),
        doc="Video of each view, in the order of the cameras, which becomes part of the page; "
        "without any, the video that was lifted, if it is small.",
    )


@attrs.frozen(kw_only=True)
class RerunConfig(Config):
    """Options of the writer `rerun`."""

    hypotheses: int = field(
        50,
        doc="Hypotheses in the recording at most; the mean is of all.",
        check=lambda value: value >= 1,
        needs="a whole number above 0",
    )
