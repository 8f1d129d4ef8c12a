"""The user's mistakes: exit code 2, a message that helps, no traceback, and no server started for it."""

import re
from importlib.metadata import version

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sqldojo.cli import token
from sqldojo.cli.application import application
from sqldojo.client.retry import Backoff
from sqldojo.service.rpc import access

COMMANDS = ["demo", "play", "eval", "tasks", "serve"]


def invoke(*arguments, **environment):
    result = CliRunner().invoke(application, [*arguments], env={"COLUMNS": "100", **environment})
    assert "Traceback" not in result.output
    return result


def test_the_help_names_every_command():
    shown = invoke("--help")
    assert shown.exit_code == 0
    for command in COMMANDS:
        assert command in shown.output
        assert invoke(command, "--help").exit_code == 0


MISTAKES = [
    (["fly"], "No such command 'fly'"),
    (["tasks", "list", "--kind", "puzzle"], "'puzzle' is not one of 'explore', 'repair'"),
    (["tasks", "list", "--split", "all"], "'train', 'dev', 'test'"),
    (["tasks", "show"], "Missing argument 'task'"),
    (["tasks", "databases", "--address", "somewhere"], "'somewhere' is no address"),
    (["serve", "--address", "localhost"], "'localhost' is no address"),
    (["serve", "--address", "127.0.0.1:65536"], "is no address"),
    (["serve", "--address", ":50051"], "is no address"),
    (["serve", "--address", "::1:50051"], "[::1]:50051"),
    (["serve", "--address", "127.0.0.1:²"], "is no address"),
    (["serve", "--bank", "no-such-file.sqlite"], "does not exist"),
    (["serve", "--max-sessions", "0"], "greater than or equal to 1"),
    (["serve", "--statement-deadline", "0"], "greater than or equal to 0.01"),
    (["eval"], "Missing option '--policy'"),
    (["eval", "--policy", "clever"], "'clever' is no policy"),
    (["eval", "--policy", "no_such_module:Policy"], "needs a module 'no_such_module'"),
    (["eval", "--policy", "json:no_such_thing"], "'json' has no 'no_such_thing'"),
    (["eval", "--policy", "json:decoder"], "'json:decoder' has no method select_action"),
    (["eval", "--policy", "builtins:dict"], "'builtins:dict' has no method select_action"),
    (["eval", "--policy", "random", "--episodes", "0"], "greater than or equal to 1"),
    (["eval", "--policy", "random", "--seed", "-1"], "greater than or equal to 0"),
    (["eval", "--policy", "random", "--budget", "101"], "less than or equal to 100"),
    (["eval", "--policy", "random", "--output", "no/such/folder/r.jsonl"], "there is no folder"),
    (["eval", "--policy", "oracle", "--address", "127.0.0.1:1"], "needs its oracle token"),
    (["tasks", "show", "x", "--gold", "--address", "127.0.0.1:1"], "needs its oracle token"),
    (["play", "--budget", "-1"], "greater than or equal to 0"),
    (["play", "--seed", str(2**64)], "less than or equal to 18446744073709551615"),
    (["eval", "--policy", "random", "--seed", str(2**64)], "less than or equal to 18446744073709551615"),
    (["eval", "--policy", "random", "--seed", str(2**64 - 49)], "18446744073709551567 + 50 - 1, is beyond"),
    (["eval", "--policy", "random", "--output", "-"], "--output - is no file"),
    (["eval", "--policy", "json:dumps"], "'json:dumps' cannot be made: TypeError: dumps()"),
    (["token", ""], "has 1 to 128 characters"),
    (["token", "n" * 129], "has 1 to 128 characters"),
    (["token", "a\x1b[31m"], "no control characters"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_mistake_is_explained(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert " ".join(message.split()) in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("token", ["no\u00ebl", "a\nb", "tab\t", " x", "\x1b"])
@pytest.mark.parametrize(
    "command",
    [
        ["play"],
        ["eval", "--policy", "random"],
        ["tasks", "list"],
        ["tasks", "show", "x"],
        ["tasks", "databases"],
    ],
    ids=lambda command: " ".join(command),
)
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(command, token):
    for result in (
        invoke(*command, "--address", "127.0.0.1:1", "--token", token),
        invoke(*command, "--address", "127.0.0.1:1", SQLDOJO_TOKEN=token),
    ):
        assert result.exit_code == 2
        assert "the token of --token cannot be sent" in result.output
        assert token == " x" or token not in result.output


def test_an_oracle_token_that_nobody_could_send_is_refused():
    result = invoke("serve", "--oracle-token", "no\u00ebl")
    assert (result.exit_code, "the token of --oracle-token cannot be sent" in result.output) == (2, True)


def test_a_tokens_name_is_as_long_as_servers_take_it():
    assert token.MAX_NAME == access.MAX_NAME


def test_the_version():
    assert invoke("--version").output == f"sqldojo {version('sqldojo')}\n"


def test_a_server_that_is_not_there_is_the_users_to_mend(monkeypatch):
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=3, first=0.001))
    result = invoke("tasks", "list", "--address", "127.0.0.1:1")
    assert result.exit_code == 2
    assert "Is a sqldojo server running at 127.0.0.1:1?" in result.output


def test_the_address_may_come_from_the_environment():
    assert "'nowhere' is no address" in invoke("tasks", "list", SQLDOJO_ADDRESS="nowhere").output


def described(command):
    """Gives the texts of a command's help, and of those below it."""
    yield command.help or ""
    yield from (parameter.help or "" for parameter in command.params if hasattr(parameter, "help"))
    for below in getattr(command, "commands", {}).values():
        yield from described(below)


def test_no_help_has_words_that_the_screen_takes_for_markup():
    texts = list(described(get_command(application)))
    assert any("extra 'ray'" in text for text in texts)
    assert [text for text in texts if re.search(r"\[[a-z]", text)] == []
