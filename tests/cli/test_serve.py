import inspect
import json
import os
import signal
import subprocess
import sys

import pytest

from sqldojo.cli.serve import serve, split_address
from sqldojo.client.sync import connect_sync
from sqldojo.service.rpc.server import ServerConfig

COMMAND = [sys.executable, "-m", "sqldojo.cli", "serve"]


def started(*arguments, **environment):
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def test_embedded_announces_one_line_serves_and_ends_with_its_stdin():
    with started("--address", "127.0.0.1:0", "--embedded", SQLDOJO_ORACLE_TOKEN="t") as process:
        announced = json.loads(process.stdout.readline())
        assert list(announced) == ["address"]
        with connect_sync(announced["address"], token="t") as dojo:
            assert dojo.tasks(gold=True)[0].gold is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == ""
        assert f"on {announced['address']}" in process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(number):
    with started("--address", "127.0.0.1:0") as process:
        assert process.stdout.readline().startswith("sqldojo serves on 127.0.0.1:")
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in process.stderr.read()


def test_a_taken_port_is_refused_with_a_hint(server):
    process = subprocess.run(
        [*COMMAND, "--address", server.address], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 2
    assert f"cannot listen on {server.address}" in process.stderr
    assert "choose another address with --address HOST:PORT" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("host", "why"),
    [("no-such-host.invalid", "name"), ("192.0.2.1", "cannot assign requested address")],
)
def test_a_host_where_nobody_can_listen_is_told_from_a_taken_port(host, why):
    process = subprocess.run(
        [*COMMAND, "--address", f"{host}:50051", "--insecure", "--journal", "none"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert process.returncode == 2
    (said,) = (line for line in process.stderr.splitlines() if f"cannot listen on {host}:50051: " in line)
    assert why in said.lower().rpartition(": ")[2]
    assert "in use" not in said
    assert "Traceback" not in process.stderr


REVIEWER = """
from sqldojo.service.core.review import Finding, FindingKind, Review, Severity

class Stern:
    def review(self, sql, schema, permissions):
        return Review((Finding(FindingKind.SELECT_STAR, Severity.ERROR, "", "not on my watch"),), 0.0)
"""


def test_a_reviewer_may_lie_in_the_current_folder(tmp_path, sqldojo):
    """Also for the command `sqldojo`, for which Python does not look there."""
    (tmp_path / "stern.py").write_text(REVIEWER)
    script = tmp_path / "bin" / "sqldojo"
    script.parent.mkdir()
    script.write_text("from sqldojo.cli import main\nmain()\n")
    command = [sys.executable, str(script), "serve", "--address", "127.0.0.1:0", "--embedded"]
    process = subprocess.Popen(
        [*command, "--reviewer", "stern:Stern"], cwd=tmp_path,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        announced = process.stdout.readline()
        assert announced, process.stderr.read()
        played = sqldojo(
            "play", "--reviewed", "--kind", "explore", "--address", json.loads(announced)["address"],
            stdin="SELECT 1;\n",
        )  # fmt: skip
        assert "not on my watch" in played.stdout
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_file_that_is_no_bank_is_refused(tmp_path):
    bank = tmp_path / "bank.sqlite"
    bank.write_text("not a bank")
    process = subprocess.run(
        [*COMMAND, "--address", "127.0.0.1:0", "--bank", str(bank)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 2
    assert str(bank) in process.stderr
    assert "Traceback" not in process.stderr


def test_without_the_server_extra_it_says_what_to_install():
    """A Python in which one package of the extra can't be imported."""
    without = "import sys; sys.modules['apsw'] = None; from sqldojo.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", without, "serve"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 2
    assert "pip install 'sqldojo[server]'" in process.stderr
    assert "'apsw'" in process.stderr
    assert "Traceback" not in process.stderr


def test_the_options_defaults_are_those_of_the_server():
    defaults = {name: option.default for name, option in inspect.signature(serve).parameters.items()}
    assert split_address(defaults.pop("address")) == (ServerConfig().host, ServerConfig().port)
    assert defaults.pop("embedded") is False
    assert defaults.pop("profiles") is None
    assert defaults.pop("synchronous").upper() == ServerConfig().synchronous
    assert {defaults.pop(name) for name in ("tls_cert", "tls_key", "tls_client_ca")} == {ServerConfig().tls}
    assert defaults == {name: getattr(ServerConfig(), name) for name in defaults}


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("host:65535", ("host", 65535)), ("[::1]:5", ("[::1]", 5))],
)
def test_addresses(address, parts):
    assert split_address(address) == parts
