"""Packages that a logger needs and that the distribution does not bring."""

from __future__ import annotations

import importlib
from types import ModuleType

from platypose.api import UserError


def required(module: str, logger: str) -> ModuleType:
    """Import a module on first use.

    Arguments:
        module: its name.
        logger: the logger that needs it, which is also the name of the extra.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UserError(
            f'The logger {logger!r} needs a package: pip install "platypose-loggers[{logger}]"'
        ) from None
