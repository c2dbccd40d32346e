"""The one exception that means: the user can mend this."""

from __future__ import annotations


class UserError(Exception):
    """Something a user gave is wrong.

    The message is one clear sentence that names the file, field or option and says what would be
    right. The command line prints it without a traceback and exits with code 2.
    """
