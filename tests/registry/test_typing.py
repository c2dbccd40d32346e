"""What a type checker knows of a registry, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

SNIPPET = """
from collections.abc import Callable, Iterable
from typing import Any

from platypose.api import (
    BuildContext, Config, Energy, EnergyConfig, Projection, Reader, Sampler, Spec, hookimpl,
)
from platypose.api.kinds.energy import KIND
from platypose.config import Chosen, choose
from platypose.registry import Registry, plugins


def an_energy(config: EnergyConfig, context: BuildContext) -> Energy:
    raise NotImplementedError


def a_reader(config: EnergyConfig, context: BuildContext) -> Reader:
    raise NotImplementedError


def without_context(config: EnergyConfig) -> Energy:
    raise NotImplementedError


def built(registry: Registry[Energy], chosen: Chosen[Energy], context: BuildContext) -> None:
    reveal_type(registry.build(chosen, context))  # reveals: Energy
    reveal_type(plugins().registry(KIND))  # reveals: Registry[Energy]
    found = plugins().registry(KIND).build(choose(Energy, "heatmap"), context)
    reveal_type(found)  # reveals: Energy
    reveal_type(registry.find("heatmap").load(KIND))  # reveals: def (Any, BuildContext) -> Energy


def chosen_of_another_kind(
    registry: Registry[Energy], chosen: Chosen[Reader], context: BuildContext
) -> None:
    registry.build(chosen, context)  # refused: arg-type


def registered(registry: Registry[Energy]) -> None:
    registry.register("right", EnergyConfig, an_energy)
    registry.register("wrong", EnergyConfig, a_reader)  # refused: arg-type
    registry.register("short", EnergyConfig, without_context)  # refused: arg-type
    registry.register("text", EnergyConfig, "package.module:factory")  # refused: arg-type


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("right", EnergyConfig, an_energy, "")
    yield Spec("named", EnergyConfig, "package.module:factory", "")
    yield Spec("wrong", EnergyConfig, a_reader, "")  # refused: arg-type
    yield Spec("short", EnergyConfig, without_context, "")  # refused: arg-type
    yield Spec("object", EnergyConfig(), an_energy, "")  # refused: arg-type


class Constant:
    def __call__(self, joints: Any) -> Any:
        return joints.sum((-1, -2))


class Counter:
    def __call__(self) -> int:
        return 0


def a_constant(config: EnergyConfig, context: BuildContext) -> Constant:
    return Constant()


def a_counter(config: EnergyConfig, context: BuildContext) -> Counter:
    return Counter()


def by_structure(registry: Registry[Energy]) -> None:
    registry.register("constant", EnergyConfig, a_constant)
    registry.register("counter", EnergyConfig, a_counter)  # refused: arg-type
"""
EXPECTED = re.compile(r"# (refused|reveals): (.*)$")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[str, str]]:
    """Line to (error, message) of mypy --strict."""
    folder = tmp_path_factory.mktemp("typing")
    (folder / "snippet.py").write_text(SNIPPET)
    # torch and its company take mypy a minute to read and say nothing here.
    (folder / "mypy.ini").write_text(
        "[mypy]\nstrict = true\ndisable_error_code = type-abstract, no-any-unimported\n"
        "[mypy-torch.*,numpy.*,jaxtyping.*,platypose.lifting.*,platypose.evidence.*,platypose.motion.*]\n"
        "follow_imports = skip\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context"]
    result = subprocess.run(
        [*command, "--config-file", "mypy.ini", "--cache-dir", str(folder / "cache"), "snippet.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    found: dict[int, tuple[str, str]] = {}
    for line in result.stdout.splitlines():
        match = re.match(r"snippet\.py:(\d+): (error|note): (.*)", line)
        assert match, line
        if match[2] == "error" or "Revealed type" in match[3]:
            found[int(match[1])] = (match[2], match[3])
    return found


LINES = {
    number: (match[1], match[2], line.strip())
    for number, line in enumerate(SNIPPET.splitlines(), 1)
    if (match := EXPECTED.search(line))
}


@pytest.mark.parametrize("number", LINES, ids=lambda number: LINES[number][2].split("  #")[0])
def test_the_type_checker_says_what_the_comment_says(
    number: int, verdicts: dict[int, tuple[str, str]]
) -> None:
    verdict, text, _ = LINES[number]
    severity, message = verdicts[number]
    if verdict == "refused":
        assert severity == "error" and message.endswith(f"[{text}]")
    else:
        assert severity == "note"
        assert re.sub(r"\b\w+\.", "", message) == f'Revealed type is "{text}"'


def test_it_finds_fault_with_nothing_else(verdicts: dict[int, tuple[str, str]]) -> None:
    assert {line: v for line, v in verdicts.items() if line not in LINES} == {}
