"""Importing a data set in Spider's layout (https://yale-lily.github.io/spider) as explore tasks.

The layout: `train_spider.json`, `train_others.json` and `dev.json` hold the questions (`db_id`, `question`,
`query`), `database/<db_id>/<db_id>.sqlite` the databases, and `tables.json` a description of them, with which
they are compared. Each task has one instance of its database, the one given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ..core.execution import ActionError, Rows
from ..core.observation import SHOWN_ROWS
from ..core.schema import READ_ALL, Schema
from ..core.sql_names import Names, resolve_names
from ..core.sql_parsing import SqlText, UnreadableSqlError, read_sql
from ..core.task import AnswerKind, Split, Task, TaskKind
from ..sandbox.clock import set_process_time_zone
from ..sandbox.database import Database
from ..sandbox.images import read_file, read_schema
from ..sandbox.limits import Limits
from .bank_file import BankDatabase
from .difficulty import difficulty_of
from .utf8_image import utf8_image
from .verify import Verifier

QUESTION_FILES = {
    "train_spider.json": Split.TRAIN,
    "train_others.json": Split.TRAIN,
    "dev.json": Split.DEV,
}

Progress = Callable[[int, int], None]  # is told the number of questions done and in all


class SpiderError(Exception):
    """A folder that cannot be imported: which file is to blame, and why."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A question that became no task. `reason` reads "kind of reason: what exactly"."""

    db_id: str
    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a data set: tasks taken, questions left out, and notes on its files and databases."""

    taken: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    def reasons(self) -> dict[str, int]:
        """Counts what was left out by the kind of reason, the most frequent first."""
        return dict(Counter(left.reason.partition(":")[0] for left in self.left_out).most_common())


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as the files have it; `number` counts the questions on its database, from 1."""

    db_id: str
    number: int
    question: str
    query: str


@dataclass(slots=True)
class _Import:
    """An import under way."""

    folder: Path
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, question: _Question, reason: str) -> None:
        self.left_out.append(LeftOut(question.db_id, question.question, reason))


class _Unfit(Exception):
    """Why a question becomes no task."""


def import_spider(
    folder: Path, progress: Progress | None = None
) -> tuple[tuple[BankDatabase, ...], tuple[Task, ...], ImportReport]:
    """Makes tasks of all questions that can be played, and says why the others cannot.

    A task is taken when its gold query runs in the sandbox, gives no more rows than an agent sees, depends
    on nothing that it leaves open, and its rendered answer is graded correct. Task ids are
    "spider/<db_id>/<n>", where n counts the questions on a database as the files have them. Text in double
    quotes in a gold query is put in single quotes, for the sandbox takes the former for a column. Gold runs
    in UTC, as it will in a server, and this process stays in it.

    Raises SpiderError, naming the file, when there are no questions or a file of them cannot be read.
    """
    set_process_time_zone()
    run = _Import(folder)
    splits, questions = _read_questions(run)
    described = _read_tables(run)
    total, done = sum(map(len, questions.values())), 0
    databases: list[BankDatabase] = []
    tasks: list[Task] = []
    for db_id, asked in questions.items():
        taken: list[Task] = []
        try:
            database = _read_database(run, db_id, splits[db_id], described.get(db_id, ()))
        except _Unfit as unfit:
            run.left_out += (LeftOut(db_id, question.question, str(unfit)) for question in asked)
        else:
            taken = list(_tasks(run, database, asked))
            databases += [database] if taken else []
        tasks += taken
        done += len(asked)
        if progress is not None:
            progress(done, total)
    return tuple(databases), tuple(tasks), ImportReport(len(tasks), tuple(run.left_out), tuple(run.notes))


# ---- the files ----


def _read_questions(run: _Import) -> tuple[dict[str, Split], dict[str, list[_Question]]]:
    """Gives each database's split and questions, in the order of the files."""
    splits: dict[str, Split] = {}
    questions: dict[str, list[_Question]] = {}
    found = [name for name in QUESTION_FILES if (run.folder / name).is_file()]
    if not found:
        raise SpiderError(f"{run.folder} has none of {', '.join(QUESTION_FILES)}; give Spider's own folder")
    for name in found:
        for place, record in enumerate(_read_list(run.folder / name), 1):
            fields = _texts(record, "db_id", "question", "query")
            if fields is None:
                run.left_out.append(
                    LeftOut("", "", f"broken record: number {place} of {name} lacks db_id, question or query")
                )
                continue
            db_id, question, query = fields
            split = splits.setdefault(db_id, QUESTION_FILES[name])
            note = f"{db_id} is in several splits; all of it was put into {split.name}"
            if split is not QUESTION_FILES[name] and note not in run.notes:
                run.notes.append(note)
            asked = questions.setdefault(db_id, [])
            asked.append(_Question(db_id, len(asked) + 1, question, query))
    return splits, questions


def _read_tables(run: _Import) -> dict[str, tuple[str, ...]]:
    """Gives the names of the tables of each database as tables.json has them."""
    try:
        records = _read_list(run.folder / "tables.json")
    except SpiderError as error:
        run.notes.append(f"{error}; the databases were not compared with it")
        return {}
    tables: dict[str, tuple[str, ...]] = {}
    for record in records:
        names = record.get("table_names_original") if isinstance(record, dict) else None
        db_id = _texts(record, "db_id")
        if db_id and isinstance(names, list):
            tables[db_id[0]] = tuple(name for name in names if isinstance(name, str))
    return tables


def _read_list(path: Path) -> list[object]:
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SpiderError(f"{path} cannot be read ({error})") from error
    if not isinstance(records, list):
        raise SpiderError(f"{path} holds no JSON list")
    return records


def _texts(record: object, *names: str) -> tuple[str, ...] | None:
    """Gives the record's fields of these names; None when one is no text or blank."""
    values = [record.get(name) for name in names] if isinstance(record, dict) else []
    texts = tuple(value.strip() for value in values if isinstance(value, str) and value.strip())
    return texts if len(texts) == len(names) else None


def _read_database(run: _Import, db_id: str, split: Split, described: Sequence[str]) -> BankDatabase:
    path = run.folder / "database" / db_id / f"{db_id}.sqlite"
    shown = path.relative_to(run.folder)
    if Path(db_id).name != db_id or not path.is_file():
        raise _Unfit(f"database missing: there is no {shown}")
    try:
        image, mended = utf8_image(read_file(path))
        schema = read_schema(image)
    except (OSError, ValueError, apsw.Error) as error:
        raise _Unfit(f"database unreadable: {shown}: {str(error).removeprefix(f'{path} ')}") from error
    if mended:
        run.notes.append(f"{db_id}: {mended} texts were not UTF-8; they were read as Windows-1252")
    missing = [name for name in described if schema.find(name) is None]
    if missing:
        run.notes.append(f"{db_id}: tables.json names {', '.join(missing)}, which the database lacks")
    return BankDatabase(db_id, db_id.replace("_", " "), split, (image,))


# ---- the tasks ----


def _tasks(run: _Import, database: BankDatabase, questions: Sequence[_Question]) -> Iterator[Task]:
    schema = read_schema(database.images[0])
    verifier = Verifier(database)
    sandbox = Database(database.images[0], schema, READ_ALL, Limits())
    first_ids: dict[str, str] = {}
    try:
        for question in questions:
            task_id = f"spider/{question.db_id}/{question.number}"
            first = first_ids.setdefault(" ".join(question.question.split()).casefold(), task_id)
            try:
                if first != task_id:
                    raise _Unfit(f"duplicate: the question is that of {first}")
                yield _task(task_id, question, database, schema, sandbox, verifier)
            except _Unfit as unfit:
                run.leave_out(question, str(unfit))
    finally:
        sandbox.close()


def _task(
    task_id: str,
    question: _Question,
    database: BankDatabase,
    schema: Schema,
    sandbox: Database,
    verifier: Verifier,
) -> Task:
    """Makes a task and verifies it. Raises _Unfit."""
    gold_sql, tree, names = _read_gold(question.query, schema)
    gold = sandbox.execute(gold_sql)
    if isinstance(gold, ActionError):
        raise _Unfit(f"gold fails: {gold.message}")
    if not gold.complete:
        raise _Unfit(f"over the row limit: gold gives more than {len(gold.rows):,} rows")
    if len(gold.rows) > SHOWN_ROWS:
        raise _Unfit(f"too many rows: gold gives {len(gold.rows)}, and an agent sees {SHOWN_ROWS}")
    task = Task(
        task_id=task_id,
        kind=TaskKind.EXPLORE,
        database_id=database.database_id,
        split=database.split,
        difficulty=difficulty_of(gold_sql),
        family=_family(tree, names),
        prompt=question.question,
        gold_sql=gold_sql,
        gold_tables=tuple(sorted({use.table.name for use in names.tables if use.table is not None})),
        ordered=tree.args.get("order") is not None,
        answer_kind=_answer_kind(gold),
    )
    # Where rows sort equal, their order is nobody's to know; then the rows count in any order.
    versions = [task, replace(task, ordered=False)] if task.ordered else [task]
    faults = [_fault(verifier, version) for version in versions]
    if all(faults):
        raise _Unfit(faults[-1])
    return versions[faults.index("")]


def _fault(verifier: Verifier, task: Task) -> str:
    """Says what the verifier finds; empty when the task is sound."""
    try:
        found = [fault for fault in verifier.verify(task) if not fault.is_warning]
    except (apsw.Error, SqlglotError) as error:
        return f"cannot be verified: {error}"
    return f"{found[0].kind.value}: {found[0].reason}" if found else ""


def _read_gold(query: str, schema: Schema) -> tuple[str, exp.Expr, Names]:
    """Gives a gold query with its texts in single quotes, its tree, and what its names mean."""
    sql = query.strip().rstrip(";").rstrip()
    try:
        text, tree, names = _resolved(sql, schema)
        mended = _in_single_quotes(text, names)
        if mended != sql:
            _, tree, names = _resolved(mended, schema)
    except UnreadableSqlError as error:
        raise _Unfit(f"gold cannot be read: {error.message}") from error
    except RecursionError:
        raise _Unfit("gold cannot be read: it is nested too deeply") from None
    return mended, tree, names


def _resolved(sql: str, schema: Schema) -> tuple[SqlText, exp.Expr, Names]:
    text = read_sql(sql)
    statements = text.statements()
    tree = statements[0].tree
    if len(statements) > 1 or not isinstance(tree, exp.Query):
        raise UnreadableSqlError("it is not one SELECT")
    return text, tree, resolve_names(tree, text, schema)


def _in_single_quotes(text: SqlText, names: Names) -> str:
    """Puts into single quotes what stands in double quotes and is no column: SQLite once took it for text."""
    sql = text.text
    texts = [
        use.node.this.meta
        for use in names.columns.values()
        if not use.is_known and text.is_double_quoted(use.node)
    ]
    for span in sorted(texts, key=lambda meta: -int(meta["start"])):
        start, end = int(span["start"]), int(span["end"]) + 1
        content = sql[start + 1 : end - 1].replace('""', '"').replace("'", "''")
        sql = f"{sql[:start]}'{content}'{sql[end:]}"
    return sql


def _family(tree: exp.Expr, names: Names) -> str:
    """Names the structure of a query by what makes it hardest."""
    if tree.find(exp.SetOperation):
        return "set_operation"
    if len(list(tree.find_all(exp.Select))) > 1:
        return "nested"
    if len(names.tables) > 1:
        return "join" if len(names.tables) == 2 else "fk_chain"
    if tree.args.get("group"):
        return "grouped"
    return "aggregate" if tree.find(exp.AggFunc) else "single_table"


def _answer_kind(gold: Rows) -> AnswerKind:
    if len(gold.columns) > 1:
        return AnswerKind.TABLE
    value = gold.rows[0][0] if len(gold.rows) == 1 else b""
    if value is None:
        return AnswerKind.NULL
    if isinstance(value, str):
        return AnswerKind.STRING
    if isinstance(value, int | float):
        return AnswerKind.INTEGER if isinstance(value, int) else AnswerKind.FLOAT
    return AnswerKind.LIST  # several rows, none, or a blob, which has no kind of its own
