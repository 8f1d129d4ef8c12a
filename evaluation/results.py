"""Result files: JSON lines, the first the run, then one for each episode.

Floats are written so that they read back to the same number, and nothing depends on the clock, so
equal evaluations give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..client.types import (
    Action,
    Answer,
    Describe,
    Difficulty,
    Outcome,
    Query,
    Reward,
    RewardTerm,
    RewardTermKind,
    Sample,
    Split,
    Submit,
    TaskKind,
    Unparsed,
)
from .outcome import EpisodeResult, EvaluationResult, Run, StepRecord
from .tasks import TaskFilter
from .whole_file import whole_file

FORMAT = "sqldojo.evaluation/1"

Json = dict[str, Any]


def write_results(path: Path, result: EvaluationResult) -> None:
    """Writes an evaluation to a file, over what was there once all is written.

    Half a character (a lone surrogate), which UTF-8 has no bytes for, is written as JSON's escape.
    """
    with (
        whole_file(path) as draft,
        draft.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        for record in to_records(result):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_results(path: Path) -> EvaluationResult:
    """Reads what `write_results` wrote, and gives an equal result.

    Raises ValueError when the file is no result file; the message has the line.
    """
    records = [_line(path, number, text) for number, text in enumerate(path.open(encoding="utf-8"), 1)]
    if not records or records[0].get("format") != FORMAT:
        raise ValueError(f"{path}, line 1: no header with format {FORMAT!r}")
    run = _run(path, records[0])
    if len(records) - 1 != run.n_episodes:
        raise ValueError(f"{path}: {len(records) - 1} episodes, the header says {run.n_episodes}")
    return EvaluationResult(run, tuple(_episode(path, n, record) for n, record in enumerate(records[1:], 2)))


def header_record(run: Run) -> Json:
    """Gives the first line of a result file: what is needed to run the evaluation again."""
    return {"format": FORMAT, **asdict(run), "tasks": _filter_record(run.tasks)}


def to_records(result: EvaluationResult) -> Iterable[Json]:
    """Gives the lines of a result file: the header, then the episodes."""
    yield header_record(result.run)
    for episode in result.episodes:
        yield {
            "index": episode.index,
            "task": episode.task_id,
            "kind": episode.kind.name.lower(),
            "difficulty": episode.difficulty.name.lower(),
            "family": episode.family,
            "seed": episode.seed,
            "outcome": episode.outcome.name.lower(),
            "total_reward": episode.total_reward,
            "error": episode.error,
            "steps": [
                {"action": action_record(step.action), "reward": reward_record(step.reward)}
                for step in episode.steps
            ],
        }


def action_record(action: Action) -> dict[str, str]:
    """Gives an action as one name with its text, as {"query": "SELECT 1"}."""
    match action:
        case Describe(table):
            return {"describe": table}
        case Sample(table):
            return {"sample": table}
        case Query(sql):
            return {"query": sql}
        case Answer(value):
            return {"answer": value}
        case Submit(sql):
            return {"submit": sql}
        case Unparsed(text):
            return {"unparsed": text}


def reward_record(reward: Reward) -> Json:
    """Gives a reward with its terms, as the contract's RewardBreakdown has it."""
    return {
        "total": reward.total,
        "unclipped": reward.unclipped,
        "clip_low": reward.clip_low,
        "clip_high": reward.clip_high,
        "terms": [
            {
                "kind": term.kind.name.lower(),
                "value": term.value,
                "weight": term.weight,
                "contribution": term.contribution,
            }
            for term in reward.terms
        ],
    }


def _filter_record(tasks: TaskFilter | None) -> Json | None:
    if tasks is None:
        return None
    return {
        "kind": tasks.kind and tasks.kind.name.lower(),
        "split": tasks.split and tasks.split.name.lower(),
        "difficulty": tasks.difficulty and tasks.difficulty.name.lower(),
        "database": tasks.database,
        "family": tasks.family,
    }


def _line(path: Path, number: int, text: str) -> Json:
    try:
        record = json.loads(text)
    except json.JSONDecodeError as broken:
        raise ValueError(f"{path}, line {number}: no JSON ({broken})") from broken
    if not isinstance(record, dict):
        raise ValueError(f"{path}, line {number}: no JSON object")
    return record


_ACTIONS: dict[str, type[Describe | Sample | Query | Answer | Submit | Unparsed]] = {
    "describe": Describe,
    "sample": Sample,
    "query": Query,
    "answer": Answer,
    "submit": Submit,
    "unparsed": Unparsed,
}


def _run(path: Path, record: Json) -> Run:
    fields = {name: value for name, value in record.items() if name != "format"}
    try:
        return Run(**{**fields, "tasks": fields["tasks"] and _filter(fields["tasks"])})
    except (KeyError, TypeError) as broken:
        raise ValueError(f"{path}, line 1: no header ({type(broken).__name__}: {broken})") from broken


def _filter(record: Json) -> TaskFilter:
    return TaskFilter(
        kind=record["kind"] and TaskKind[record["kind"].upper()],
        split=record["split"] and Split[record["split"].upper()],
        difficulty=record["difficulty"] and Difficulty[record["difficulty"].upper()],
        database=record["database"],
        family=record["family"],
    )


def _episode(path: Path, number: int, record: Json) -> EpisodeResult:
    try:
        return EpisodeResult(
            index=record["index"],
            task_id=record["task"],
            kind=TaskKind[record["kind"].upper()],
            difficulty=Difficulty[record["difficulty"].upper()],
            family=record["family"],
            seed=record["seed"],
            steps=tuple(StepRecord(_action(s["action"]), _reward(s["reward"])) for s in record["steps"]),
            total_reward=record["total_reward"],
            outcome=Outcome[record["outcome"].upper()],
            error=record["error"],
        )
    except (KeyError, TypeError, AttributeError, ValueError) as broken:
        raise ValueError(f"{path}, line {number}: no episode ({type(broken).__name__}: {broken})") from broken


def _action(record: Json) -> Action:
    ((name, text),) = record.items()
    return _ACTIONS[name](text)


def _reward(record: Json) -> Reward:
    terms = tuple(
        RewardTerm(RewardTermKind[t["kind"].upper()], t["value"], t["weight"], t["contribution"])
        for t in record["terms"]
    )
    return Reward(record["total"], record["unclipped"], terms, record["clip_low"], record["clip_high"])
