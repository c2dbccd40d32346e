"""A plugin with an energy, a reader and a command; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import attrs
import typer

from platypose.api import BuildContext, Config, Energy, EnergyConfig, Reader, Spec, field, hookimpl

PLATYPOSE_API = 1


@attrs.frozen(kw_only=True)
class SpringConfig(EnergyConfig):
    """A spring to the origin."""

    stiffness: float = field(
        2.5, doc="Of the spring, nats per square metre.", check=lambda v: v > 0, needs="above 0"
    )
    axes: Literal["all", "vertical"] = field("all", doc="Along which axes it pulls.")


@attrs.frozen
class Spring:
    stiffness: float

    def __call__(self, joints: Any) -> Any:
        return self.stiffness * joints


class Lines:
    def __init__(self, config: Config, context: BuildContext | None) -> None:
        pass

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".txt"

    def read(self, path: Path) -> Any:
        return path.read_text().splitlines()


def build(config: SpringConfig, context: BuildContext) -> Any:
    return Spring(config.stiffness)


@hookimpl
def platypose_energies() -> Iterable[Spec[Energy]]:
    yield Spec("spring", SpringConfig, "fixture_healthy:build", "A spring to the origin.")


@hookimpl
def platypose_readers() -> Iterable[Spec[Reader]]:
    yield Spec("lines", Config, "fixture_healthy:Lines", "The lines of a text file.")


@hookimpl
def platypose_commands() -> Iterable[tuple[str, typer.Typer]]:
    app = typer.Typer(help="Say hello.")

    @app.command()
    def hello(name: str) -> None:
        typer.echo(f"Hello, {name}!")

    @app.command()
    def twice(name: str) -> None:
        typer.echo(f"Hello, {name}! Hello, {name}!")

    yield "greet", app
