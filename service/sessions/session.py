"""One live session: an episode, the steps that were answered, and the rule that makes retries safe."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ..core.action import Action
from ..core.episode import Episode, Transition
from .refusal import Reason, Refusal

STEPS_AFTER_END = 64  # answered with the penalty; more are refused, so a session stays bounded
KEPT_CHARACTERS = 100_000  # of an action's text: what the sandbox would run at most

Encode = Callable[[str, int, Transition], bytes]


class Answered(NamedTuple):
    """A step that was answered: the action as it is kept, and the answer as it was sent."""

    action: Action
    reviewed: bool
    answer: bytes


class Session:
    """An episode under way. `lock` is held while it is played, since commands may come from any thread."""

    def __init__(self, session_id: str, episode: Episode, seed: int, budget: int) -> None:
        self.session_id = session_id
        self.episode = episode
        self.seed = seed
        self.lock = threading.Lock()
        self.answered: list[Answered] = []
        self.state, self.first = episode.start(budget)
        self.last_used = time.monotonic()
        self.closed = False

    def play(self, step_index: int, action: Action, reviewed: bool, encode: Encode) -> bytes:
        """Plays step `step_index` and encodes its answer, or gives the answer that it had before.

        Raises Refusal for an index that skips a step, for one that was answered with another action, and
        when too many steps came after the end.
        """
        answered = len(self.answered)
        if step_index <= answered:
            return self._again(step_index, action, reviewed)
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
        answer = encode(self.session_id, step_index, transition)
        self.state = transition.state
        self.answered.append(Answered(_kept(action), reviewed, answer))
        return answer

    def _again(self, step_index: int, action: Action, reviewed: bool) -> bytes:
        before = self.answered[step_index - 1]
        if before.action == _kept(action) and before.reviewed == reviewed:
            return before.answer
        raise Refusal(
            Reason.STEP_CONFLICT,
            f"step {step_index} was answered before, for another action",
            field="step_index",
            hint=f"Go on with step {len(self.answered) + 1}; only the same action may be sent again.",
            expected_step_index=len(self.answered) + 1,
        )


def _kept(action: Action) -> Action:
    """Gives an action as a session keeps it: a very long text is cut, and told apart by its digest."""
    (name,) = action.__slots__
    text: str = getattr(action, name)
    if len(text) <= KEPT_CHARACTERS:
        return action
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return type(action)(f"{text[:KEPT_CHARACTERS]}… [{len(text):,} characters, blake2b {digest}]")
