"""An observation in words: what a model or a person reads."""

from __future__ import annotations

from .types import ActionError, Observation, Outcome, Result, Submit, TaskKind, Value

_ENDINGS = {
    Outcome.SOLVED: "Solved.",
    Outcome.FAILED: "Wrong. The episode has ended.",
    Outcome.EXHAUSTED: "No steps left.",
}


def observation_text(observation: Observation) -> str:
    """Gives the brief before the first step, what the last step brought after it, and the steps left."""
    lines = _brief(observation) if observation.steps_used == 0 else _news(observation)
    return "\n".join([*lines, _standing(observation)])


def _brief(observation: Observation) -> list[str]:
    lines = [
        f"{'Ticket' if observation.kind is TaskKind.REPAIR else 'Question'}: {observation.prompt}",
        f"Database: {observation.database_id}",
        f"Tables: {', '.join(observation.tables)}",
    ]
    if observation.broken_sql:
        lines += ["Broken query:", observation.broken_sql]
    if observation.broken_error is not None:
        lines += ["It fails:", _error(observation.broken_error)]
    if observation.broken_result is not None:
        lines += ["It gives:", *_table(observation.broken_result)]
    return lines + _outcome_of_action(observation)


def _news(observation: Observation) -> list[str]:
    lines = _outcome_of_action(observation)
    if observation.done:
        return lines
    if observation.history and isinstance(observation.history[-1].action, Submit):
        return [*lines, "This does not solve the task."]
    return lines or ["(no result)"]


def _outcome_of_action(observation: Observation) -> list[str]:
    lines = _table(observation.result) if observation.result is not None else []
    if observation.error is not None:
        lines.append(_error(observation.error))
    return lines


def _standing(observation: Observation) -> str:
    if observation.done:
        return _ENDINGS[observation.outcome]
    return f"[{observation.steps_left} step{'s' * (observation.steps_left != 1)} left]"


def _error(error: ActionError) -> str:
    available = f"\nAvailable: {', '.join(error.available)}" if error.available else ""
    return f"Error {error.kind.name}: {error.message}{available}"


def _table(result: Result) -> list[str]:
    lines = [" | ".join(column.name for column in result.columns)]
    lines += [" | ".join(map(_cell, row)) for row in result.rows]
    if not result.row_count:
        lines.append("(no rows)")
    if result.truncated:
        least = "at least " * result.row_count_is_lower_bound
        lines.append(f"… {least}{result.row_count} rows in all, {len(result.rows)} shown")
    return lines


def _cell(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex().upper()}'"
    # A row is a line: what would break it is shown as it is written in a string.
    return str(value).replace("\r", "\\r").replace("\n", "\\n")
