"""Where the site takes text from the code, each time it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from rendering.commands import commands
from rendering.components import component_page
from rendering.joint_sets import joints, keypoint_sets
from rendering.options import options

from platypose.api import all_kinds
from platypose.evaluation.config import EvaluateConfig
from platypose.lifting.config import LiftConfig
from platypose.training.config import Augmentation, Optimisation, TrainConfig

MARKS: dict[str, Callable[[], str]] = {
    "<!-- commands -->": commands,
    "<!-- joints -->": joints,
    "<!-- keypoint sets -->": keypoint_sets,
    "<!-- options of evaluate -->": lambda: options(EvaluateConfig),
    "<!-- options of lift -->": lambda: options(LiftConfig),
    "<!-- options of train -->": lambda: options(TrainConfig),
    "<!-- options of train.train -->": lambda: options(Optimisation),
    "<!-- options of train.augment -->": lambda: options(Augmentation),
}
"""What a page writes, and what stands there on the site."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every kind of component."""
    for kind in all_kinds().values():
        content = component_page(kind)
        files.append(File.generated(config, f"reference/{kind.name}.md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put text in the place of the marks."""
    for mark, text in MARKS.items():
        if mark in markdown:
            markdown = markdown.replace(mark, text())
    return markdown
