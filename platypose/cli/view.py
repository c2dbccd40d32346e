"""`platypose view`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from platypose.api import Writer


def view(
    result: Annotated[
        Path,
        typer.Argument(help="Folder that platypose lift wrote, or its samples.safetensors."),
    ],
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    video: Annotated[
        list[Path] | None,
        typer.Option(
            help="Video to show under the hypotheses; one for each camera, in their order.",
            show_default="that which was lifted, if it is small",
        ),
    ] = None,
    hypotheses: Annotated[
        int | None, typer.Option(help="Hypotheses in the page at most.", show_default="50")
    ] = None,
) -> None:
    """Write a page that shows a result, and open it.

    The page is one file, view.html in that folder, that any browser opens without a network.
    """
    options: dict[str, Any] = {"videos": [str(path) for path in video or ()]}
    if hypotheses is not None:
        options["hypotheses"] = hypotheses
    write_page(page_writer(options), result, open_=open_)


def page_writer(options: dict[str, Any]) -> Writer:
    """The writer of the page.

    Raises:
        UserError: its plugin is not installed, or an option is wrong.
    """
    from platypose.api import UserError
    from platypose.api.kinds.writer import KIND as WRITER
    from platypose.compute import plain_context
    from platypose.config import Chosen
    from platypose.registry import plugins

    registry = plugins().registry(WRITER)
    if "page" not in registry.names():
        raise UserError(
            "The page comes with a plugin; install it with: pip install platypose-viewer"
        )
    return registry.build(Chosen("page", registry.configure("page", options)), plain_context())


def write_page(page: Writer, result: Path, *, open_: bool, err: bool = False) -> None:
    """Write the page into the folder of a result, say so, to standard error on demand, and open it.

    Raises:
        UserError: there is no result, or its video is not there.
    """
    import webbrowser

    from platypose.lifting.saved import read_saved

    saved = read_saved(result)
    if saved.missing:
        typer.echo(f"Shown without the evidence: {saved.missing}", err=True)
    (path,) = page.write(saved.result, saved.evidence, saved.folder)
    typer.echo(f"Wrote {path}", err=err)
    if open_:
        webbrowser.open(path.resolve().as_uri())
