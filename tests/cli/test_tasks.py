import json

import pytest

from sqldojo.client.sync import connect_sync


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


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_on_screen_has_a_line_for_each_task(sqldojo, server, tasks, columns):
    shown = sqldojo("tasks", "list", "--address", server.address, columns=columns).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[-1] == f"{len(tasks)} tasks"
    for task in tasks:
        assert sum(line.split()[:1] == [task.task_id] for line in lines) == 1


def test_nothing_passes(sqldojo, server):
    shown = sqldojo("tasks", "list", "--database", "atlantis", "--address", server.address)
    assert (shown.returncode, shown.stdout) == (0, "0 tasks\n")


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


def test_build_writes_a_bank_that_a_server_opens(sqldojo, tmp_path, tasks):
    (report,) = records(sqldojo("tasks", "build", "--output", "bank.sqlite", "--json"))
    assert report["explore_tasks"] + report["repair_tasks"] == len(tasks)
    assert report["explore_tasks"] >= 60
    assert report["repair_tasks"] >= 60
    assert (tmp_path / "bank.sqlite").is_file()
