"""Output that can't be written, or not as it is."""

import json
import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "sqldojo.cli"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("extra", [(), ("--json",)])
@pytest.mark.parametrize("command", [("profiles",), ("tasks", "list")])
def test_a_full_disk_is_told_in_a_line(server, command, extra, unbuffered):
    address = () if command == ("profiles",) else ("--address", server.address)
    with open("/dev/full", "w") as full:
        failed = subprocess.run(
            [*COMMAND, *command, *extra, *address],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    said = "Error: the output cannot be written: No space left on device\n"
    assert (failed.returncode, failed.stderr) == (1, said)


def test_a_locale_without_most_characters_gets_others_instead(sqldojo, server):
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    task = ("tasks", "show", "explore/retail_shop/unrated-suppliers", "--address", server.address)
    shown = sqldojo(*task, **ascii_only)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "retail_shop ? easy" in shown.stdout
    record = json.loads(sqldojo(*task, "--json", **ascii_only).stdout)
    assert record == json.loads(sqldojo(*task, "--json").stdout)


PROFILE = """
[{name}]
base = "sqlenv"
"""


def test_profiles_keep_their_names_on_a_narrow_screen(sqldojo, tmp_path):
    names = [f"a-profile-with-quite-a-long-name-{number}" for number in range(5)]
    (tmp_path / "own.toml").write_text("".join(PROFILE.format(name=name) for name in names))
    shown = sqldojo("profiles", "--profiles", "own.toml")
    assert shown.returncode == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for name in (*names, "sqlenv-strict", "repair"):
        assert name in shown.stdout.split()


def test_an_error_stands_without_a_bar_that_never_moved(sqldojo):
    refused = sqldojo("tasks", "verify", "absent")
    assert refused.returncode == 2
    assert "no task bank at absent" in refused.stderr
    assert "━" not in refused.stderr
    assert "?" not in refused.stderr
