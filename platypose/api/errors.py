"""The one exception that means: the user can mend this."""

from __future__ import annotations

import difflib


class UserError(Exception):
    """Something a user gave is wrong.

    The message is one clear sentence that names the file, field or option and says what would be
    right. The command line prints it without a traceback and exits with code 2.
    """


def close_matches(name: str, known: list[str]) -> str:
    """Offers the names most like the one given, or all where none is; for the end of a sentence."""
    close = difflib.get_close_matches(name, known, n=3)
    if close:
        return f" (did you mean {' or '.join(close)}?)"
    return f" (there is {', '.join(known)})" if known else ""
