"""A PostgreSQL server of the tests' own, where Debian's packages have one."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"
FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def is_installed() -> bool:
    return bool(FOLDERS) or shutil.which("pg_ctl") is not None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Starts a server on a free port of this machine and gives its URL, without a database's name."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        port = _free_port()
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(folder, USER)
        _run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
        _run("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            _run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")


def create_database(server: str, name: str) -> str:
    """Makes an empty database and gives its URL."""
    _run("psql", "-q", "-d", f"{server}/postgres", "-c", f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def _run(program: str, *arguments: str) -> None:
    path = str(FOLDERS[-1] / program) if FOLDERS else program
    command = [path, *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={pwd.getpwnam(USER).pw_uid}", "--clear-groups", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
