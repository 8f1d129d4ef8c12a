"""Importing a data set in Spider's layout (https://yale-lily.github.io/spider) as explore tasks.

The layout: `train_spider.json`, `train_others.json` and `dev.json` hold the questions (`db_id`, `question`,
`query`), `database/<db_id>/<db_id>.sqlite` the databases, and `tables.json` a description of them, with which
they are compared.
"""

from __future__ import annotations

from pathlib import Path

from ...core.task import Split
from ...sandbox.clock import set_process_time_zone
from .questions import Asked, Imported, Source, import_questions
from .records import read_list, texts
from .report import Findings, ImportFailed, Progress

QUESTION_FILES = {
    "train_spider.json": Split.TRAIN,
    "train_others.json": Split.TRAIN,
    "dev.json": Split.DEV,
}


def import_spider(folder: Path, progress: Progress | None = None) -> Imported:
    """Makes tasks of all questions that can be played, see `import_questions`; ids begin with "spider".

    Gold runs in UTC, as it will in a server, and this process stays in it. Raises ImportFailed, naming the
    file, when there are no questions or a file of them cannot be read.
    """
    set_process_time_zone()
    findings = Findings()
    splits, questions = _read_questions(folder, findings)
    described = _read_tables(folder, findings)
    sources = {
        db_id: Source(folder, f"database/{db_id}/{db_id}.sqlite", split, described.get(db_id, ()))
        for db_id, split in splits.items()
    }
    return import_questions("spider", sources, questions, findings, progress)


def _read_questions(folder: Path, findings: Findings) -> tuple[dict[str, Split], dict[str, list[Asked]]]:
    """Gives each database's split and questions, in the order of the files."""
    splits: dict[str, Split] = {}
    questions: dict[str, list[Asked]] = {}
    found = [name for name in QUESTION_FILES if (folder / name).is_file()]
    if not found:
        raise ImportFailed(f"{folder} has none of {', '.join(QUESTION_FILES)}; give Spider's own folder")
    for name in found:
        for place, record in enumerate(read_list(folder / name), 1):
            fields = texts(record, "db_id", "question", "query")
            if fields is None:
                reason = f"broken record: number {place} of {name} lacks db_id, question or query"
                findings.leave_out("", "", reason)
                continue
            db_id, question, query = fields
            split = splits.setdefault(db_id, QUESTION_FILES[name])
            if split is not QUESTION_FILES[name]:
                findings.note(f"{db_id} is in several splits; all of it was put into {split.name}")
            asked = questions.setdefault(db_id, [])
            asked.append(Asked(db_id, len(asked) + 1, question, query))
    return splits, questions


def _read_tables(folder: Path, findings: Findings) -> dict[str, tuple[str, ...]]:
    """Gives the names of the tables of each database as tables.json has them."""
    try:
        records = read_list(folder / "tables.json")
    except ImportFailed as error:
        findings.note(f"{error}; the databases were not compared with it")
        return {}
    tables: dict[str, tuple[str, ...]] = {}
    for record in records:
        names = record.get("table_names_original") if isinstance(record, dict) else None
        db_id = texts(record, "db_id")
        if db_id and isinstance(names, list):
            tables[db_id[0]] = tuple(name for name in names if isinstance(name, str))
    return tables
