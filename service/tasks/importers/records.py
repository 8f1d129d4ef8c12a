"""Reading the records of a data set's files."""

from __future__ import annotations

import json
from pathlib import Path

from .report import ImportFailed


def read_list(path: Path) -> list[object]:
    """Reads a JSON list, in UTF-8 or UTF-16 with or without a mark. Raises ImportFailed, naming the file."""
    try:
        records = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ImportFailed(f"{path} cannot be read ({error})") from error
    if not isinstance(records, list):
        raise ImportFailed(f"{path} holds no JSON list")
    return records


def texts(record: object, *names: str) -> tuple[str, ...] | None:
    """Gives the record's fields of these names; None when one is no text or blank."""
    values = [record.get(name) for name in names] if isinstance(record, dict) else []
    found = tuple(value.strip() for value in values if isinstance(value, str) and value.strip())
    return found if len(found) == len(names) else None
