"""A PostgreSQL server of the tests' own, where Debian's packages have one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port

USER = "postgres"
FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def is_installed() -> bool:
    return bool(FOLDERS) or shutil.which("pg_ctl") is not None


@dataclass(frozen=True)
class Postgres:
    """A server that runs. `url` is without a database's name."""

    folder: str
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}"

    def create_database(self, name: str) -> str:
        """Makes an empty database and gives its URL."""
        _run("psql", "-q", "-d", f"{self.url}/postgres", "-c", f'CREATE DATABASE "{name}"')
        return f"{self.url}/{name}"

    def start(self) -> None:
        """Starts it and waits until it serves."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c max_connections=60"
        _run("pg_ctl", "-D", f"{self.folder}/data", "-o", options, "-l", f"{self.folder}/log", "-w", "start")

    def stop(self) -> None:
        """Ends it in the middle of whatever it does; what it has committed it finds again."""
        _run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Starts a server on a free port of this machine."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(folder, USER)
        _run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8")
        server = Postgres(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _run(program: str, *arguments: str) -> None:
    path = str(FOLDERS[-1] / program) if FOLDERS else program
    command = [path, *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={pwd.getpwnam(USER).pw_uid}", "--clear-groups", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
