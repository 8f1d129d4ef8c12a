"""Reward functions for GRPOTrainer: what the server gave for an episode, and how it came about.

They read the environments that TRL passes, one per completion, and compute nothing of their own: a
reward in a training log is the sum of the rewards in the server's records. An episode that was cut off by
the server raises LostEpisodeError: the training stops rather than learn a wrong reward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum

from ..client import RewardTermKind, Step
from .environment import Environment

Rewards = list[float | None]  # the type that TRL asks for; None is never among them


def episode_reward(
    environments: Sequence[Environment],
    log_metric: Callable[[str, float], None] | None = None,
    **_columns: object,
) -> Rewards:
    """Gives each episode's total reward, calls after its end included; 0 for one without a step.

    Logs the rewards taken apart: `terms/<kind>` is the mean over the episodes of the sum of that term's
    contributions, `terms/clipping` what the steps' clips added or took. They sum up to the mean reward.
    """
    episodes = [environment.steps for environment in environments]
    if log_metric is not None and episodes:
        for name, value in _mean_terms(episodes).items():
            log_metric(f"terms/{name}", value)
    return [fsum(step.reward.total for step in steps) for steps in episodes]


def _mean_terms(episodes: Sequence[tuple[Step, ...]]) -> dict[str, float]:
    """Gives every term's mean over episodes, also where it is 0: all processes must log the same names."""
    rewards = [step.reward for steps in episodes for step in steps]
    sums = {
        kind.name.lower(): fsum(
            term.contribution for reward in rewards for term in reward.terms if term.kind is kind
        )
        for kind in RewardTermKind
    }
    sums["clipping"] = fsum(reward.total - reward.unclipped for reward in rewards)
    return {name: value / len(episodes) for name, value in sums.items()}


def solved_reward(environments: Sequence[Environment], **_columns: object) -> Rewards:
    """Gives 1 for an episode that was solved, else 0.

    Beside `episode_reward`, which holds the correct answer already, give it the weight 0
    (`GRPOConfig(reward_weights=[1.0, 0.0])`): then `rewards/solved_reward/mean` is the success rate.
    """
    return [float(environment.solved) for environment in environments]
