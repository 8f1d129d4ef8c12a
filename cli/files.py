"""Files and folders that a command writes to or loads from."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..evaluation.whole_file import whole_file
from .failure import fail


def search_current_folder() -> None:
    """Has modules found in the current folder too: Python looks in that of the command `sqldojo` instead."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())


def check_folder(output: Path) -> None:
    """Fails where there is no folder for a file to be written."""
    folder = output.absolute().parent
    if not folder.is_dir():
        fail(f"there is no folder {folder}", hint="Make it, or choose another file.")


@contextlib.contextmanager
def written_beside(output: Path) -> Iterator[Path]:
    """As `whole_file`; fails with a message where it cannot be written."""
    try:
        with whole_file(output) as draft:
            yield draft
    except OSError as error:
        fail(f"{output} cannot be written ({error.strerror or error})", hint="Choose another file.")
