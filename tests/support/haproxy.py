"""HAProxy (Debian's package) before replicas of a server."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ports import free_port

CONFIGURATION = Path(__file__).resolve().parents[2] / "docs" / "haproxy.cfg"


def is_installed() -> bool:
    return program() is not None


def program() -> str | None:
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def balanced(replicas: Sequence[str]) -> Iterator[str]:
    """Runs HAProxy as docs/haproxy.cfg has it before these addresses, and gives its own."""
    address = f"127.0.0.1:{free_port()}"
    lines = []
    for line in CONFIGURATION.read_text().splitlines():
        if line.split()[:1] == ["bind"]:
            line = f"    bind {address} proto h2"
        if line.split()[:1] != ["server"]:
            lines.append(line)
    lines += [f"    server replica-{number} {each}" for number, each in enumerate(replicas, 1)]
    with tempfile.TemporaryDirectory(prefix="haproxy-") as folder:
        path = Path(folder) / "haproxy.cfg"
        path.write_text("\n".join(lines) + "\n")
        process = subprocess.Popen([program() or "haproxy", "-db", "-q", "-f", str(path)])
        try:
            _wait_for(address, process)
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    import socket

    host, _, port = address.rpartition(":")
    while True:
        assert process.poll() is None, "HAProxy did not start"
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1.0):
            return
