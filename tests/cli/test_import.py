import json

import pytest
from servers import serving
from spider_data import DEV, OTHERS, TRAIN, make_spider
from typer.testing import CliRunner

from sqldojo.cli.application import application
from sqldojo.client.sync import connect_sync

ASKED = len(TRAIN + OTHERS + DEV)
TAKEN = 17


@pytest.fixture(scope="module")
def spider(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spider")
    make_spider(folder)
    return folder


def refused(*arguments):
    result = CliRunner().invoke(
        application, ["tasks", "import", "--layout", "spider", *arguments], env={"COLUMNS": "100"}
    )
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.replace("│", " ").split())


def test_a_bank_is_made_that_a_server_opens(sqldojo, spider, tmp_path):
    made = sqldojo("tasks", "import", str(spider), "--output", "my bank.sqlite")
    assert made.returncode == 0, made.stderr
    lines = made.stdout.splitlines()
    assert lines[0] == f"my bank.sqlite: {TAKEN} explore tasks on 3 databases"
    counts = {" ".join(line.split()[:-1]): line.split()[-1] for line in lines}
    assert counts["database missing"] == "2"
    assert counts["too many rows"] == "1"
    assert counts["in all"] == str(ASKED - TAKEN)
    assert "note: concerts: tables.json names stadium, which the database lacks" in lines
    assert lines[-1] == "Serve it: sqldojo serve --bank 'my bank.sqlite'"
    assert "What does it cost?" not in made.stdout
    assert f"{ASKED}/{ASKED} questions" in made.stderr
    assert max(map(len, lines)) <= 80
    with serving("--bank", str(tmp_path / "my bank.sqlite")) as server, connect_sync(server.address) as dojo:
        assert len(dojo.tasks()) == TAKEN
        with dojo.session("spider/concerts/1") as session:
            assert session.answer("3").reward.total == 1.0


def test_verbose_gives_each_question_that_was_left_out(sqldojo, spider):
    made = sqldojo("tasks", "import", str(spider), "--output", "bank.sqlite", "--verbose")
    assert made.returncode == 0, made.stderr
    assert "concerts What does it cost?\n  gold fails: no such column: price\n" in made.stdout
    assert made.stdout.count("\n  gold cannot be read: it is not one SELECT") == 2


def test_json_gives_all_of_it(sqldojo, spider, tmp_path):
    made = sqldojo("tasks", "import", str(spider), "--output", "new/bank.sqlite", "--json")
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert (report["tasks"], report["databases"], report["bank"]) == (TAKEN, 3, "new/bank.sqlite")
    assert len(report["left_out"]) == sum(report["reasons"].values()) == ASKED - TAKEN
    assert {
        "database": "concerts",
        "question": "What does it cost?",
        "reason": "gold fails: no such column: price",
    } in report["left_out"]
    assert len(report["notes"]) == 3
    with serving("--bank", str(tmp_path / "new/bank.sqlite")) as server, connect_sync(server.address) as dojo:
        assert dojo.bank().digest == report["digest"]


def test_no_control_code_of_a_data_set_reaches_the_terminal(sqldojo, tmp_path):
    make_spider(tmp_path)
    bad = [{"db_id": "no\x1b[2J", "question": "Is\n\x1b[31mit?", "query": "SELECT 1"}]
    (tmp_path / "dev.json").write_text(json.dumps(bad))
    made = sqldojo(
        "tasks", "import", str(tmp_path), "--layout", "spider", "--output", "bank.sqlite", "--verbose"
    )
    assert made.returncode == 0, made.stderr
    assert "\x1b" not in made.stdout
    assert r"no\x1b[2J Is\n\x1b[31mit?" in made.stdout


def test_what_cannot_be_imported_is_the_users_to_mend(tmp_path):
    bank = tmp_path / "bank.sqlite"
    assert "does not exist" in refused(str(tmp_path / "nowhere"), "--output", str(bank))
    assert "Missing option '--output'" in refused(str(tmp_path))
    assert "has none of train_spider.json" in refused(str(tmp_path), "--output", str(bank))
    (tmp_path / "dev.json").write_text("[{]")
    assert "dev.json cannot be read" in refused(str(tmp_path), "--output", str(bank))
    assert not bank.exists()


def test_nothing_taken_writes_nothing_and_says_why(tmp_path):
    bank = tmp_path / "bank.sqlite"
    bank.write_text("what was there")
    (tmp_path / "dev.json").write_text('[{"db_id": "x", "question": "What?", "query": "SELECT 1"}, {}]')
    said = refused(str(tmp_path), "--output", str(bank), "--verbose", "--json")
    assert "database missing 1" in said
    assert "x What? database missing: there is no database/x/x.sqlite" in said
    assert "can be a task, so no bank was written" in said
    assert bank.read_text() == "what was there"
    (tmp_path / "dev.json").write_text("[]")
    assert "no question in" in refused(str(tmp_path), "--output", str(bank))


def test_a_file_that_cannot_be_written(spider):
    output = spider / "dev.json" / "bank.sqlite"
    assert "bank.sqlite cannot be written" in refused(str(spider), "--output", str(output))
