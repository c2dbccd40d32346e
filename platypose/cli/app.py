"""The `platypose` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from platypose.api import UserError
from platypose.cli import (
    checkpoint,
    compare,
    data,
    detect,
    evaluate,
    evaluate_prior,
    export,
    lift,
    measure_residuals,
    plugins,
    sample,
    show,
    train,
    view,
)


def main() -> None:
    """Run the command line; a `UserError` ends it with its sentence and exit code 2."""
    if "--no-plugins" in sys.argv[1:2]:
        os.environ["PLATYPOSE_PLUGINS"] = ""
    try:
        build_app()()
    except UserError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"Error: {error.filename} cannot be used ({error.strerror}).", err=True)
        sys.exit(2)


def build_app() -> typer.Typer:
    """The application with the core's commands and those of the plugins."""
    from platypose import registry

    app = typer.Typer(
        name="platypose",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich would double the time that --help takes
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    app.command("detect")(detect.detect)
    app.command("lift")(lift.lift)
    app.command("view")(view.view)
    app.command("export")(export.export)
    app.command("sample")(sample.sample)
    app.command("train")(train.train)
    app.command("evaluate")(evaluate.evaluate)
    app.command("compare")(compare.compare)
    app.add_typer(data.app, name="data")
    app.command("plugins")(plugins.plugins)
    app.command("show")(show.show)
    app.command("checkpoint")(checkpoint.checkpoint)
    app.command("measure-residuals")(measure_residuals.measure_residuals)
    app.command("evaluate-prior")(evaluate_prior.evaluate_prior)
    for name, command in registry.plugins().commands.items():
        app.add_typer(command, name=name)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from platypose import __version__

        typer.echo(f"platypose {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
    no_plugins: Annotated[
        bool,
        typer.Option(
            "--no-plugins",
            help="Load no plugin. PLATYPOSE_PLUGINS=a,b loads only the plugins a and b.",
        ),
    ] = False,
) -> None:
    """Lift 2D human poses to 3D with a diffusion prior and an energy."""
