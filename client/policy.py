"""Who plays."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, runtime_checkable

from .types import Action, Observation


class Policy(Protocol):
    """Decides what to do next. Any object with this method is a policy; the method may be `async`.

    One policy object plays all episodes of a rollout, many at the same time, so it must decide by the
    observation alone, whose history holds all that happened. A policy that draws at random or remembers is
    an `EpisodicPolicy` too.
    """

    def select_action(self, observation: Observation) -> Action | Awaitable[Action]:
        """Gives the next action of the episode that `observation` belongs to."""
        ...


@runtime_checkable
class EpisodicPolicy(Protocol):
    """A policy that has a state of its own in each episode."""

    def for_episode(self, seed: int) -> Policy:
        """Gives the policy that plays one episode; called once for each, with the episode's seed."""
        ...
