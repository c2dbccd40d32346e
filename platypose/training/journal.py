"""What a run tells of itself while it goes on: metrics.jsonl, and the loggers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from platypose.api import Logger, UserError
from platypose.training.folder import RunFolder


class Journal:
    """Writes each line of numbers to metrics.jsonl and to every logger.

    A logger that fails is told of once and dropped; training goes on.

    Arguments:
        folder: of the run; None in all processes but the first, which write nothing.
        loggers: by name.
        settings: the run's configuration, as plain values.
        step: steps done; later lines are forgotten.
        tell: takes a sentence for the user.

    Raises:
        UserError: a logger cannot log, or metrics.jsonl cannot be written.
    """

    def __init__(
        self,
        folder: RunFolder | None,
        loggers: Mapping[str, Logger],
        settings: Mapping[str, Any],
        step: int,
        tell: Callable[[str], None],
    ) -> None:
        self.path = None if folder is None else folder.metrics
        self.loggers = dict(loggers)
        self.tell = tell
        if folder is None:
            return
        try:
            _drop_later_lines(folder.metrics, step)
        except OSError as error:
            raise UserError(f"{folder.metrics} cannot be written ({error.strerror}).") from None
        if self.loggers:
            folder.logs.mkdir(exist_ok=True)
        for name, logger in self.loggers.items():
            try:
                logger.start(folder.logs, settings, step)
            except Exception as error:
                self.close()
                if isinstance(error, UserError):
                    raise
                raise UserError(f"The logger {name!r} cannot start: {error}") from error

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write a line.

        Raises:
            UserError: metrics.jsonl cannot be written.
        """
        if self.path is None:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step} | dict(values)) + "\n")
        except OSError as error:
            raise UserError(f"{self.path} cannot be written ({error.strerror}).") from None
        self._each(lambda logger: logger.scalars(step, values))

    def pictures(self, step: int, pictures: Mapping[str, Path]) -> None:
        """Hand pictures on."""

        def hand_on(logger: Logger) -> None:
            for name, path in pictures.items():
                logger.picture(step, name, path)

        self._each(hand_on)

    def close(self) -> None:
        """End the loggers."""
        self._each(lambda logger: logger.close())

    def _each(self, act: Callable[[Logger], None]) -> None:
        for name, logger in list(self.loggers.items()):
            try:
                act(logger)
            except Exception as error:
                del self.loggers[name]
                self.tell(f"The logger {name!r} failed and logs no more: {error}")


def _drop_later_lines(path: Path, step: int) -> None:
    """Forget what was logged after the checkpoint that a run goes on from."""
    path.touch()
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
