"""A plugin that is broken harms nobody but itself, and is named with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Run = Callable[..., CompletedProcess[str]]

FAILED: dict[str, str] = {
    "import-error": "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "exits": "SystemExit: this plugin wants to leave",
    "wrong-api": "is written for API 99, but this platypose has API 1",
    "no-api": "does not state its API; add PLATYPOSE_API = 1",
    "misspelt-hook": "has a hook platypose_energys, which is unknown (did you mean "
    "platypose_energies",
    "unmarked-hook": "has a function platypose_energies without @hookimpl",
    "raising-hook": "its hook platypose_energies raised RuntimeError: the licence server is down",
    "no-spec": "its hook platypose_energies gave 'spring', which is no Spec",
    "wrong-config": "the config of energy 'unscaled' must derive from EnergyConfig",
    "gives-twice": "its hook platypose_energies gave the name 'again' twice",
    "bare-command": "its hook platypose_commands must give pairs of a name and a typer.Typer",
    "taken-command": "its command 'lift' is there already",
}
"""Entry point, and distribution without its prefix, to the reason."""

DOUBLE: dict[str, dict[str, str]] = {
    "twin": {
        "fixture-twin-first": "the entry-point name 'twin' is also that of fixture-twin-second",
        "fixture-twin-second": "the entry-point name 'twin' is also that of fixture-twin-first",
    },
    "north,south": {
        "fixture-north": "the energy 'wind' is also that of fixture-south; write "
        "fixture-north:wind",
        "fixture-south": "the energy 'wind' is also that of fixture-north; write "
        "fixture-south:wind",
    },
}
"""Plugins selected, to the reason for each distribution."""

BUILD = """
import sys
from platypose.api.kinds.energy import KIND, Energy
from platypose.config import choose
from platypose.registry import plugins
for name in sys.argv[1:]:
    print(plugins().registry(KIND).build(choose(Energy, name), None)(2))
"""


def checked(platypose: Run, plugins: str | None = None) -> tuple[int, dict[str, Any]]:
    result = platypose("plugins", "--check", "--json", plugins=plugins)
    return result.returncode, json.loads(result.stdout)


def reasons(content: dict[str, Any]) -> dict[str, str]:
    return {fault["distribution"]: fault["reason"] for fault in content["faults"]}


def test_a_healthy_plugin_alone_is_well(platypose: Run) -> None:
    result = platypose("plugins", "--check", plugins="healthy")
    assert result.returncode == 0
    assert "1 plugins, 2 components: all well." in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("plugin", FAILED)
def test_a_broken_plugin_is_named_with_the_reason_and_the_healthy_one_works(
    plugin: str, platypose: Run
) -> None:
    code, content = checked(platypose, f"healthy,{plugin}")
    assert code == 1
    found = reasons(content)
    assert found.keys() == {f"fixture-{plugin}"}
    assert found[f"fixture-{plugin}"].startswith(FAILED[plugin])
    status = {row["name"]: row["status"] for row in content["components"]}
    selected = {name: value for name, value in status.items() if value != "not selected"}
    assert selected == {"spring": "ok", "lines": "ok", plugin: "failed"}


@pytest.mark.parametrize("plugins", DOUBLE)
def test_a_name_given_twice_is_reported_for_both_distributions(
    plugins: str, platypose: Run
) -> None:
    code, content = checked(platypose, f"healthy,{plugins}")
    assert code == 1
    assert reasons(content) == DOUBLE[plugins]
    assert {"name": "spring", "status": "ok"}.items() <= content["components"][0].items()


def test_all_faults_at_once_leave_every_healthy_plugin_working(platypose: Run, python: Run) -> None:
    """Those of this project too, and the two that share an entry-point name."""
    code, content = checked(platypose)
    assert code == 1
    expected = {f"fixture-{plugin}" for plugin in FAILED}.union(*DOUBLE.values())
    assert reasons(content).keys() == expected | {"fixture-broken-factories"}
    well = {row["name"] for row in content["components"] if row["status"] == "ok"}
    assert well >= {"spring", "lines", "twin-first", "twin-second", "heatmap", "mdm", "cosine"}
    built = python(BUILD, "spring:stiffness=3.5", "twin-first", "twin-second")
    assert built.stdout.split() == ["7.0", "2", "2"]


def test_the_plain_list_is_no_check(platypose: Run) -> None:
    """It shows what failed, and succeeds."""
    result = platypose("plugins", plugins="healthy,import-error")
    assert result.returncode == 0
    assert "fixture-import-error (import-error): ModuleNotFoundError" in result.stderr
    assert "spring" in result.stdout


def test_a_plugin_that_fails_half_way_leaves_nothing_behind(python: Run) -> None:
    result = python(BUILD, "half", plugins="healthy,raising-hook")
    assert "There is no energy 'half'" in result.stderr


def test_a_name_given_twice_is_an_error_only_when_it_is_used(python: Run) -> None:
    plugins = "healthy,north,south"
    assert python(BUILD, "spring", plugins=plugins).stdout == "5.0\n"
    result = python(BUILD, "wind", plugins=plugins)
    assert (
        "The energy 'wind' comes from 2 packages; write fixture-north:wind or fixture-south:wind."
    ) in result.stderr


def test_the_distribution_selects_between_two_of_one_name(python: Run) -> None:
    names = ("fixture-north:wind", "fixture-south:wind:scale=2")
    result = python(BUILD, *names, plugins="north,south")
    assert result.stdout.split() == ["north", "south"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Bicycle", "makes a Bicycle, which is no Energy"),
        ("bicycle", "makes a Bicycle, which is no Energy"),
        ("reader", "makes a Reader, which is no Energy"),
        ("missing", "has no attribute 'missing'"),
        ("NUMBER", "cannot be called"),
        ("module", "No module named 'fixture_nowhere'"),
    ],
)
def test_a_factory_that_cannot_serve_is_refused_by_the_check(
    name: str, reason: str, broken_factories: dict[str, str]
) -> None:
    assert reason in broken_factories[f"broken-{name}"]


@pytest.fixture(scope="module")
def broken_factories(platypose: Run) -> dict[str, str]:
    code, content = checked(platypose, "healthy,broken-factories")
    assert code == 1
    assert {fault["distribution"] for fault in content["faults"]} == {"fixture-broken-factories"}
    return {fault["plugin"]: fault["reason"] for fault in content["faults"]}


def test_a_factory_that_hides_what_it_makes_is_refused_when_it_has_made_it(python: Run) -> None:
    result = python(BUILD, "broken-secretive", plugins="broken-factories")
    assert "gave a PosixPath, which is no Energy" in result.stderr


def test_no_plugins_loads_none(platypose: Run) -> None:
    result = platypose("--no-plugins", "plugins", "--json")
    content = json.loads(result.stdout)
    assert content["faults"] == []
    assert {plugin["status"] for plugin in content["plugins"]} == {"not selected"}
    assert {row["kind"] for row in content["components"]} == {"plugin"}


def test_plugins_are_selected_by_the_environment(platypose: Run) -> None:
    """White space does not count; a plugin that is not selected is not even imported."""
    result = platypose("plugins", "--json", plugins=" healthy , cameras,")
    content = json.loads(result.stdout)
    assert result.returncode == 0
    status = {plugin["plugin"]: plugin["status"] for plugin in content["plugins"]}
    assert {name for name, value in status.items() if value == "ok"} == {"healthy", "cameras"}
    assert set(status.values()) == {"ok", "not selected"}


def test_selecting_a_plugin_that_is_not_there_is_a_fault(platypose: Run) -> None:
    code, content = checked(platypose, "healthy,heatmaps")
    assert code == 1
    assert content["faults"] == [
        {"distribution": "-", "plugin": "heatmaps", "reason": "no such plugin"}
    ]


def test_the_json_list_has_all_that_the_table_has(platypose: Run) -> None:
    content = json.loads(platypose("plugins", "--json", plugins="healthy,import-error").stdout)
    energy, reader, failed = [
        row for row in content["components"] if row["status"] != "not selected"
    ]
    assert energy == {
        "kind": "energy",
        "name": "spring",
        "distribution": "fixture-healthy",
        "version": "1.0",
        "status": "ok",
        "summary": "A spring to the origin.",
    }
    assert reader["kind"] == "reader"
    assert failed | {"kind": "plugin", "status": "failed"} == failed
    assert {
        "plugin": "healthy",
        "distribution": "fixture-healthy",
        "version": "1.0",
        "status": "ok",
    } in content["plugins"]
    table = platypose("plugins", plugins="healthy").stdout
    (line,) = [line for line in table.splitlines() if "spring" in line]
    assert line.split(maxsplit=5) == list(energy.values())


def test_show_prints_fields_types_defaults_and_docs(platypose: Run) -> None:
    result = platypose("show", "energy", "spring", plugins="healthy")
    assert result.returncode == 0
    lines = [line.strip().split(maxsplit=3) for line in result.stdout.splitlines()]
    assert lines[0] == ["energy", "spring", "(fixture-healthy", "1.0)"]
    assert result.stdout.splitlines()[1].rstrip() == "A spring to the origin."
    assert ["stiffness", "float", "2.5", "Of the spring, nats per square metre."] in lines
    (axes,) = [line for line in result.stdout.splitlines() if line.startswith("axes")]
    assert "'all', 'vertical'" in axes and '"all"' in axes and "which axes it pulls" in axes
    assert ["scale", "float", "1.0"] in [line[:3] for line in lines]


def test_an_unknown_name_gets_close_matches_and_the_plugins_that_failed(platypose: Run) -> None:
    result = platypose("show", "energy", "sprng", plugins="healthy,import-error")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        "Error: There is no energy 'sprng' (did you mean spring?); these plugins failed to load: "
        "fixture-import-error (see platypose plugins --check).\n"
    )


def test_an_unknown_kind_gets_close_matches(platypose: Run) -> None:
    result = platypose("show", "enrgy", "spring", plugins="healthy")
    assert result.returncode == 2
    assert "There is no kind 'enrgy' (did you mean energy" in result.stderr


def test_a_plugin_s_reader_reads(python: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one\ntwo\n")
    code = """
import sys, pathlib
from platypose.api.kinds.reader import KIND, Reader
from platypose.config import choose
from platypose.registry import plugins
reader = plugins().registry(KIND).build(choose(Reader, "lines"), None)
print(reader.read(pathlib.Path(sys.argv[1])))
"""
    result = python(code, str(file), plugins="healthy")
    assert result.stdout == "['one', 'two']\n"


def test_a_plugin_s_command_runs(platypose: Run) -> None:
    result = platypose("greet", "hello", "Zoë", plugins="healthy")
    assert (result.returncode, result.stdout) == (0, "Hello, Zoë!\n")
    assert "Say hello." in platypose("--help", plugins="healthy").stdout


def test_a_plugin_s_command_is_gone_without_it(platypose: Run) -> None:
    assert platypose("--no-plugins", "greet", "hello", "Zoë").returncode == 2
