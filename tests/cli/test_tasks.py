import json
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from servers import serving
from typer.testing import CliRunner

from sqldojo.cli.application import application
from sqldojo.client.sync import connect_sync
from sqldojo.client.types import Split
from sqldojo.service.core import task as core
from sqldojo.service.tasks import BankDatabase, TaskBank, write_bank


@pytest.fixture(scope="module")
def tasks(server):
    with connect_sync(server.address, token=server.token) as dojo:
        return dojo.tasks(gold=True)


def records(process):
    assert process.returncode == 0, process.stderr
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_list_gives_every_task_and_no_gold(sqldojo, server, tasks):
    listed = records(sqldojo("tasks", "list", "--json", "--address", server.address))
    assert [task["task"] for task in listed] == [task.task_id for task in tasks]
    assert not any("gold" in task for task in listed)
    assert {task["kind"] for task in listed} == {"explore", "repair"}


def test_filters_must_all_hold(sqldojo, server, tasks):
    wanted = next(task for task in tasks if task.kind.name == "REPAIR")
    listed = records(
        sqldojo(
            "tasks", "list", "--json", "--address", server.address, "--kind", "repair",
            "--difficulty", wanted.difficulty.name.lower(), "--split", wanted.split.name.lower(),
            "--database", wanted.database_id, "--family", wanted.family,
        )
    )  # fmt: skip
    expected = [
        task.task_id
        for task in tasks
        if (task.kind, task.difficulty, task.database_id, task.family)
        == (wanted.kind, wanted.difficulty, wanted.database_id, wanted.family)
    ]
    assert [task["task"] for task in listed] == expected
    assert 0 < len(listed) < len(tasks)


@pytest.mark.parametrize("columns", [40, 120])
def test_the_list_in_a_pipe_has_everything_on_a_line_for_each_task(sqldojo, server, tasks, columns):
    shown = sqldojo("tasks", "list", "--address", server.address, columns=columns).stdout
    heading, _, *lines, last = shown.splitlines()
    assert heading.split() == ["Task", "Level", "Split", "Family", "Prompt"]
    assert last == f"{len(tasks)} tasks"
    for line, task in zip(lines, tasks, strict=True):
        name, level, _, family, prompt = line.split(maxsplit=4)
        assert (name, level, family) == (task.task_id, task.difficulty.name.lower(), task.family)
        assert prompt.strip() == task.prompt.replace("\n", " ")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_list_in_a_terminal_leaves_nothing_out(in_terminal, server, tasks, columns):
    shown = plain(in_terminal("tasks", "list", "--address", server.address, columns=columns))
    lines = [line.rstrip() for line in shown.splitlines()]
    assert max(map(len, lines)) <= columns
    assert lines[-1] == f"{len(tasks)} tasks"
    squeezed = "".join(shown.split())
    for task in tasks:
        about = (task.difficulty.name.lower(), task.split.name.lower().replace("_", "-"), task.family)
        if columns == 200:
            (line,) = (line for line in lines if line.split()[:1] == [task.task_id])
            assert line.split()[1:4] == list(about)
        else:
            assert "".join((task.task_id + "·".join(about) + task.prompt).split()) in squeezed


def plain(shown):
    """Gives what a terminal shows, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


def test_nothing_passes(sqldojo, server):
    shown = sqldojo("tasks", "list", "--family", "atlantis", "--address", server.address)
    assert (shown.returncode, shown.stdout) == (0, "0 tasks\n")
    one = sqldojo(
        "tasks", "list", "--family", "atlantis", "--database", "hospital", "--address", server.address
    )
    assert (one.returncode, one.stdout) == (0, "0 tasks\n")


def test_show_gives_gold_on_request_only(sqldojo, server, tasks):
    task = tasks[0]
    plain = records(sqldojo("tasks", "show", task.task_id, "--json", "--address", server.address))
    assert "gold" not in plain[0]
    (golden,) = records(
        sqldojo(
            "tasks", "show", task.task_id, "--gold", "--json",
            "--address", server.address, "--token", server.token,
        )
    )  # fmt: skip
    assert golden["gold"] == {
        "sql": task.gold.sql,
        "answer_kind": task.gold.answer_kind.name.lower(),
        "answer": task.gold.answer,
        "tables": list(task.gold.tables),
    }


def test_show_on_screen(sqldojo, server, tasks):
    repair = next(task for task in tasks if task.kind.name == "REPAIR")
    shown = sqldojo("tasks", "show", repair.task_id, "--address", server.address)
    squeezed = " ".join(shown.stdout.replace("│", " ").split())
    assert " ".join(repair.prompt.split()) in squeezed
    assert "the query to repair" in squeezed
    assert "gold" not in squeezed


def test_a_wrong_token_and_an_unknown_task(sqldojo, server):
    wrong = sqldojo("tasks", "list", "--address", server.address, "--token", "wrong")
    assert (wrong.returncode, "UNKNOWN_TOKEN" in wrong.stderr) == (2, True)
    unknown = sqldojo("tasks", "show", "nothing", "--address", server.address)
    assert (unknown.returncode, "UNKNOWN_TASK" in unknown.stderr) == (2, True)


def test_databases_and_one_with_its_tables(sqldojo, server, tasks):
    found = records(sqldojo("tasks", "databases", "--json", "--address", server.address))
    assert {database["database"] for database in found} == {task.database_id for task in tasks}
    assert sum(database["task_count"] for database in found) == len(tasks)
    name = found[0]["database"]
    (one,) = records(sqldojo("tasks", "databases", name, "--json", "--address", server.address))
    assert len(one["tables"]) >= 5
    shown = sqldojo("tasks", "databases", name, "--address", server.address).stdout
    for table in one["tables"]:
        assert table["name"] in shown
        for column in table["columns"]:
            assert column["name"] in shown
    listed = sqldojo("tasks", "databases", "--address", server.address).stdout
    assert all(database["title"].split()[0] in listed for database in found)


def test_an_unknown_database(sqldojo, server):
    unknown = sqldojo("tasks", "databases", "atlantis", "--address", server.address)
    assert (unknown.returncode, "UNKNOWN_DATABASE" in unknown.stderr) == (2, True)
    listed = sqldojo("tasks", "list", "--database", "atlantis", "--address", server.address)
    assert (listed.returncode, "UNKNOWN_DATABASE" in listed.stderr) == (2, True)


BUILD = ("tasks", "build", "--explore", "6", "--repair", "6", "--jobs", "1", "--domain", "hospital")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "bank.sqlite"
    built = CliRunner().invoke(application, [*BUILD, "--output", str(path), "--json"])
    assert built.exit_code == 0, built.output
    report = json.loads(built.stdout)
    assert (report["explore_tasks"] - 6, report["repair_tasks"] - 6) == (19, 22)
    assert (report["databases"], report["warnings"]) == (2, [])
    return path, report


def test_build_writes_a_bank_that_a_server_opens(small):
    path, report = small
    with serving("--bank", str(path)) as server, connect_sync(server.address) as dojo:
        assert dojo.bank().digest == report["digest"]
        assert len(dojo.tasks()) == report["explore_tasks"] + report["repair_tasks"]
        drifted = dojo.tasks(split=Split.TEST_DRIFT)
        assert {task.database_id for task in drifted} == {"hospital~drift"}
        assert dojo.database("hospital~drift").tables


def test_build_again_on_screen(sqldojo, small):
    path, _ = small
    built = sqldojo(*BUILD, "--output", str(path.with_name("again.sqlite")))
    assert built.returncode == 0, built.stderr
    assert "25 explore and 28 repair tasks on 2 databases, all verified, in" in built.stdout
    assert "53/53 tasks" in built.stderr
    assert path.with_name("again.sqlite").read_bytes() == path.read_bytes()


def test_what_cannot_be_built_says_why(sqldojo, tmp_path):
    (tmp_path / "file").touch()
    refused = sqldojo(*BUILD, "--output", "file/bank.sqlite")
    assert (refused.returncode, "cannot write file/bank.sqlite" in refused.stderr) == (2, True)
    unknown = sqldojo("tasks", "build", "--output", "bank.sqlite", "--domain", "atlantis")
    assert (unknown.returncode, "no domain atlantis" in unknown.stderr) == (2, True)
    assert "hospital" in unknown.stderr


def test_an_interrupted_build_goes_on(small, tmp_path):
    _, report = small
    process = subprocess.Popen(
        [sys.executable, "-m", "sqldojo.cli", *BUILD, "--output", "bank.sqlite"], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    work = tmp_path / "bank.sqlite.work" / "chunks.sqlite"
    while not (work.exists() and work.stat().st_size):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "interrupted\nThe same command goes on from here." in said
    assert not (tmp_path / "bank.sqlite").exists()
    result = CliRunner().invoke(application, [*BUILD, "--output", str(tmp_path / "bank.sqlite"), "--json"])
    assert json.loads(result.stdout)["digest"] == report["digest"]


def test_verify_passes_a_sound_bank(sqldojo, small):
    path, report = small
    (verified,) = records(sqldojo("tasks", "verify", str(path), "--json", "--jobs", "2"))
    assert (verified["digest"], verified["grave"], verified["tasks"]) == (report["digest"], 0, 53)
    assert all(not leak["grave"] for leak in verified["leaks"])
    shown = sqldojo("tasks", "verify", str(path), "--jobs", "1")
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (0, "every task can be played")
    assert "53/53 tasks" in shown.stderr


def test_verify_ends_with_1_when_a_task_cannot_be_played(small, tmp_path):
    path, _ = small
    bank = TaskBank.open(path)
    databases = [
        BankDatabase(info.database_id, info.title, info.split, bank.images(info.database_id).images)
        for info in bank.databases
    ]
    wrong = replace(bank.tasks[0], gold_sql="SELECT nothing FROM patient", split=core.Split.TEST)
    write_bank(tmp_path / "wrong.sqlite", databases, [wrong, *bank.tasks[1:5]])
    result = CliRunner().invoke(
        application, ["tasks", "verify", str(tmp_path / "wrong.sqlite"), "--jobs", "1"]
    )
    assert result.exit_code == 1
    assert "1 \u00d7 database or split" in result.stdout
    assert wrong.task_id in result.stdout
    assert "1 grave finding\n" in result.stdout


def test_no_control_code_of_a_bank_reaches_the_terminal(sqldojo, small, tmp_path):
    path, _ = small
    bank = TaskBank.open(path)
    databases = [
        BankDatabase(info.database_id, "A \x1b[2Jtitle", info.split, bank.images(info.database_id).images)
        for info in bank.databases
    ]
    explore = next(task for task in bank.tasks if task.kind is core.TaskKind.EXPLORE)
    evil = replace(explore, prompt="What\x1b[31m is\n[/b] it?", family="fam[b]ily\x9b")
    write_bank(tmp_path / "evil.sqlite", databases, [evil])
    with serving("--bank", str(tmp_path / "evil.sqlite"), "--oracle-token", "t") as server:
        address = ("--address", server.address)
        shown = [
            sqldojo("tasks", "list", *address),
            sqldojo("tasks", "show", evil.task_id, *address),
            sqldojo("tasks", "databases", *address),
            sqldojo("tasks", "databases", evil.database_id, *address),
            sqldojo("play", evil.task_id, *address),
        ]
    for each in shown:
        assert (each.returncode, each.stderr) == (0, "")
        assert not set("\x1b\x9b") & set(each.stdout)
    for each in (shown[0], shown[1], shown[4]):
        assert r"What\x1b[31m is" in each.stdout
    assert r"fam[b]ily\x9b" in shown[0].stdout
    assert r"fam[b]ily\x9b" in shown[1].stdout
    assert shown[0].stdout.endswith("\n1 task\n")


@pytest.mark.parametrize("command", ["verify", "stats"])
def test_what_is_no_bank_is_the_users_to_mend(sqldojo, tmp_path, command):
    (tmp_path / "notes").write_text("no bank at all")
    for name, said in (("notes", "is no readable task bank"), ("absent", "no task bank at absent")):
        refused = sqldojo("tasks", command, name)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr
        assert "Traceback" not in refused.stderr


def test_stats_counts_every_task(sqldojo, small, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra [plots]")
    path, report = small
    (counted,) = records(sqldojo("tasks", "stats", str(path), "--json", "--plots", "plots"))
    assert counted["tasks"] == 53
    assert counted["manifest"]["digest"] == report["digest"]
    assert sum(sum(of.values()) for of in counted["stats"]["family"].values()) == 53
    assert set(counted["stats"]["split"]) == {"train", "test-drift"}
    assert sorted(counted["plots"]) == sorted(f"plots/{file.name}" for file in (tmp_path / "plots").iterdir())
    shown = sqldojo("tasks", "stats", str(path)).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert shown[-1].startswith("53 tasks on 2 databases, digest ")


def test_plots_say_what_is_missing(sqldojo, small, tmp_path):
    path, _ = small
    (tmp_path / "file").touch()
    refused = sqldojo("tasks", "stats", str(path), "--plots", "file")
    assert refused.returncode == 2
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError('no', name='matplotlib')")
    missing = sqldojo("tasks", "stats", str(path), "--plots", "plots", PYTHONPATH=str(tmp_path))
    assert missing.returncode == 2
    assert "pip install 'sqldojo[plots]'" in missing.stderr


def test_ray_that_is_missing_is_said(sqldojo, tmp_path):
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('no', name='ray')")
    missing = sqldojo(*BUILD, "--output", "bank.sqlite", "--ray", "auto", PYTHONPATH=str(tmp_path))
    assert missing.returncode == 2
    assert "pip install 'sqldojo[ray]'" in missing.stderr
