"""Every hook is documented with its signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from platypose.api import all_kinds
from platypose.cli.hooks import CORE_COMMANDS, platypose_commands

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "hooks.md"
HOOKS: list[Callable[..., Any]] = [kind.hook for kind in all_kinds().values()] + [
    platypose_commands
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_a_hook_has_a_heading_with_its_exact_signature(hook: Callable[..., Any]) -> None:
    signature = str(inspect.signature(hook)).replace("'", "")
    section = f"\n## {hook.__name__}\n\n```python\ndef {hook.__name__}{signature}\n```\n\n"
    _, _, text = PAGE.read_text(encoding="utf-8").partition(section)
    assert text[:1].isalpha()


def test_no_heading_is_of_a_hook_that_is_gone() -> None:
    headings = re.findall(r"^## (\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(hook.__name__ for hook in HOOKS)


def test_the_names_that_no_plugin_may_take_are_the_core_s_commands() -> None:
    from platypose.cli.app import build_app
    from platypose.registry import Plugins, use

    use(Plugins())
    try:
        app = build_app()
    finally:
        use(None)
    names = {command.name for command in app.registered_commands}
    assert names | {group.name for group in app.registered_groups} == set(CORE_COMMANDS)
