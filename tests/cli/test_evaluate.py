import json

import pytest

from sqldojo.evaluation import read_results

OWN_POLICY = """
from sqldojo.client.types import Answer, Unparsed

class Guess:
    def select_action(self, observation):
        if observation.steps_used:
            return Answer("42")
        return Unparsed("Let me think.")

class Unready:
    def __init__(self):
        raise RuntimeError("not\\x1b[31m today")

class Broken:
    def select_action(self, observation):
        raise RuntimeError("out of\\x1b[31m order")

def make():
    return Guess()

guess = Guess()
"""


@pytest.fixture
def with_policy(tmp_path):
    (tmp_path / "mine.py").write_text(OWN_POLICY)


def test_random_on_a_server_of_its_own_with_results_kept(sqldojo, tmp_path):
    played = sqldojo(
        "eval", "--policy", "random", "--episodes", "20", "--seed", "3", "--kind", "explore",
        "--output", "results.jsonl", "--json",
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    record = json.loads(played.stdout)
    assert record["summary"]["episodes"] == 20
    assert record["summary"]["avg_steps"] >= 14
    assert record["run"]["policy"] == "random"
    assert record["run"]["seed"] == 3
    assert record["run"]["tasks"]["kind"] == "explore"
    assert set(record["by_kind"]) == {"explore"}
    kept = read_results(tmp_path / "results.jsonl")
    assert kept.avg_reward == record["summary"]["avg_reward"]
    assert len(kept.episodes) == 20


def test_oracle_needs_the_oracle_token_and_then_solves_all(sqldojo, server):
    played = sqldojo(
        "eval", "--policy", "oracle", "--episodes", "30", "--json",
        "--address", server.address, "--token", server.token,
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    assert json.loads(played.stdout)["summary"]["success_rate"] == 1.0
    ordinary = sqldojo("eval", "--policy", "oracle", "--address", server.address)
    assert ordinary.returncode == 2
    assert "oracle token" in ordinary.stderr


def test_equal_calls_give_equal_bytes(sqldojo, server, tmp_path):
    for name, concurrency in (("a", "1"), ("b", "64")):
        call = [
            "eval",
            "--policy",
            "random",
            "--episodes",
            "12",
            "--output",
            name,
            "--concurrency",
            concurrency,
        ]
        assert sqldojo(*call, "--address", server.address).returncode == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.usefixtures("with_policy")
@pytest.mark.parametrize("name", ["mine:Guess", "mine:make", "mine:guess"])
def test_a_policy_of_ones_own(sqldojo, server, name):
    played = sqldojo(
        "eval",
        "--policy",
        name,
        "--episodes",
        "4",
        "--kind",
        "explore",
        "--address",
        server.address,
        "--json",
    )
    assert played.returncode == 0, played.stderr
    summary = json.loads(played.stdout)["summary"]
    assert (summary["avg_steps"], summary["parse_rate"], summary["parse_failures"]) == (2.0, 0.5, 4)


@pytest.mark.usefixtures("with_policy")
def test_a_run_in_which_every_episode_breaks_ends_with_1(sqldojo, server):
    played = sqldojo("eval", "--policy", "mine:Broken", "--episodes", "3", "--address", server.address)
    assert played.returncode == 1
    assert "3 of 3 episodes broke" in played.stdout
    assert "\x1b" not in played.stdout
    assert r"RuntimeError: out of\x1b[31m order" in " ".join(played.stdout.split())
    assert "Traceback" not in played.stderr


@pytest.mark.parametrize("columns", [80, 120])
def test_the_report_on_screen(sqldojo, server, columns):
    played = sqldojo(
        "eval", "--policy", "random", "--episodes", "10", "--address", server.address, columns=columns
    )
    assert played.returncode == 0, played.stderr
    assert max(map(len, (played.stdout + played.stderr).splitlines())) <= columns
    assert "\x1b" not in played.stdout + played.stderr
    for part in ("Method", "Accuracy", "Parse", "Budget", "random", "Difficulty", "explore", "repair"):
        assert part in played.stdout
    assert "10/10" in played.stderr


def test_no_task_passes(sqldojo, server):
    played = sqldojo("eval", "--policy", "random", "--database", "atlantis", "--address", server.address)
    assert played.returncode == 2
    assert "no task to play" in played.stderr
    assert "Traceback" not in played.stderr


@pytest.mark.usefixtures("with_policy")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mine:Unready", r"RuntimeError: not\x1b[31m today"),
        ("bad:Policy", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_policy_whose_code_fails_is_told_in_a_line(sqldojo, tmp_path, name, why):
    (tmp_path / "bad.py").write_text("1 / 0")
    refused = sqldojo("eval", "--policy", name)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[0] == f"Error: the policy {name!r} cannot be made: {why}"
    assert "Traceback" not in refused.stderr


def test_an_unknown_profile_is_one_error(sqldojo, server, tmp_path):
    refused = sqldojo(
        "eval", "--policy", "random", "--profile", "nosuch", "--episodes", "5", "--output", "kept.jsonl",
        "--address", server.address,
    )  # fmt: skip
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("UNKNOWN_PROFILE") == 1
    assert not (tmp_path / "kept.jsonl").exists()


def test_output_that_cannot_be_written_does_not_lose_the_report(sqldojo, server):
    for extra in ((), ("--json",)):
        played = sqldojo(
            "eval", "--policy", "random", "--episodes", "2", "--kind", "explore", "--output", "/dev/full",
            "--address", server.address, *extra,
        )  # fmt: skip
        assert played.returncode == 1
        assert "random" in played.stdout
        assert "the episodes cannot be written to /dev/full (No space left on device)" in played.stderr
        assert "Traceback" not in played.stderr
        assert "Every episode is in" not in played.stdout


def test_a_narrow_screen_shows_every_figure(sqldojo, server):
    shown = sqldojo("eval", "--policy", "random", "--episodes", "4", "--address", server.address, columns=40)
    assert max(map(len, shown.stdout.splitlines())) <= 40
    for part in ("random", "Accuracy [95 %]", "Avg reward", "Avg steps", "Parse rate", "Budget exhausted"):
        assert part in shown.stdout
