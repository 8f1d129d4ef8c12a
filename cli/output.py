"""A command's stdout and stderr where they can't take what is written."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator

from .failure import WENT_WRONG, say

_OF_OUTPUT = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextlib.contextmanager
def checked_output() -> Iterator[None]:
    """Runs a command and sees that what it wrote has arrived; else it ends with 1 and a message.

    A reader that has had enough, as `head`, is no failure to speak of. A character that a locale lacks is
    written as "?".
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.errno not in _OF_OUTPUT:
            raise
        _give_up(error)


def _give_up(error: OSError) -> None:
    """Ends the command with what has gone wrong with stdout."""
    # What is still in the buffer would fail once more at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        say(f"the output cannot be written: {error.strerror}")
    raise SystemExit(WENT_WRONG) from None
