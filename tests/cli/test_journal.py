"""`sqldojo journal` and `db` where something is not as it should be; test_recovery.py has them at work."""

import json
import os
import shlex
import subprocess
import sys

import pytest
from ports import free_port
from servers import serving

from sqldojo.client.sync import connect_sync

LONG = "x" * 150_000
TASK = "explore/retail_shop/unrated-suppliers"


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """A journal with long episodes of two sessions, "one" and "two"."""
    path = str(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    with serving("--journal", path) as server, connect_sync(server.address) as dojo:
        for name in ("one", "two"):
            with dojo.session(TASK, session_id=name) as session:
                session.query(f"SELECT '{LONG}'")
    return path


def test_one_session_is_written_in_place_of_what_was_there(sqldojo, journal, tmp_path):
    kept = tmp_path / "kept.jsonl"
    kept.write_text("what was there")
    kept.chmod(0o600)
    written = sqldojo("journal", "export", "kept.jsonl", "--session", "two", "--journal", journal)
    assert (written.returncode, written.stderr) == (0, "1 episode written to kept.jsonl\n")
    (record,) = map(json.loads, kept.read_text().splitlines())
    assert (record["session_id"], len(record["steps"])) == ("two", 1)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["kept.jsonl"]
    verified = sqldojo("journal", "verify", "--session", "two", "--journal", journal)
    assert (verified.returncode, verified.stdout) == (0, "1 episode played again, 0 differ\n")


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_what_cannot_be_read_leaves_the_file_as_it_was(sqldojo, journal, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    kept = tmp_path / f"kept.{ending}"
    kept.write_text("what was there")
    missing = sqldojo("journal", "export", kept.name, "--journal", "nosuch.sqlite")
    assert (missing.returncode, "there is no journal" in missing.stderr) == (2, True)
    unknown = sqldojo("journal", "export", kept.name, "--session", "nosuch", "--journal", journal)
    assert (unknown.returncode, "no such session" in unknown.stderr) == (2, True)
    assert kept.read_text() == "what was there"
    assert os.listdir(tmp_path) == [kept.name]


def test_a_database_that_is_not_there_leaves_the_file_as_it_was(sqldojo, tmp_path):
    pytest.importorskip("asyncpg", reason="needs the extra [postgres]")
    (tmp_path / "kept.jsonl").write_text("what was there")
    url = f"postgresql://127.0.0.1:{free_port()}/journal"
    for command in (("journal", "export", "kept.jsonl"), ("db", "upgrade")):
        unreachable = sqldojo(*command, "--journal", url)
        assert (unreachable.returncode, "cannot be used" in unreachable.stderr) == (2, True)
    assert (tmp_path / "kept.jsonl").read_text() == "what was there"


def test_writing_that_fails_in_the_middle_leaves_the_file_as_it_was(journal, tmp_path):
    """A process that may write no more than 100,000 bytes of a file."""
    (tmp_path / "kept.jsonl").write_text("what was there")
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limited += (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); from sqldojo.cli import main; main()"
    )
    failed = subprocess.run(
        [sys.executable, "-c", limited, "journal", "export", "kept.jsonl", "--journal", journal],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (failed.returncode, failed.stderr.splitlines()[0]) == (
        2,
        "Error: kept.jsonl cannot be written (File too large)",
    )
    assert (tmp_path / "kept.jsonl").read_text() == "what was there"
    assert os.listdir(tmp_path) == ["kept.jsonl"]


def test_a_session_that_is_not_there_cannot_be_verified(sqldojo, journal):
    unknown = sqldojo("journal", "verify", "--session", "nosuch", "--journal", journal)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no such session" in unknown.stderr
    assert "━" not in unknown.stderr


def test_a_folder_that_is_not_there_is_named(sqldojo, journal):
    refused = sqldojo("journal", "export", "no/such/folder/x.jsonl", "--journal", journal)
    assert refused.returncode == 2
    assert "there is no folder" in refused.stderr
    assert "Make it, or choose another file." in refused.stderr


def test_none_is_no_journal(sqldojo, tmp_path):
    commands = (
        ("db", "upgrade"),
        ("journal", "verify"),
        ("journal", "export", "kept.jsonl"),
        ("journal", "prune", "--older-than", "1d"),
    )
    for command in commands:
        refused = sqldojo(*command, SQLDOJO_JOURNAL="none")
        assert (refused.returncode, "none is no journal" in refused.stderr) == (2, True)
    assert sqldojo("db", "upgrade", "--journal", "none").returncode == 2
    assert os.listdir(tmp_path) == []


def test_what_is_no_database_cannot_be_upgraded(sqldojo, tmp_path):
    (tmp_path / "notes").write_text("no database at all, whatever its name may be. " * 30)
    for place in (".", "notes", "notes/journal.sqlite"):
        refused = sqldojo("db", "upgrade", "--journal", place)
        assert refused.returncode == 2
        assert place.strip(".") in refused.stderr.splitlines()[0].removeprefix("Error: ")


def test_a_reader_that_has_had_enough_is_no_failure_to_speak_of(journal):
    exported = shlex.join(
        [sys.executable, "-m", "sqldojo.cli", "journal", "export", "-", "--journal", journal]
    )
    read = subprocess.run(
        ["bash", "-c", f"{exported} | head -c 10"], capture_output=True, text=True, timeout=60
    )
    assert (read.stdout, read.stderr) == ('{"episode_', "")
