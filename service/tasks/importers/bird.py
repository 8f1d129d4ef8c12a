"""Importing a data set in BIRD's layout (https://bird-bench.github.io) as explore tasks.

The layout: `train.json` or `train/train.json`, `dev.json` or `mini_dev_sqlite.json` hold the questions
(`db_id`, `question`, `evidence`, `SQL`, and in dev `difficulty`), `train_databases/` and `dev_databases/` the
databases, each as `<db_id>/<db_id>.sqlite`. Evidence says what a question means by its words, so it goes into
the prompt. A task's difficulty is that of its gold's structure, as in all banks; BIRD's own grades are noted.
"""

from __future__ import annotations

from collections import Counter
from os.path import isfile
from pathlib import Path

from ...core.task import Split
from ...sandbox.clock import set_process_time_zone
from .questions import Asked, Imported, Source, import_questions
from .records import read_list, texts
from .report import Findings, ImportFailed, Progress

QUESTION_FILES = {
    "train.json": Split.TRAIN,
    "train/train.json": Split.TRAIN,
    "dev.json": Split.DEV,
    "mini_dev_sqlite.json": Split.DEV,
}
DATABASE_FOLDERS = ("train_databases", "train/train_databases", "dev_databases", "databases")


def import_bird(folder: Path, progress: Progress | None = None) -> Imported:
    """Makes tasks of all questions that can be played, see `import_questions`; ids begin with "bird".

    Gold runs in UTC, as it will in a server, and this process stays in it. Raises ImportFailed, naming the
    file, when there are no questions or a file of them cannot be read.
    """
    set_process_time_zone()
    findings = Findings()
    found = [name for name in QUESTION_FILES if (folder / name).is_file()]
    if not found:
        raise ImportFailed(f"{folder} has none of {', '.join(QUESTION_FILES)}; give BIRD's own folder")
    sources: dict[str, Source] = {}
    questions: dict[str, list[Asked]] = {}
    grades: Counter[str] = Counter()
    for name in found:
        for place, record in enumerate(read_list(folder / name), 1):
            fields = texts(record, "db_id", "question", "SQL")
            if fields is None:
                findings.leave_out(
                    "", "", f"broken record: number {place} of {name} lacks db_id, question or SQL"
                )
                continue
            db_id, question, query = fields
            split = QUESTION_FILES[name]
            source = sources.setdefault(db_id, Source(folder, _database(folder, db_id), split))
            if source.split is not split:
                findings.note(f"{db_id} is in several splits; all of it was put into {source.split.name}")
            asked = questions.setdefault(db_id, [])
            asked.append(Asked(db_id, len(asked) + 1, question, query, _evidence(record)))
            grades.update(texts(record, "difficulty") or ())
    if grades:
        graded = ", ".join(f"{count} {grade}" for grade, count in grades.most_common())
        findings.note(f"BIRD grades its questions as {graded}; tasks are graded by the structure of gold")
    return import_questions("bird", sources, questions, findings, progress)


def _database(folder: Path, db_id: str) -> str:
    places = [f"{name}/{db_id}/{db_id}.sqlite" for name in DATABASE_FOLDERS]
    return next((place for place in places if isfile(folder / place)), places[0])


def _evidence(record: object) -> str:
    evidence = texts(record, "evidence")
    if evidence is None:
        return ""
    return evidence[0] if evidence[0].endswith((".", "!", "?")) else f"{evidence[0]}."
