"""What `--json` writes: tasks, databases, observations and steps as JSON objects."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

import typer

from ..client.types import (
    ActionError,
    DatabaseInfo,
    Observation,
    Result,
    Review,
    Step,
    Task,
    Value,
)
from ..evaluation.results import action_record, reward_record
from .options import split_word

Json = dict[str, Any]


def write_line(record: Json | list[Json]) -> None:
    """Writes a record to stdout as one line."""
    typer.echo(json.dumps(record, ensure_ascii=False))


def task_record(task: Task) -> Json:
    """Gives a task; `gold` is there only where it was seen."""
    record: Json = {
        "task": task.task_id,
        "kind": task.kind.name.lower(),
        "database": task.database_id,
        "split": split_word(task.split),
        "difficulty": task.difficulty.name.lower(),
        "family": task.family,
        "prompt": task.prompt,
        "broken_sql": task.broken_sql,
    }
    if task.gold:
        kind = task.gold.answer_kind
        record["gold"] = {
            "sql": task.gold.sql,
            "answer_kind": kind.name.lower() if kind else None,
            "answer": task.gold.answer,
            "tables": task.gold.tables,
        }
    return record


def database_record(database: DatabaseInfo) -> Json:
    """Gives a database; its tables are empty in a listing."""
    return {
        "database": database.database_id,
        "title": database.title,
        "split": split_word(database.split),
        "task_count": database.task_count,
        "tables": [asdict(table) for table in database.tables],
    }


def observation_record(observation: Observation) -> Json:
    """Gives what was seen, with the brief before the first step."""
    record: Json = {
        "result": _result(observation.result),
        "error": _error(observation.error),
        "steps_used": observation.steps_used,
        "steps_left": observation.steps_left,
        "done": observation.done,
        "outcome": observation.outcome.name.lower(),
    }
    if observation.steps_used:
        return record
    brief = {
        "task": observation.task_id,
        "kind": observation.kind.name.lower(),
        "database": observation.database_id,
        "prompt": observation.prompt,
        "tables": observation.tables,
        "broken_sql": observation.broken_sql,
        "broken_error": _error(observation.broken_error),
        "broken_result": _result(observation.broken_result),
        "budget": observation.budget,
        "profile": observation.profile,
    }
    return brief | record


def step_record(step: Step) -> Json:
    """Gives a step; `review` is there only where it was reviewed."""
    record: Json = {
        "step_index": step.step_index,
        "action": action_record(step.action),
        "observation": observation_record(step.observation),
        "reward": reward_record(step.reward),
        "total_reward": step.total_reward,
    }
    if step.review:
        record["review"] = _review(step.review)
    return record


def _result(result: Result | None) -> Json | None:
    if result is None:
        return None
    return {
        "columns": [asdict(column) for column in result.columns],
        "rows": [[_cell(value) for value in row] for row in result.rows],
        "row_count": result.row_count,
        "row_count_is_lower_bound": result.row_count_is_lower_bound,
        "truncated": result.truncated,
    }


def _cell(value: Value) -> int | float | str | None:
    """Gives a cell as JSON can hold it: bytes as an SQL literal, an infinite number as its name."""
    if isinstance(value, bytes):
        return f"x'{value.hex().upper()}'"
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def _error(error: ActionError | None) -> Json | None:
    if error is None:
        return None
    return {"kind": error.kind.name.lower(), "message": error.message, "available": error.available}


def _review(review: Review) -> Json:
    return {
        "verdict": review.verdict.name.lower(),
        "findings": [
            {
                "kind": finding.kind.name.lower(),
                "severity": finding.severity.name.lower(),
                "where": finding.where,
                "message": finding.message,
            }
            for finding in review.findings
        ],
    }
