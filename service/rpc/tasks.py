"""TaskService: the bank as callers may see it."""

from __future__ import annotations

from sqldojo.v1 import observation_pb2
from sqldojo.v1 import task_pb2 as pb

from ..core.grading import render_answer
from ..core.schema import Schema
from ..core.task import Difficulty, Split, Task, TaskKind
from ..sessions.refusal import Reason, Refusal
from ..tasks.bank import TaskBank, UnknownDatabase, UnknownTask
from ..tasks.bank_file import DatabaseInfo
from .access import Caller

DEFAULT_PAGE = 100


class Tasks:
    """Answers the requests of TaskService. Blocking: called on a worker thread."""

    def __init__(self, bank: TaskBank, version: str) -> None:
        self._bank = bank
        self._version = version

    def list_tasks(self, request: pb.ListTasksRequest, caller: Caller) -> pb.ListTasksResponse:
        """Lists the tasks that pass the filters, a page at a time."""
        _check_scope(request.include_gold, caller)
        chosen = self._bank.select(
            kind=TaskKind(request.kind) if request.kind else None,
            split=Split(request.split) if request.split else None,
            difficulty=Difficulty(request.difficulty) if request.difficulty else None,
            database_id=request.database_id,
            family=request.family,
        )
        start = int(request.page_token or 0)
        end = start + (request.page_size or DEFAULT_PAGE)
        response = pb.ListTasksResponse(
            total_size=len(chosen), next_page_token=str(end) if end < len(chosen) else ""
        )
        for task in chosen[start:end]:
            self._fill(response.tasks.add(), task, with_gold=request.include_gold)
        return response

    def get_task(self, request: pb.GetTaskRequest, caller: Caller) -> pb.GetTaskResponse:
        """Gives one task."""
        _check_scope(request.include_gold, caller)
        try:
            task = self._bank.task(request.task_id)
        except UnknownTask as unknown:
            raise Refusal(
                Reason.UNKNOWN_TASK, str(unknown), field="task_id", hint="ListTasks lists the tasks."
            ) from unknown
        response = pb.GetTaskResponse()
        self._fill(response.task, task, with_gold=request.include_gold)
        return response

    def list_databases(self, _: pb.ListDatabasesRequest, __: Caller) -> pb.ListDatabasesResponse:
        """Lists the databases, without their tables."""
        response = pb.ListDatabasesResponse(bank_digest=self._bank.digest, server_version=self._version)
        for database in self._bank.databases:
            self._fill_database(response.databases.add(), database)
        return response

    def get_database(self, request: pb.GetDatabaseRequest, _: Caller) -> pb.GetDatabaseResponse:
        """Gives one database with its tables."""
        try:
            database = self._bank.database(request.database_id)
        except UnknownDatabase as unknown:
            raise Refusal(
                Reason.UNKNOWN_DATABASE,
                str(unknown),
                field="database_id",
                hint="ListDatabases lists the databases.",
            ) from unknown
        response = pb.GetDatabaseResponse()
        self._fill_database(response.database, database)
        _fill_tables(response.database, self._bank.schema(database.database_id))
        return response

    def _fill(self, message: pb.Task, task: Task, *, with_gold: bool) -> None:
        message.task_id = task.task_id
        message.kind = observation_pb2.TaskKind.ValueType(task.kind)
        message.database_id = task.database_id
        message.split = pb.Split.ValueType(task.split)
        message.difficulty = pb.Difficulty.ValueType(task.difficulty)
        message.family = task.family
        message.prompt = task.prompt
        message.broken_sql = task.broken_sql
        if with_gold:
            message.gold.sql = task.gold_sql
            message.gold.tables.extend(task.gold_tables)
            if task.answer_kind is not None:
                gold = self._bank.prepare(task.task_id).gold[0]
                message.gold.answer_kind = pb.AnswerKind.ValueType(task.answer_kind)
                message.gold.answer = render_answer(task.answer_kind, gold)

    def _fill_database(self, message: pb.Database, database: DatabaseInfo) -> None:
        message.database_id = database.database_id
        message.title = database.title
        message.split = pb.Split.ValueType(database.split)
        message.task_count = len(self._bank.select(database_id=database.database_id))


def _fill_tables(message: pb.Database, schema: Schema) -> None:
    for table in schema.tables:
        filled = message.tables.add(name=table.name, row_count=table.row_count, is_view=table.is_view)
        for column in table.columns:
            filled.columns.add(
                name=column.name,
                declared_type=column.declared_type,
                not_null=column.not_null,
                primary_key_position=column.primary_key_position,
                references=column.references,
            )


def _check_scope(include_gold: bool, caller: Caller) -> None:
    if include_gold and not caller.may_see_gold:
        raise Refusal(
            Reason.ORACLE_SCOPE_REQUIRED,
            "gold needs a token with the oracle scope",
            field="include_gold",
            hint="Send such a token as 'authorization: Bearer <token>'.",
        )
