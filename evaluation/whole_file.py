"""Files that are there as they were, or whole."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a file to write instead of `path`, whose place it takes at the end, unless the writing fails.

    What is no file, as a device or a pipe, is written itself.
    """
    place = path.resolve()
    if place.exists() and not place.is_file():
        yield place
        return
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        yield draft
        if place.exists():
            shutil.copymode(place, draft)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
