"""The environments that TRL's GRPOTrainer takes as `environment_factory`, played on a sqldojo server.

TRL makes a tool of every public function of the class but `reset`, from its type hints and docstring,
and shows the model what it returns. So the tools are the only public functions here; what rewards and
metrics read are properties, which TRL passes over.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Self, TypeVar

from ..client import (
    Action,
    Answer,
    Describe,
    DojoError,
    ErrorReason,
    Outcome,
    Query,
    Sample,
    Step,
    Submit,
    SyncDojo,
    SyncSession,
    TaskKind,
    Unparsed,
    connect_sync,
)
from .conversation import opening

P = ParamSpec("P")
E = TypeVar("E", bound="Environment")


class LostEpisodeError(RuntimeError):
    """An episode was cut off by the server or the network, so there is no reward to learn from."""


def _as_text(argument: object, null: str = "") -> str:
    """Gives a tool argument as the text that it stands for: models pass numbers, lists and nulls too."""
    if argument is None:
        return null
    text = argument if isinstance(argument, str) else _as_json(argument)
    # A JSON escape such as \ud800 is half a character, which no UTF-8 message can carry.
    return text.encode("utf-8", "replace").decode()


def _as_json(argument: object) -> str:
    try:
        return json.dumps(argument, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists nested as deeply
        return f"<{type(argument).__name__}>"


def _tool(method: Callable[Concatenate[E, P], str]) -> Callable[Concatenate[E, P], str]:
    """Makes a call with missing or unknown arguments cost a step, as a reply that could not be parsed.

    TRL would answer it with the TypeError's text, the server would not hear of it, and it would be free.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(environment: E, /, *args: P.args, **kwargs: P.kwargs) -> str:
        try:
            signature.bind(environment, *args, **kwargs)
        except TypeError:
            return environment._step(Unparsed(f"{method.__name__}({_as_text([*args, kwargs])})"))
        return method(environment, *args, **kwargs)

    return call


class Environment:
    """One conversation's episode: the session, its steps, and the tools that both kinds of task have.

    Instances are used again for one episode after another. Not for several threads at once.
    """

    _kind: TaskKind

    def __init__(self, dojo: SyncDojo) -> None:
        self._dojo = dojo
        self._session: SyncSession | None = None
        self._failure: DojoError | None = None

    def reset(
        self,
        task: str = "",
        seed: int | None = None,
        profile: str | None = None,
        budget: int | None = None,
        **_other_columns: object,
    ) -> str:
        """Begins an episode of `task` and gives what TRL appends to the user message.

        A training set's row is passed as it is; of its columns only those named here count, and a null
        means the server's default. Raises ValueError for a task whose kind has other tools, DojoError when
        the server refuses.
        """
        self._close()
        if not task:
            raise ValueError("reset needs a task's id: the data set has no column `task`, or an empty one")
        try:
            self._session = self._dojo.session(
                task=task, seed=seed or 0, profile=profile or "", budget=budget or 0
            )
        except DojoError as error:
            self._failure = error  # there is no episode to learn from
            raise
        first = self._session.observation
        if first.kind is not self._kind:
            self._close()
            raise ValueError(
                f"task {task!r} is of kind {first.kind.name}, {type(self).__name__} plays {self._kind.name}: "
                f"build the factory with kind=TaskKind.{first.kind.name}"
            )
        return opening(first)

    @_tool
    def describe(self, table: str) -> str:
        """Shows the columns of a table.

        Args:
            table: Name of the table.

        """
        return self._step(Describe(_as_text(table)))

    @_tool
    def sample(self, table: str) -> str:
        """Shows the first rows of a table.

        Args:
            table: Name of the table.

        """
        return self._step(Sample(_as_text(table)))

    @_tool
    def query(self, sql: str) -> str:
        """Runs one SQL statement and shows its result, at most 20 rows.

        Args:
            sql: The statement, in SQLite's dialect.

        """
        return self._step(Query(_as_text(sql)))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The episode's steps so far, those after its end included. Raises LostEpisodeError."""
        if self._failure is not None:
            raise LostEpisodeError(f"the episode was cut off: {self._failure}") from self._failure
        return self._session.observation.history if self._session is not None else ()

    @property
    def solved(self) -> bool:
        """The episode ended with a correct answer or submission. Raises LostEpisodeError."""
        return bool(self.steps) and self.steps[-1].observation.outcome is Outcome.SOLVED

    def _step(self, action: Action) -> str:
        """Plays an action and gives what the model sees of it: the observation, not the reward.

        Actions after the episode's end reach the server too, which takes 0.3 for each: wasted calls must
        show in the reward. When it takes no more of them, the model sees the refusal.
        """
        if self._session is None:
            raise RuntimeError(f"{type(action).__name__} before reset: call reset(task=...) first")
        try:
            return self._session.step(action).observation.text()
        except DojoError as error:
            if error.reason is ErrorReason.EPISODE_OVER:
                return str(error)
            # TRL shows the exception to the model and goes on; kept here, it stops the reward function.
            self._failure = error
            raise

    def _close(self) -> None:
        """Leaves the session, if there is one."""
        session, self._session, self._failure = self._session, None, None
        if session is not None:
            session.close()


class ExploreEnvironment(Environment):
    """An explore episode: describe, sample, query, then answer."""

    _kind = TaskKind.EXPLORE

    @_tool
    def answer(self, value: str) -> str:
        """Gives the answer to the question and ends the task.

        Args:
            value: The answer: a number, a text, a list as "a, b", or rows as lines of "a | b". "NULL" for a
                missing value, "[]" for no rows.

        """
        return self._step(Answer(_as_text(value, null="NULL")))


class RepairEnvironment(Environment):
    """A repair episode: describe, sample, query, then submit."""

    _kind = TaskKind.REPAIR

    @_tool
    def submit(self, sql: str) -> str:
        """Hands in the repaired statement. The task ends when it is correct.

        Args:
            sql: The statement, in SQLite's dialect.

        """
        return self._step(Submit(_as_text(sql)))


ENVIRONMENTS: dict[TaskKind, type[ExploreEnvironment] | type[RepairEnvironment]] = {
    TaskKind.EXPLORE: ExploreEnvironment,
    TaskKind.REPAIR: RepairEnvironment,
}


def _environment_of(kind: TaskKind) -> type[ExploreEnvironment] | type[RepairEnvironment]:
    try:
        return ENVIRONMENTS[kind]
    except KeyError:
        raise ValueError(f"kind {kind!r} must be TaskKind.EXPLORE or TaskKind.REPAIR") from None


class EnvironmentFactory:
    """Makes the environments of a training run, all on one connection; what GRPOTrainer calls.

    The connection lasts until `close`, the end of a `with` block, or the end of the process.
    """

    def __init__(self, dojo: SyncDojo, kind: TaskKind) -> None:
        self._dojo = dojo
        self._environment = _environment_of(kind)

    def __call__(self) -> ExploreEnvironment | RepairEnvironment:
        """Gives an environment that has no episode yet."""
        return self._environment(self._dojo)

    @property
    def address(self) -> str:
        """The server's address."""
        return self._dojo.address

    def close(self) -> None:
        """Ends the connection, and the embedded server where there is one. Closing twice is no error."""
        self._dojo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def environment_factory(
    address: str | None = None, *, kind: TaskKind = TaskKind.EXPLORE, token: str | None = None
) -> EnvironmentFactory:
    """Connects, and gives the `environment_factory` for GRPOTrainer.

    Without an address an embedded server is started; with one, a server that is not there shows at the
    first episode, as a DojoError. `token` is the bearer token, where the server asks for one. A factory
    has one kind of task, since the tools differ. Raises ValueError for what is no kind or no address.
    """
    _environment_of(kind)  # before anything is connected
    return EnvironmentFactory(connect_sync(address, token=token), kind)
