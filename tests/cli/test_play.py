import json
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.cli.play import Aside, commands, parse
from sqldojo.client.sync import connect_sync
from sqldojo.client.types import Answer, Describe, Query, Sample, Submit, TaskKind

COMMAND = [sys.executable, "-m", "sqldojo.cli"]


@pytest.mark.parametrize(
    ("command", "meaning"),
    [
        ("describe customer", Describe("customer")),
        ("DESCRIBE  order item ", Describe("order item")),
        ("sample customer", Sample("customer")),
        ("answer 1 | a", Answer("1 | a")),
        ("answer SELECT;", Answer("SELECT;")),
        ("submit SELECT 1;", Submit("SELECT 1")),
        ("submit\nSELECT 1\nFROM t;", Submit("SELECT 1\nFROM t")),
        ("select 1;", Query("select 1")),
        ("WITH a AS (SELECT 1)\nSELECT * FROM a;", Query("WITH a AS (SELECT 1)\nSELECT * FROM a")),
        ("DROP TABLE t;", Query("DROP TABLE t")),
        ("-- why\nSELECT 1;", Query("-- why\nSELECT 1")),
        ("quit", Aside.QUIT),
        ("Help", Aside.HELP),
        ("task", Aside.TASK),
    ],
)
def test_commands_and_what_they_mean(command, meaning):
    assert parse(command) == meaning


@pytest.mark.parametrize(
    ("command", "message"), [("fly away", "'fly' is no command"), ("describe", "'describe' needs something")]
)
def test_what_is_no_command(command, message):
    with pytest.raises(ValueError, match=message):
        parse(command)


def read(lines):
    """Gives what `commands` reads lines by."""
    left = iter(lines)
    return lambda prompt: next(left, None)


def test_sql_goes_on_to_its_semicolon_and_everything_else_takes_a_line():
    script = "describe a\n\nSELECT 1\n  FROM a;\nanswer 1\nsubmit SELECT 2\nWHERE 1"
    assert list(commands(read(script.splitlines(keepends=True)))) == [
        "describe a",
        "SELECT 1\n  FROM a;",
        "answer 1",
        "submit SELECT 2\nWHERE 1",
    ]


@given(st.lists(st.sampled_from(["describe t", "SELECT 1;", "SELECT\n2;", "submit\nSELECT 3;", "answer ;"])))
def test_a_script_is_read_as_it_was_written(script):
    lines = [line + "\n" for command in script for line in command.split("\n")]
    assert list(commands(read(lines))) == script


@pytest.fixture(scope="module")
def explore(server):
    with connect_sync(server.address, token=server.token) as dojo:
        return dojo.tasks(kind=TaskKind.EXPLORE, gold=True)[0]


@pytest.fixture(scope="module")
def repair(server):
    with connect_sync(server.address, token=server.token) as dojo:
        return dojo.tasks(kind=TaskKind.REPAIR, gold=True)[0]


def solution(task):
    (first, *_) = task.gold.tables
    end = f"answer {task.gold.answer}" if task.kind is TaskKind.EXPLORE else f"submit {task.gold.sql};"
    return f"describe {first}\n{task.gold.sql};\n{end}\n"


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("kind", ["explore", "repair"])
def test_an_episode_by_script_on_screen(sqldojo, server, request, kind, columns):
    task = request.getfixturevalue(kind)
    if "\n" in task.gold.answer:
        pytest.skip("an answer of several lines does not fit into one command")
    played = sqldojo("play", task.task_id, "--address", server.address, stdin=solution(task), columns=columns)
    assert played.returncode == 0, played.stderr
    assert played.stderr == ""
    assert max(map(len, played.stdout.splitlines())) <= columns
    assert "\x1b" not in played.stdout
    for part in (
        task.task_id,
        "Step 1  describe",
        "Step 2  query",
        "step cost",
        "executed",
        "reward",
        "Solved",
    ):
        assert part in played.stdout


def test_the_reward_on_screen_is_taken_apart(sqldojo, server, explore):
    script = "SELECT x FROM nowhere;\nanswer certainly not\n"
    played = sqldojo("play", explore.task_id, "--address", server.address, stdin=script)
    squeezed = " ".join(played.stdout.split())
    assert "no such table" in squeezed
    assert "step cost 1 \u00d7 -0.02 = -0.0200 reward -0.0200" in squeezed
    assert "total -0.0200 · 14 steps left" in squeezed
    assert "correct 0 \u00d7 +1 = +0.0000 reward +0.0000" in squeezed
    assert "Not solved: the answer is wrong · 2 steps · total reward -0.0200" in squeezed


def test_json_is_one_object_for_each_step_and_agrees_with_the_client(sqldojo, server, explore):
    script = f"describe {explore.gold.tables[0]}\nhelp\n{explore.gold.sql};\nquit\n"
    played = sqldojo(
        "play", explore.task_id, "--seed", "5", "--address", server.address, "--json", stdin=script
    )
    assert played.returncode == 0, played.stderr
    first, *steps = map(json.loads, played.stdout.splitlines())
    assert first["step_index"] == 0
    assert first["observation"]["prompt"] == explore.prompt
    assert first["observation"]["tables"]
    with connect_sync(server.address) as dojo, dojo.session(explore.task_id, seed=5) as session:
        expected = [session.describe(explore.gold.tables[0]), session.query(explore.gold.sql)]
    assert [step["step_index"] for step in steps] == [1, 2]
    for step, wanted in zip(steps, expected, strict=True):
        assert step["total_reward"] == wanted.total_reward
        assert step["reward"]["total"] == wanted.reward.total
        assert sum(term["contribution"] for term in step["reward"]["terms"]) == pytest.approx(
            step["reward"]["unclipped"]
        )
        assert step["observation"]["result"]["row_count"] == wanted.observation.result.row_count
        assert "prompt" not in step["observation"]
        assert "review" not in step
    assert steps[1]["action"] == {"query": explore.gold.sql.rstrip(";")}


def test_a_reviewed_step_shows_the_review(sqldojo, server, explore):
    script = "DROP TABLE x;\nquit\n"
    played = sqldojo("play", explore.task_id, "--reviewed", "--address", server.address, stdin=script)
    assert "review: rejected" in played.stdout
    as_json = sqldojo(
        "play", explore.task_id, "--reviewed", "--json", "--address", server.address, stdin=script
    )
    step = json.loads(as_json.stdout.splitlines()[1])
    assert step["review"]["verdict"] == "rejected"
    assert step["observation"]["error"]["kind"] == "rejected"


def test_a_script_that_stops_early_leaves_the_episode(sqldojo, server, explore):
    played = sqldojo("play", explore.task_id, "--address", server.address)
    assert played.returncode == 0
    assert "Left before its end · 0 steps" in played.stdout


def test_what_is_no_command_ends_a_script_with_2(sqldojo, server, explore):
    for extra in ([], ["--json"]):
        played = sqldojo("play", explore.task_id, "--address", server.address, *extra, stdin="descibe x\n")
        assert played.returncode == 2
        assert "'descibe' is no command" in played.stderr
        assert "describe TABLE" in played.stderr
        assert "Traceback" not in played.stderr


def test_an_unknown_task_or_profile_is_the_users_mistake(sqldojo, server, explore):
    unknown = sqldojo("play", "no-such-task", "--address", server.address)
    assert (unknown.returncode, "UNKNOWN_TASK" in unknown.stderr) == (2, True)
    profile = sqldojo("play", explore.task_id, "--profile", "x", "--address", server.address)
    assert (profile.returncode, "UNKNOWN_PROFILE" in profile.stderr) == (2, True)
    assert "Traceback" not in unknown.stderr + profile.stderr


def test_without_a_task_the_seed_draws_one_of_the_kind(sqldojo, server):
    drawn = [
        json.loads(sqldojo("play", "--json", "--address", server.address, *more).stdout)["observation"]
        for more in (
            ["--kind", "repair", "--seed", "1"],
            ["--kind", "repair", "--seed", "1"],
            ["--seed", "2"],
        )
    ]
    assert drawn[0]["kind"] == "repair"
    assert drawn[0]["broken_sql"]
    assert drawn[0] == drawn[1]
    assert drawn[0]["task"] != drawn[2]["task"]


def test_a_terminal_asks_for_the_rest_of_a_statement(in_terminal, server, explore):
    typed = "SELECT 1,\n2\n;\nquit\n"
    shown = in_terminal("play", explore.task_id, "--address", server.address, typed=typed)
    assert shown.count("     ...> ") == 2
    assert shown.count("sqldojo> ") == 2
    assert " · 1 step · " in shown


def test_no_stdin_at_all_is_a_script_without_a_command(server, explore, tmp_path):
    command = shlex.join([*COMMAND, "play", explore.task_id, "--address", server.address])
    played = subprocess.run(f"{command} <&-", shell=True, capture_output=True, text=True, timeout=120)
    assert (played.returncode, played.stderr) == (0, "")
    assert "Left before its end · 0 steps" in played.stdout


def test_a_kind_that_is_not_the_tasks_is_refused(sqldojo, server, explore):
    refused = sqldojo("play", explore.task_id, "--kind", "repair", "--address", server.address)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{explore.task_id} is of kind explore" in refused.stderr
    fitting = sqldojo("play", explore.task_id, "--kind", "explore", "--address", server.address)
    assert fitting.returncode == 0


def test_the_largest_seed_plays(sqldojo, server, explore):
    played = sqldojo("play", explore.task_id, "--seed", str(2**64 - 1), "--address", server.address)
    assert (played.returncode, played.stderr) == (0, "")


def test_no_control_code_of_a_statement_reaches_the_terminal(sqldojo, server, explore):
    script = "SELECT '\x1b[31m' AS \"\x1b[32m\", 'a\u202eb';\nanswer \x9b1m\n"
    played = sqldojo("play", explore.task_id, "--address", server.address, stdin=script, columns=120)
    assert played.returncode == 0, played.stderr
    assert not set("\x1b\x9b\u202e") & set(played.stdout)
    assert r"SELECT '\x1b[31m' AS" in played.stdout
