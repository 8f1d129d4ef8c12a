"""Importing questions of one's own: a JSON Lines file beside SQLite databases.

Each line is an object with `database` (a SQLite file, relative to the JSON Lines file), `question` and `sql`;
and, if wanted, `split` ("train", "dev" or "test"; "train" where it is missing) and `evidence`.
"""

from __future__ import annotations

import json
from os.path import isfile
from pathlib import Path

from ...core.task import Split
from ...sandbox.clock import set_process_time_zone
from .questions import Asked, Imported, Source, import_questions
from .records import texts
from .report import Findings, ImportFailed, Progress

SPLITS = {"train": Split.TRAIN, "dev": Split.DEV, "test": Split.TEST}


def import_own(path: Path, progress: Progress | None = None) -> Imported:
    """Makes tasks of all lines that can be played, see `import_questions`; ids begin with "own".

    A line that is no such object is left out, by its number. Gold runs in UTC, as it will in a server, and
    this process stays in it. Raises ImportFailed when the file cannot be read.
    """
    set_process_time_zone()
    findings = Findings()
    sources: dict[str, Source] = {}
    questions: dict[str, list[Asked]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ImportFailed(f"{path} cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            file, split, asked = _read(line)
        except ValueError as error:
            findings.leave_out("", "", f"bad line: line {number} of {path.name}: {error}")
            continue
        db_id = Path(file).stem
        source = sources.setdefault(db_id, Source(path.parent, file, split))
        if not _is_same(path.parent / source.file, path.parent / file):
            findings.leave_out(
                db_id, asked.question, f"bad line: line {number}: another file is named {db_id}"
            )
            continue
        if source.split is not split:
            findings.note(f"{db_id} is in several splits; all of it was put into {source.split.name}")
        known = questions.setdefault(db_id, [])
        known.append(Asked(db_id, len(known) + 1, asked.question, asked.query, asked.evidence))
    if not questions and not findings.left_out:
        raise ImportFailed(f"{path} has no line")
    return import_questions("own", sources, questions, findings, progress)


def _is_same(one: Path, other: Path) -> bool:
    """Says whether two paths lead to one file; a file that is not there is only what it is called."""
    return one == other or (isfile(one) and isfile(other) and one.samefile(other))


def _read(line: bytes) -> tuple[str, Split, Asked]:
    """Reads a line. Raises ValueError, which says what is wrong with it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON ({error})") from error
    fields = texts(record, "database", "question", "sql")
    if fields is None:
        raise ValueError("it needs the texts database, question and sql")
    split = (texts(record, "split") or ("train",))[0]
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}, it must be one of {', '.join(SPLITS)}")
    evidence = (texts(record, "evidence") or ("",))[0]
    return fields[0], SPLITS[split], Asked("", 0, fields[1], fields[2], evidence)
