from __future__ import annotations

import functools
import inspect
import json
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("trl")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers.utils import get_json_schema

from sqldojo.client import (
    AnswerKind,
    Describe,
    DojoError,
    ErrorKind,
    ErrorReason,
    Query,
    SyncDojo,
    Task,
    TaskKind,
    Unparsed,
    connect_sync,
)
from sqldojo.client.retry import Backoff
from sqldojo.trainer import (
    EnvironmentFactory,
    ExploreEnvironment,
    LostEpisodeError,
    RepairEnvironment,
    environment_factory,
    episode_reward,
    prompt_messages,
)

pytestmark = pytest.mark.train

TOOLS = {
    ExploreEnvironment: {"answer": ["value"], "describe": ["table"], "query": ["sql"], "sample": ["table"]},
    RepairEnvironment: {"describe": ["table"], "query": ["sql"], "sample": ["table"], "submit": ["sql"]},
}


@pytest.fixture(scope="module")
def factory(dojo: SyncDojo) -> Iterator[EnvironmentFactory]:
    with environment_factory(dojo.address) as factory:
        yield factory


@pytest.fixture
def environment(factory: EnvironmentFactory, explore_tasks: list[Task]) -> Iterator[ExploreEnvironment]:
    environment = factory()
    assert isinstance(environment, ExploreEnvironment)
    environment.reset(task=explore_tasks[0].task_id)
    yield environment
    environment._close()


@pytest.mark.parametrize(("environment", "tools"), TOOLS.items())
def test_trl_finds_the_tools_and_nothing_else(environment: type, tools: dict[str, list[str]]) -> None:
    # GRPOTrainer's own rule: it looks for functions on the class.
    public = [
        name
        for name, _ in inspect.getmembers(environment, predicate=inspect.isfunction)
        if name not in ("reset", "get_reward") and not name.startswith("_")
    ]
    assert public == list(tools)
    for name, arguments in tools.items():
        schema = get_json_schema(getattr(environment, name))["function"]
        assert schema["name"] == name
        assert schema["description"]
        assert schema["parameters"]["required"] == arguments
        assert list(schema["parameters"]["properties"]) == arguments
        for argument in arguments:
            described = schema["parameters"]["properties"][argument]
            assert described["type"] == "string"
            assert described["description"]


@pytest.mark.parametrize("kind", TaskKind)
def test_the_prompt_and_what_reset_gives_are_the_first_observation(
    dojo: SyncDojo, tasks: list[Task], kind: TaskKind
) -> None:
    with environment_factory(dojo.address, kind=kind) as factory:
        environment = factory()
        for task in [task for task in tasks if task.kind is kind][::7]:
            opening = environment.reset(task=task.task_id, prompt=prompt_messages(task), difficulty="EASY")
            with dojo.session(task.task_id) as session:
                first = session.observation.text()
            assert opening.startswith("\n")
            assert f"{prompt_messages(task)[-1]['content']}{opening}" == first
            assert task.prompt not in opening


def test_a_row_chooses_seed_profile_and_budget_and_nulls_choose_nothing(
    factory: EnvironmentFactory, explore_tasks: list[Task]
) -> None:
    environment = factory()
    task = explore_tasks[0].task_id
    assert "[3 steps left]" in environment.reset(task=task, seed=7, profile="sqlenv-legacy", budget=3)
    environment.describe("nothing")
    [step] = environment.steps
    assert (step.observation.profile, step.observation.budget) == ("sqlenv-legacy", 3)
    assert "[15 steps left]" in environment.reset(task=task, seed=None, profile=None, budget=None)
    environment._close()


def test_an_explore_episode_is_played_as_by_the_client(
    dojo: SyncDojo, factory: EnvironmentFactory, explore_tasks: list[Task]
) -> None:
    environment = factory()
    for task in explore_tasks[::9]:
        assert task.gold is not None
        environment.reset(task=task.task_id)
        table = task.gold.tables[0]
        texts = [environment.describe(table), environment.sample(table)]
        texts += [environment.query(sql=task.gold.sql), environment.answer(task.gold.answer)]
        with dojo.session(task.task_id) as session:
            steps = [session.describe(table), session.sample(table)]
            steps += [session.query(task.gold.sql), session.answer(task.gold.answer)]
            assert texts == [step.observation.text() for step in steps]
            assert episode_reward([environment]) == [pytest.approx(session.total_reward, abs=1e-12)]
        assert environment.solved
        assert not any("reward" in text.lower() for text in texts)


def test_a_repair_episode_is_played_and_solved(dojo: SyncDojo, repair_tasks: list[Task]) -> None:
    with environment_factory(dojo.address, kind=TaskKind.REPAIR) as factory:
        environment = factory()
        assert isinstance(environment, RepairEnvironment)
        for task in repair_tasks[::20]:
            assert task.gold is not None
            opening = environment.reset(task=task.task_id)
            assert task.broken_sql in opening
            environment.submit(task.broken_sql)
            assert not environment.solved
            environment.submit(task.gold.sql)
            assert environment.solved


def test_calls_after_the_end_cost_and_never_raise(environment: ExploreEnvironment) -> None:
    environment.answer("surely not this")
    [answered] = episode_reward([environment])
    assert answered == 0.0
    for wasted in range(1, 4):
        text = environment.query("SELECT 1")
        assert ErrorKind.EPISODE_OVER.name in text
        assert episode_reward([environment]) == [pytest.approx(-0.3 * wasted)]
    # The server takes a bounded number of them; the model then sees the refusal, and training goes on.
    texts = [environment.answer("again") for _ in range(100)]
    assert all(ErrorReason.EPISODE_OVER.name in text for text in texts)
    assert len(environment.steps) < 100


def test_a_tool_before_reset_says_what_to_do(factory: EnvironmentFactory) -> None:
    with pytest.raises(RuntimeError, match=r"before reset: call reset\(task="):
        factory().query("SELECT 1")


def test_reset_says_what_is_wrong_with_a_row(
    factory: EnvironmentFactory, repair_tasks: list[Task], explore_tasks: list[Task]
) -> None:
    environment = factory()
    with pytest.raises(ValueError, match="column `task`"):
        environment.reset(question="How many?")
    with pytest.raises(ValueError, match=r"kind=TaskKind\.REPAIR"):
        environment.reset(task=repair_tasks[0].task_id)
    with pytest.raises(DojoError) as refused:
        environment.reset(task="no/such/task")
    assert refused.value.reason is ErrorReason.UNKNOWN_TASK
    environment.reset(task=explore_tasks[0].task_id)
    environment._close()


def test_reset_begins_anew_and_closes_the_last_session(
    dojo: SyncDojo, factory: EnvironmentFactory, explore_tasks: list[Task]
) -> None:
    environment = factory()
    environment.reset(task=explore_tasks[0].task_id)
    environment.answer("wrong")
    last = environment._session
    environment.reset(task=explore_tasks[0].task_id)
    assert environment.steps == ()
    assert episode_reward([environment]) == [0.0]
    assert last is not None
    with pytest.raises(DojoError) as refused:
        last.state()
    assert refused.value.reason in (ErrorReason.SESSION_CLOSED, ErrorReason.UNKNOWN_SESSION)
    environment._close()


def test_environments_share_a_connection_and_nothing_else(
    factory: EnvironmentFactory, explore_tasks: list[Task]
) -> None:
    environments = [factory() for _ in range(3)]
    for environment, task in zip(environments, explore_tasks, strict=False):
        environment.reset(task=task.task_id)
    environments[1].query("SELECT 1")
    assert [len(environment.steps) for environment in environments] == [0, 1, 0]
    assert len({id(environment._dojo) for environment in environments}) == 1
    for environment in environments:
        environment._close()


def test_a_number_is_an_answer(factory: EnvironmentFactory, explore_tasks: list[Task]) -> None:
    environment = factory()
    task = next(task for task in explore_tasks if task.gold and task.gold.answer_kind is AnswerKind.INTEGER)
    assert task.gold is not None
    environment.reset(task=task.task_id)
    environment.answer(int(task.gold.answer))  # type: ignore[arg-type]
    assert environment.solved
    environment._close()


def test_null_is_the_answer_where_it_is(factory: EnvironmentFactory, explore_tasks: list[Task]) -> None:
    environment = factory()
    task = next(task for task in explore_tasks if task.gold and task.gold.answer_kind is AnswerKind.NULL)
    environment.reset(task=task.task_id)
    environment.answer(None)  # type: ignore[arg-type]
    assert environment.solved
    environment._close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arguments=st.dictionaries(st.sampled_from(["table", "sql", "value", "self", "x"]), JSON, max_size=3))
@pytest.mark.parametrize("tool", TOOLS[ExploreEnvironment])
def test_whatever_a_model_passes_is_a_step_and_no_exception(
    environment: ExploreEnvironment, explore_tasks: list[Task], tool: str, arguments: dict[str, object]
) -> None:
    environment.reset(task=explore_tasks[0].task_id)
    text = getattr(environment, tool)(**arguments)
    assert isinstance(text, str)
    [step] = environment.steps
    assert step.observation.steps_used == 1
    fits = list(arguments) == TOOLS[ExploreEnvironment][tool]
    assert isinstance(step.action, Unparsed) is not fits


def test_half_a_character_and_a_null_are_text(environment: ExploreEnvironment) -> None:
    environment.query("SELECT '\ud800'")
    environment.describe(None)  # type: ignore[arg-type]
    assert [step.action for step in environment.steps] == [Query("SELECT '?'"), Describe("")]


def test_a_call_with_wrong_arguments_costs_a_step_and_shows_what_was_called(
    environment: ExploreEnvironment,
) -> None:
    text = environment.describe(tabel="orders")  # type: ignore[call-arg]
    assert ErrorKind.UNPARSED.name in text
    [step] = environment.steps
    assert isinstance(step.action, Unparsed)
    assert "describe" in step.action.text
    assert json.dumps({"tabel": "orders"}) in step.action.text
    assert step.reward.total < 0


def test_an_episode_that_the_server_cut_off_has_no_reward(
    explore_tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=3, first=0.001))
    with connect_sync() as short_lived:
        factory = environment_factory(short_lived.address)
        environment = factory()
        environment.reset(task=explore_tasks[0].task_id)
        environment.describe("nothing")
    with pytest.raises(DojoError):
        environment.describe("nothing")
    with pytest.raises(LostEpisodeError, match="cut off"):
        episode_reward([environment])
    factory.close()


def test_what_cannot_be_written_down_is_a_step_too(environment: ExploreEnvironment) -> None:
    for argument in (10**5000, functools.reduce(lambda inner, _: [inner], range(3000), [])):
        before = len(environment.steps)
        environment.describe(argument)
        assert len(environment.steps) == before + 1


def test_a_kind_that_is_none_is_refused_before_anything_is_connected() -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="kind 'explore' must be TaskKind"):
        environment_factory(kind="explore")
    assert threading.active_count() == before


def test_an_episode_that_could_not_begin_has_no_reward(dojo: SyncDojo, explore_tasks: list[Task]) -> None:
    with connect_sync(dojo.address) as mine:
        cut_off = EnvironmentFactory(mine, TaskKind.EXPLORE)()
        cut_off.reset(task=explore_tasks[0].task_id)
        refused = EnvironmentFactory(mine, TaskKind.EXPLORE)()
        with pytest.raises(DojoError, match="UNKNOWN_TASK"):
            refused.reset(task="nothing/like/it")
    with pytest.raises(DojoError, match="the connection was closed"):
        cut_off.query("SELECT 1")
    for environment in (cut_off, refused):
        with pytest.raises(LostEpisodeError):
            episode_reward([environment])
