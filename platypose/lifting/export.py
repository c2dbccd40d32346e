"""Files made from a result that is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from platypose.api import UserError, Writer
from platypose.api.kinds.writer import KIND as WRITER
from platypose.compute import plain_context
from platypose.config import Chosen
from platypose.files import make_folders
from platypose.lifting.saved import Saved
from platypose.registry import plugins


def export(
    saved: Saved, writers: Sequence[Chosen[Writer]], out: Path | None = None, *, force: bool = False
) -> tuple[Path, ...]:
    """Write files from a result. All of them appear, or none.

    Arguments:
        saved: the result, with its evidence if that is there.
        writers: what to write.
        out: receives the files; by default the folder of the result.
        force: replace files that are there.

    Returns:
        the files.

    Raises:
        UserError: a file is there already, two writers write the same file, or one cannot write.
    """
    out = saved.folder if out is None else out
    registry = plugins().registry(WRITER)
    components = [registry.build(chosen, plain_context()) for chosen in writers]
    made = make_folders(out)
    done = False
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix=".export.") as name:
            folders = [Path(name) / str(index) for index in range(len(components))]
            for folder, component in zip(folders, components):
                folder.mkdir()
                component.write(saved.result, saved.evidence, folder)
            written = {
                path: out / path.relative_to(folder)
                for folder in folders
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
            _require_free(list(written.values()), force=force)
            for source, target in written.items():
                make_folders(target.parent)
                source.replace(target)
            done = True
    except OSError as error:
        raise UserError(f"Nothing can be written into {out} ({error.strerror}).") from None
    finally:
        if not done and made:
            shutil.rmtree(made[-1], ignore_errors=True)
    return tuple(written.values())


def _require_free(targets: list[Path], *, force: bool) -> None:
    for index, target in enumerate(targets):
        if target in targets[:index]:
            raise UserError(f"Two of the writers write {target.name}; export them one by one.")
        if target.exists() and not force:
            raise UserError(f"{target} exists already; name another --out, or replace it: --force.")
