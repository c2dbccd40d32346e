"""Running a contract suite on a component made for the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from platypose.api import BuildContext, Config
from platypose.api.kinds.projection import KIND as PROJECTION
from platypose.registry import Entry, Plugins, discover, plugins, use
from platypose.testing.component import ComponentContract


@pytest.fixture(scope="session")
def _cameras() -> list[Entry[Any]]:
    return discover(["cameras"]).registry(PROJECTION).entries


@pytest.fixture(autouse=True)
def _only_cameras(_cameras: list[Entry[Any]]) -> Iterator[None]:
    """No component but the cameras, which the evidence of the suites needs."""
    found = Plugins()
    found.registry(PROJECTION).entries.extend(_cameras)
    use(found)
    yield
    use(None)


@pytest.fixture
def failing() -> Callable[..., set[str]]:
    """The checks that a component fails, out of those of a suite."""

    def run(
        suite: type[ComponentContract[Any]],
        factory: Callable[[Any, BuildContext], Any],
        config: type[Config] | None = None,
        **attributes: Any,
    ) -> set[str]:
        registry = plugins().registry(suite.kind)
        registry.register("fake", config or suite.kind.config, factory)
        tested = type("TestFake", (suite,), {"name": "fake", **attributes})
        return {name for name in vars_of(suite) if _fails(getattr(tested(), name))}

    return run


@pytest.fixture
def checks() -> Callable[[type[Any]], set[str]]:
    """All checks of a suite."""
    return vars_of


def vars_of(suite: type[Any]) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_")}


def _fails(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:
        return True
    return False
