"""One live session: an episode, the steps that were answered, and the rule that makes retries safe."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from ..core.action import Action
from ..core.episode import Episode, Transition
from ..core.observation import Observation
from .refusal import Reason, Refusal

STEPS_AFTER_END = 64  # answered with the penalty; more are refused, so a session stays bounded


@dataclass(frozen=True, slots=True)
class Played:
    """A step that was answered."""

    step_index: int
    action: Action
    reviewed: bool
    transition: Transition


class Session:
    """An episode under way. `lock` is held while it is played, since commands may come from any thread."""

    def __init__(self, session_id: str, episode: Episode, seed: int, budget: int) -> None:
        self.session_id = session_id
        self.episode = episode
        self.seed = seed
        self.lock = threading.Lock()
        self.history: list[Played] = []
        self.state, self._first = episode.start(budget)
        self.last_used = time.monotonic()
        self.closed = False

    @property
    def observation(self) -> Observation:
        """The last observation."""
        return self.history[-1].transition.observation if self.history else self._first

    def play(self, step_index: int, action: Action, *, reviewed: bool) -> Played:
        """Plays step `step_index`, or gives the answer that it had before.

        Raises Refusal for an index that skips a step, for one that was answered with another action, and
        when too many steps came after the end.
        """
        answered = len(self.history)
        if step_index <= answered:
            return self._again(self.history[step_index - 1], action, reviewed)
        if step_index > answered + 1:
            raise Refusal(
                Reason.STEP_GAP,
                f"step {step_index} skips a step: the next one of this session is {answered + 1}",
                field="step_index",
                hint="Send the steps in order; GetState tells the next index.",
                expected_step_index=answered + 1,
            )
        if answered >= self.state.budget + STEPS_AFTER_END:
            raise Refusal(
                Reason.EPISODE_OVER,
                "the episode has ended, and too many steps came after its end",
                hint="Reset the session to begin a new episode, or close it.",
            )
        transition = self.episode.step(self.state, action, reviewed=reviewed)
        self.state = transition.state
        played = Played(step_index, action, reviewed, transition)
        self.history.append(played)
        return played

    def _again(self, played: Played, action: Action, reviewed: bool) -> Played:
        if played.action == action and played.reviewed == reviewed:
            return played
        raise Refusal(
            Reason.STEP_CONFLICT,
            f"step {played.step_index} was answered before, for another action",
            field="step_index",
            hint=f"Go on with step {len(self.history) + 1}; only the same action may be sent again.",
            expected_step_index=len(self.history) + 1,
        )
