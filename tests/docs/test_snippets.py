"""What the documentation shows can be typed.

Python and shell blocks of a page run one after another, in a folder that begins with the examples.
A block after `<!-- skip: next "reason" -->` does not run, but the commands of Platypose in it must
exist, and so must those in the READMEs of the plugins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import SkipTest

import attrs
import numpy as np
import pytest
import typer
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from typer.testing import CliRunner

from platypose import Evidence
from platypose.cli.app import build_app
from platypose.motion import Clip, MotionSet
from platypose.skeleton import H36M_17

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
READMES = [*sorted(ROOT.glob("plugins/*/README.md")), *sorted(ROOT.glob("examples/*/README.md"))]
FRAMES = 2
LESS = {
    "evaluate": ["--limit", "2", "--num-samples", "2", "--set", "sampler.calls=2"],
    "compare": ["--calls", "2", "--limit", "1", "--num-samples", "2"],
    "lift": ["--samples", "2", "--write", "none", "--set", "sampler.calls=2"],
    "evaluate-prior": ["--limit", "8"],
    "sample": ["-n", "2", "--write", "none"],
    "train": [
        *("--set", "train.steps=2", "--set", "train.batch=2", "--set", "denoiser.blocks=1"),
        *("--set", "denoiser.width=8", "--set", "denoiser.hidden=8"),
        *("--set", "residual_frames=0", "--set", "pictures=false"),
    ],
}
"""Options laid over those that a command shows, so that it takes a moment."""


def commands(block: str) -> Iterator[list[str]]:
    """The commands of a shell block; in one with prompts, what follows the prompts."""
    lines = block.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    words = (shlex.split(line, comments=True) for line in lines)
    return (command for command in words if command)


def run_commands(example: Example) -> None:
    for program, *arguments in commands(example.parsed):
        assert program == "platypose", f"mark the block with a reason to skip it: {program}"
        less = [] if "--help" in arguments else LESS.get(arguments[0], [])
        done = CliRunner().invoke(build_app(), [*arguments, *less])
        assert done.exit_code == 0, f"{shlex.join(arguments)}\n{done.output}{done.exception!r}"


def parse(arguments: list[str]) -> None:
    """Fail where the command or an option does not exist."""
    command: Any = typer.main.get_command(build_app())
    while hasattr(command, "commands"):
        command, *arguments = command.commands[arguments[0]], *arguments[1:]
    command.make_context(command.name, [word for word in arguments if word != "--help"])


sybil = Sybil(
    [
        PythonCodeBlockParser(),
        CodeBlockParser("bash", run_commands),
        CodeBlockParser("console", run_commands),
        SkipParser(),
    ]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the examples with few frames, and data to train on."""
    for source in (ROOT / "examples").glob("*/*"):
        if source.suffix in {".yaml", ".safetensors"}:
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".yaml" or source.stem == "held-out-excerpt":
                target.write_bytes(source.read_bytes())
            else:
                shortened(Evidence.read(source)).write(target)
    for name in ("cmu", "hdm05", "ui-prmd", "reactidle"):
        standing_people().write(tmp_path / f"{name}.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shortened(evidence: Evidence) -> Evidence:
    """The first frames alone."""
    arrays = ("keypoints", "confidence", "heatmaps", "cell_to_pixel")
    values = {name: getattr(evidence, name) for name in arrays}
    return attrs.evolve(
        evidence, **{name: v[:FRAMES] for name, v in values.items() if v is not None}
    )


def standing_people() -> MotionSet:
    """Two people who stand still, one for training and one for testing."""
    return MotionSet(
        positions=np.tile(np.array(H36M_17.standing, np.float32), (20, 1, 1)),
        clips=tuple(
            Clip(name=f"{split}-1", subject=split, split=split, start=start, frames=10)
            for split, start in (("train", 0), ("test", 10))
        ),
        skeleton=H36M_17.name,
        frame_rate=30.0,
        credit="",
        source="",
    )


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_snippets_of_a_page_run(page: Path, folder: Path) -> None:
    for example in sybil.parse(page):
        with suppress(SkipTest):
            example.evaluate()


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=name)
def test_commands_and_options_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?:\$ )?platypose ((?!-).*)$", text, re.MULTILINE):
        parse(shlex.split(line, comments=True))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_escapes_the_tests_by_its_language(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for info, body in re.findall(r"^```([^`\n]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        included = body.startswith("--8<--")
        assert included or info in {"python", "bash", "console", "text", "toml", "yaml"}, info


@pytest.mark.parametrize("readme", [ROOT / "README.md", *READMES], ids=name)
def test_the_files_that_a_readme_links_to_exist(readme: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", readme.read_text(encoding="utf-8"))
    assert [link for link in links if not (readme.parent / link).exists()] == []
