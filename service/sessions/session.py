"""One live session: an episode, the steps that were answered, and the rule that makes retries safe."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from ..core.action import Action
from ..core.episode import Episode, Transition
from ..core.reward import RewardBreakdown
from .journal.records import EpisodeRecord, StepRecord, action_text, kind_number
from .played import Played
from .refusal import Reason, Refusal

STEPS_AFTER_END = 64  # answered with the penalty; more are refused, so a session stays bounded
KEPT_CHARACTERS = 100_000  # of an action's text in memory: what the sandbox would run at most


_numbers = count(1)


class Encoding(NamedTuple):
    """How answers are put into bytes: the first observation's, a step's, and its reward alone."""

    first: Callable[[Session], bytes]
    step: Callable[[str, int, Transition], bytes]
    reward: Callable[[RewardBreakdown], bytes]


class Answered(NamedTuple):
    """A step that was answered: the action as it is kept, and the answer as it was sent."""

    action: Action
    reviewed: bool
    answer: bytes


class Session:
    """An episode under way. `lock` is held while it is played, since commands may come from any thread.

    `record` is set by who makes it, before anything is played. `number` tells it from every other session of
    this process, also from one that was brought back in its place. `ended` says that it left the store.
    `lost` is set when its last steps could not be written to the journal: what is known of it here counts no
    more, and that is the answer for whoever waits.
    """

    record: EpisodeRecord

    def __init__(self, session_id: str, episode: Episode, budget: int) -> None:
        self.number = next(_numbers)
        self.session_id = session_id
        self.episode = episode
        self.lock = threading.Lock()
        self.answered: list[Answered] = []
        self.state, self.first = episode.start(budget)
        self.last_used = time.monotonic()
        self.ended = False
        self.lost: Refusal | None = None

    def play(
        self,
        step_index: int,
        action: Action,
        reviewed: bool,
        encoding: Encoding,
        played: Played,
        cut_short: str = "",
    ) -> bytes:
        """Plays step `step_index` and encodes its answer, or gives the answer that it had before.

        `cut_short` ends the step's statement before it is run, see Transition.
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
        transition = self.episode.step(self.state, action, reviewed=reviewed, cut_short=cut_short)
        answer = self._take(step_index, action, reviewed, transition, encoding)
        played.unwritten.append(
            self,
            StepRecord(
                self.record.episode_id,
                step_index,
                kind_number(action),
                action_text(action).encode("utf-8", "surrogatepass"),
                reviewed,
                transition.reward.total,
                encoding.reward(transition.reward),
                int(transition.state.outcome),
                digest(answer),
                transition.cut_short or None,
                played.at,
            ),
        )
        return answer

    def replay(self, step: StepRecord, encoding: Encoding) -> None:
        """Plays a step of the journal again. Raises ReplayMismatch when its answer is another one now."""
        action = step.action
        transition = self.episode.step(
            self.state, action, reviewed=step.reviewed, cut_short=step.cut_short or ""
        )
        answer = self._take(step.step_index, action, step.reviewed, transition, encoding)
        if digest(answer) != step.digest:
            raise ReplayMismatch(step.step_index)

    def _take(
        self, step_index: int, action: Action, reviewed: bool, transition: Transition, encoding: Encoding
    ) -> bytes:
        answer = encoding.step(self.session_id, step_index, transition)
        self.state = transition.state
        self.answered.append(Answered(_kept(action), reviewed, answer))
        return answer

    def _again(self, step_index: int, action: Action, reviewed: bool) -> bytes:
        before = self.answered[step_index - 1]
        if before.action == _kept(action) and before.reviewed == reviewed:
            return before.answer
        other = "with the review gate" if before.reviewed else "without the review gate"
        raise Refusal(
            Reason.STEP_CONFLICT,
            f"step {step_index} was answered before, "
            f"{'for another action' if before.reviewed == reviewed else other}",
            field="step_index",
            hint=f"Go on with step {len(self.answered) + 1}; only the same step may be sent again.",
            expected_step_index=len(self.answered) + 1,
        )


class ReplayMismatch(Exception):
    """A replay gave another answer than the journal knows; `step_index` is 0 for the first observation."""

    def __init__(self, step_index: int) -> None:
        super().__init__(f"step {step_index} gives another answer than it did")
        self.step_index = step_index


def digest(answer: bytes) -> bytes:
    """The digest by which the journal knows an answer."""
    return hashlib.blake2b(answer, digest_size=16).digest()


def _kept(action: Action) -> Action:
    """Gives an action as a session keeps it: a very long text is cut, and told apart by its digest."""
    text = action_text(action)
    if len(text) <= KEPT_CHARACTERS:
        return action
    whole = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return type(action)(f"{text[:KEPT_CHARACTERS]}… [{len(text):,} characters, blake2b {whole}]")
