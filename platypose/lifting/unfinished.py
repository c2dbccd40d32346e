"""The folder of a run that may be interrupted and go on later."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from platypose.api import UserError
from platypose.files import locked, make_folders, write_atomically

RUN, LOCK, PROGRESS = "run.json", "lock", "progress.safetensors"


def unfinished(out: Path) -> Path:
    """Where the results of an unfinished run lie that are to become `out`."""
    return out.parent / f".{out.name}.unfinished"


class UnfinishedFolder:
    """A hidden folder beside `out` in which a run's results grow; at the end it takes that name.

    A run of one window that fails or is interrupted leaves nothing. One of several leaves those
    that are done, and the same run goes on from there.

    Arguments:
        out: the name at the end.
        run: all that the results depend on; plain values.
    """

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.out, self.folder = out, unfinished(out)
        self.run = json.loads(json.dumps(run))

    def __enter__(self) -> Path:
        """The folder.

        Raises:
            UserError: it holds another run, is in use, or cannot be made.
        """
        self.made = make_folders(self.folder)
        with ExitStack() as held:
            held.enter_context(locked(self.folder / LOCK))
            if self._progress():
                self._require_the_same()
            else:
                self._clear()
                with write_atomically(self.folder / RUN) as file:
                    file.write(json.dumps(self.run).encode())
            self.held = held.pop_all()
        return self.folder

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            for path in (self.folder / RUN, *self._progress()):
                path.unlink()
            self.held.close()
            if self.out.is_dir():
                self.out.rmdir()
            self.folder.rename(self.out)
            return
        keep = bool(self._progress())
        self.held.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
            for folder in self.made[1:]:
                folder.rmdir()
        kept = " The windows that are done are kept; the same command goes on." if keep else ""
        if isinstance(error, OSError):
            reason = f"--out {self.out} cannot be written ({error.strerror})."
            raise UserError(reason + kept) from None
        if isinstance(error, UserError) and keep:
            raise UserError(f"{error}{kept}") from None

    def _progress(self) -> list[Path]:
        return sorted(self.folder.rglob(PROGRESS))

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()

    def _require_the_same(self) -> None:
        """Refuse to go on with what another run began."""
        try:
            before = json.loads((self.folder / RUN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise UserError(f"{self.folder} is damaged; remove it to begin anew.") from None
        if before != self.run:
            differing = [k for k in {**before, **self.run} if before.get(k) != self.run.get(k)]
            raise UserError(
                f"{self.folder} is what an interrupted run left that had another "
                f"{', '.join(differing)}; remove it, or repeat that command to go on."
            )
