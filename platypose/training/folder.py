"""The folder of a run: its files, and that one run at a time has it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from platypose.api import UserError
from platypose.files import locked, make_folders


@attrs.frozen
class RunFolder:
    """Where the files of a run lie.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """Every setting; written with the first checkpoint."""
        return self.path / "config.yaml"

    @property
    def model(self) -> Path:
        """The checkpoint."""
        return self.path / "model.safetensors"

    @property
    def state(self) -> Path:
        """What an exact resume needs."""
        return self.path / "state.safetensors"

    @property
    def previous_state(self) -> Path:
        """The state before that, should the other be damaged."""
        return self.path / "state.previous.safetensors"

    @property
    def metrics(self) -> Path:
        """The curve."""
        return self.path / "metrics.jsonl"

    @property
    def logs(self) -> Path:
        """The loggers' folder."""
        return self.path / "loggers"

    @property
    def pictures(self) -> Path:
        """Samples at each checkpoint."""
        return self.path / "pictures"

    @property
    def lock(self) -> Path:
        """Held while a run goes on; names its process."""
        return self.path / "run.lock"

    @property
    def can_resume(self) -> bool:
        """Whether there was a checkpoint."""
        return self.state.is_file() or self.previous_state.is_file()


@contextmanager
def claimed(folder: RunFolder, *, resume: bool) -> Iterator[None]:
    """Hold the folder of a run; it is made where it is missing.

    What a run left that died before its first checkpoint is removed, and so are files that a dead
    process was writing. A folder that was made here and stays empty is removed again.

    Raises:
        UserError: another process holds it, it cannot be made, or it holds something and `resume`
            is false.
    """
    path = folder.path
    if path.exists() and not path.is_dir():
        raise UserError(f"{path} is a file; name a folder for the run.")
    made = make_folders(path)
    try:
        with locked(folder.lock):
            if not resume:
                _require_free(folder)
            for partial in _partial(folder):
                partial.unlink()
            try:
                yield
            finally:
                if not folder.can_resume and _is_empty(folder.metrics):
                    _remove_logs(folder)
    finally:
        if made and not any(path.iterdir()):
            for new in made:
                new.rmdir()


def _require_free(folder: RunFolder) -> None:
    found = {entry for entry in folder.path.iterdir() if entry not in _partial(folder)}
    found.discard(folder.lock)
    if folder.metrics in found and found <= {folder.metrics, folder.logs}:
        _remove_logs(folder)
    elif found:
        raise UserError(
            f"{folder.path} exists and is not empty; add --resume or name a new folder."
        )


def _is_empty(metrics: Path) -> bool:
    return metrics.is_file() and metrics.stat().st_size == 0


def _remove_logs(folder: RunFolder) -> None:
    folder.metrics.unlink(missing_ok=True)
    shutil.rmtree(folder.logs, ignore_errors=True)


def _partial(folder: RunFolder) -> set[Path]:
    """Temporary files of a process that died while it wrote."""
    finals = (folder.config, folder.model, folder.state)
    return {path for final in finals for path in folder.path.glob(f".{final.name}.*")}
