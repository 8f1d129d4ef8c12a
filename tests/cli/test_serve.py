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
