from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys

import pytest

from sqldojo.client import DojoError, connect
from sqldojo.client.embedded import embedded_server


def ends_in(pidfd, seconds):
    """Says whether a process ends within some seconds."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def test_it_serves_and_is_gone_afterwards():
    async def check():
        async with embedded_server() as server:
            process = os.pidfd_open(server.pid)
            async with connect(server.address) as dojo:
                assert await dojo.databases()
            assert not ends_in(process, 0)
        assert ends_in(process, 0)
        os.close(process)

    asyncio.run(check())


def test_it_ends_with_an_exception_too():
    pids = []

    async def check():
        async with embedded_server() as server:
            pids.append(os.pidfd_open(server.pid))
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(check())
    assert ends_in(pids[0], 0)
    os.close(pids[0])


def test_it_dies_with_a_client_that_is_killed():
    program = """
import asyncio
from sqldojo.client.embedded import embedded_server
async def main():
    async with embedded_server() as server:
        print(server.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as client:
        server = os.pidfd_open(int(client.stdout.readline()))
        client.send_signal(signal.SIGKILL)
    assert ends_in(server, 60)
    os.close(server)


@pytest.mark.parametrize(
    ("program", "seconds", "said"),
    [
        ("raise SystemExit('the port is taken')", 60, r"exit status 1\).*the port is taken$"),
        ("import no_such_library", 60, r'pip install "sqldojo\[server\]".*No module named'),
        ("print('hello')", 60, "did not start"),
        ("print('[]')", 60, "did not start"),
        ("input()", 0.3, "did not start"),
    ],
)
def test_a_server_that_does_not_start_is_an_error_that_says_why(monkeypatch, program, seconds, said):
    monkeypatch.setattr("sqldojo.client.embedded._COMMAND", ("-c", program))
    monkeypatch.setattr("sqldojo.client.embedded._START_SECONDS", seconds)

    async def check():
        async with connect():
            pytest.fail("it connected")

    with pytest.raises(DojoError, match=f"(?s){said}"):
        asyncio.run(check())
