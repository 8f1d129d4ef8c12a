"""Making explore tasks of questions that others asked, on databases that others made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from os.path import isfile
from pathlib import Path

import apsw
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ...core.execution import ActionError, Rows
from ...core.observation import SHOWN_ROWS
from ...core.schema import READ_ALL, Schema
from ...core.sql_names import resolve_names
from ...core.sql_parsing import SqlText, UnreadableSqlError, read_sql
from ...core.sql_scopes import Names
from ...core.task import AnswerKind, Split, Task, TaskKind
from ...sandbox.database import Database
from ...sandbox.images import read_file, read_schema
from ...sandbox.limits import Limits
from ..bank_file import BankDatabase
from ..difficulty import difficulty_of
from ..instances import Instances
from ..mutants import mutants
from ..separation import survivors
from ..verify import Verifier
from .report import Findings, ImportReport, Progress, Separation
from .resample import HIDDEN, LARGEST, resampled
from .utf8_image import utf8_image

LARGEST_DATABASE = 1024**3  # bytes of a file that is read: it is held in memory


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a data set has it; `number` counts the questions on its database, from 1.

    `evidence` is knowledge that the question needs and the database lacks.
    """

    db_id: str
    number: int
    question: str
    query: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A database of a data set: its file in the folder, its split, and the tables that are described."""

    folder: Path
    file: str
    split: Split
    described: tuple[str, ...] = ()


class _Unfit(Exception):
    """Why a question becomes no task."""


Imported = tuple[tuple[BankDatabase, ...], tuple[Task, ...], ImportReport]


def import_questions(
    name: str,
    sources: dict[str, Source],
    questions: dict[str, list[Asked]],
    findings: Findings,
    progress: Progress | None = None,
) -> Imported:
    """Makes tasks of all questions that can be played, and says why the others cannot.

    A task is taken when its gold query runs in the sandbox, gives no more rows than an agent sees, depends
    on nothing that it leaves open, and its rendered answer is graded correct. Task ids are
    "<name>/<db_id>/<n>". Text in double quotes in a gold query is put in single quotes, for the sandbox takes
    the former for a column. Each database gets hidden instances by resampling, where it is not too large.
    """
    total, done = sum(map(len, questions.values())), 0
    databases: list[BankDatabase] = []
    tasks: list[Task] = []
    separated = Separation()
    for db_id, asked in questions.items():
        taken: list[Task] = []
        try:
            database = _read_database(db_id, sources[db_id], findings)
        except _Unfit as unfit:
            for each in asked:
                findings.leave_out(db_id, each.question, str(unfit))
        else:
            taken = list(_tasks(name, database, asked, findings))
            if taken:
                database = _with_hidden(database, findings)
                separated = _added(separated, _separation(database, taken))
                databases.append(database)
        tasks += taken
        done += len(asked)
        if progress is not None:
            progress(done, total)
    report = ImportReport(len(tasks), tuple(findings.left_out), tuple(findings.notes), separated)
    return tuple(databases), tuple(tasks), report


def _with_hidden(database: BankDatabase, findings: Findings) -> BankDatabase:
    image = database.images[0]
    if len(image) > LARGEST:
        findings.note(f"{database.database_id}: too large to be resampled, so it has no hidden instances")
        return database
    hidden = (resampled(image, instance, database.database_id) for instance in range(1, HIDDEN + 1))
    return replace(database, images=(image, *hidden))


def _separation(database: BankDatabase, tasks: Sequence[Task]) -> Separation:
    """Counts the questions whose mutants the instances tell from gold."""
    instances = Instances(database.database_id, database.images)
    asked = visible = hidden = 0
    try:
        for task in tasks:
            golds = [instances.run(task.gold_sql, instance) for instance in range(len(instances))]
            sound = [gold for gold in golds if isinstance(gold, Rows)]
            if len(sound) < len(golds):
                continue
            wrong = list(mutants(task.gold_sql, instances.schema, ordered=task.ordered))
            left = list(survivors(wrong, sound[:1], instances, ordered=task.ordered))
            asked += bool(wrong)
            visible += bool(wrong) and not left
            hidden += bool(wrong) and not list(survivors(left, sound, instances, ordered=task.ordered))
    finally:
        instances.close()
    return Separation(asked, visible, hidden)


def _added(one: Separation, other: Separation) -> Separation:
    return Separation(one.asked + other.asked, one.visible + other.visible, one.hidden + other.hidden)


def _read_database(db_id: str, source: Source, findings: Findings) -> BankDatabase:
    path, shown = source.folder / source.file, source.file
    # Path.is_file() raises for a name that is too long for a file.
    if Path(db_id).name != db_id or not _is_unicode(db_id) or not isfile(path):
        raise _Unfit(f"database missing: there is no {shown}")
    if path.stat().st_size > LARGEST_DATABASE:
        raise _Unfit(f"database too large: {shown} has more than {LARGEST_DATABASE >> 20:,} MiB")
    try:
        image, mended = utf8_image(read_file(path))
        schema = read_schema(image)
    except (OSError, ValueError, MemoryError, apsw.Error) as error:
        raise _Unfit(f"database unreadable: {shown}: {str(error).removeprefix(f'{path} ')}") from error
    if mended:
        findings.note(f"{db_id}: {mended} texts were not UTF-8; they were read as Windows-1252")
    missing = [name for name in source.described if schema.find(name) is None]
    if missing:
        findings.note(f"{db_id}: tables.json names {', '.join(missing)}, which the database lacks")
    return BankDatabase(db_id, db_id.replace("_", " "), source.split, (image,))


def _tasks(
    name: str, database: BankDatabase, questions: Sequence[Asked], findings: Findings
) -> Iterator[Task]:
    schema = read_schema(database.images[0])
    verifier = Verifier(Instances(database.database_id, database.images), database.split)
    sandbox = Database(database.images[0], schema, READ_ALL, Limits())
    first_ids: dict[str, str] = {}
    try:
        for question in questions:
            task_id = f"{name}/{question.db_id}/{question.number}"
            asked = " ".join(question.question.split()).casefold()
            try:
                if not all(map(_is_unicode, (question.question, question.query, question.evidence))):
                    raise _Unfit("not valid Unicode: a text holds half a character")
                if asked in first_ids:
                    raise _Unfit(f"duplicate: the question is that of {first_ids[asked]}")
                task = _task(task_id, question, database, schema, sandbox, verifier)
            except _Unfit as unfit:
                findings.leave_out(question.db_id, question.question, str(unfit))
            else:
                first_ids[asked] = task_id
                yield task
    finally:
        sandbox.close()


def _is_unicode(text: str) -> bool:
    """Says whether a text can be written to a file: JSON may hold half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _task(
    task_id: str,
    question: Asked,
    database: BankDatabase,
    schema: Schema,
    sandbox: Database,
    verifier: Verifier,
) -> Task:
    """Makes a task and verifies it. Raises _Unfit."""
    gold_sql, tree, names = _read_gold(question.query, schema, sandbox)
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
        prompt=f"{question.question} {question.evidence}".strip(),
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


def _read_gold(query: str, schema: Schema, sandbox: Database) -> tuple[str, exp.Expr, Names]:
    """Gives a gold query with its texts in single quotes, its tree, and what its names mean."""
    sql = query.strip().rstrip(";").rstrip()
    try:
        text, tree, names = _resolved(sql, schema)
        mended = _in_single_quotes(text, names, sandbox)
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


def _in_single_quotes(text: SqlText, names: Names, sandbox: Database) -> str:
    """Puts into single quotes what stands in double quotes and is no column: SQLite once took it for text.

    Not all columns are known by their names, as that of max(price) in a nested query is not; so the database
    is asked about each.
    """
    texts = {
        (int(use.node.this.meta["start"]), int(use.node.this.meta["end"]) + 1)
        for use in names.columns.values()
        if not use.is_known and text.is_double_quoted(use.node)
    }
    for span in sorted(texts):
        others = texts - {span}
        if isinstance(sandbox.execute(f"EXPLAIN QUERY PLAN {_with_texts(text.text, others)}"), Rows):
            texts = others
    return _with_texts(text.text, texts)


def _with_texts(sql: str, spans: Set[tuple[int, int]]) -> str:
    """Gives SQL with single quotes for the double ones around these spans."""
    for start, end in sorted(spans, reverse=True):
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
