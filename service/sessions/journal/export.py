"""The journal's episodes as plain data, for files that other programs read."""

from __future__ import annotations

from typing import Any

from sqldojo.v1 import reward_pb2

from ...core.observation import Outcome
from ...core.reward import TermKind
from .records import Recorded, Status, StepRecord, action_text


def episode_record(recorded: Recorded) -> dict[str, Any]:
    """Gives an episode with its steps. Times are seconds since 1970, digests hexadecimal.

    `total_reward` is the sum of the steps' totals, from the first on; `outcome` is that after the last step.
    """
    episode, steps = recorded.episode, recorded.steps
    total = 0.0
    for step in steps:
        total += step.total
    return {
        "episode_id": episode.episode_id,
        "session_id": episode.session_id,
        "generation": episode.generation,
        "task_id": episode.task_id,
        "profile": episode.profile,
        "seed": episode.seed,
        "budget": episode.budget,
        "owner": episode.owner,
        "policy": episode.policy,
        "bank": episode.bank,
        "opened_at": episode.opened_at,
        "status": Status(episode.status).name.lower(),
        "ended_at": episode.ended_at,
        "digest": episode.digest.hex(),
        "outcome": Outcome(steps[-1].outcome if steps else Outcome.RUNNING).name.lower(),
        "total_reward": total,
        "steps": [_step(step) for step in steps],
    }


def _step(step: StepRecord) -> dict[str, Any]:
    reward = reward_pb2.RewardBreakdown.FromString(step.reward)
    action = step.action
    return {
        "step_index": step.step_index,
        "action": type(action).__name__.lower(),
        "text": action_text(action),
        "reviewed": step.reviewed,
        "reward": step.total,
        "unclipped": reward.unclipped,
        "terms": [
            {
                "kind": TermKind(term.kind).name.lower(),
                "value": term.value,
                "weight": term.weight,
                "contribution": term.contribution,
            }
            for term in reward.terms
        ],
        "outcome": Outcome(step.outcome).name.lower(),
        "digest": step.digest.hex(),
        "cut_short": step.cut_short,
        "played_at": step.played_at,
    }
