"""The rivals' virtual environment, and the processes that run in it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .figure import NotMeasurable

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "benchmarks" / "rivals-requirements.txt"
VENV = ROOT / "build" / "rivals"
LINKS = ROOT / "build" / "links"  # sqldojo as Python sees it installed: tools/link_packages.py
STARTING = 120.0  # seconds that a program may take until it is ready


def rivals_python() -> Path:
    """Gives the Python of the rivals' environment, which it makes where it is not there or out of date.

    Raises NotMeasurable when a package is missing and cannot be fetched.
    """
    python, made_from = VENV / "bin" / "python", VENV / REQUIREMENTS.name
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not (made_from.exists() and made_from.read_text(encoding="utf-8") == wanted and python.exists()):
        shutil.rmtree(VENV, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(VENV))
        _run(python, "-m", "pip", "--disable-pip-version-check", "-q", "install", "-r", str(REQUIREMENTS))
        made_from.write_text(wanted, encoding="utf-8")
    _run(python, str(ROOT / "tools" / "link_packages.py"))
    return python


def pinned(*packages: str) -> str:
    """Names packages of the rivals' environment with their versions."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    versions = dict(line.split("==") for line in lines if "==" in line)
    return ", ".join(f"{name} {versions[name]}" for name in packages)


def write_echo_environment(python: Path, folder: Path) -> None:
    """Has OpenEnv write its echo environment into a folder. Raises NotMeasurable."""
    _run(python, "-m", "openenv.cli", "init", "echo_env", "--output-dir", str(folder))


@dataclass(frozen=True, slots=True)
class Load:
    """A load program that is ready: see rival_programs/turns.py."""

    process: subprocess.Popen[str]

    def play(self, kind: str, seconds: float) -> tuple[int, float]:
        """Has it play; gives the steps and the seconds that they took."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([kind, seconds]) + "\n")
        self.process.stdin.flush()
        steps, took = json.loads(_read_line(self.process))
        return steps, took


@contextmanager
def load(python: Path, module: str, *arguments: str) -> Iterator[Load]:
    """Runs a load program. Raises NotMeasurable when it ends before it is ready."""
    command = [str(python), "-m", f"benchmarks.rival_programs.{module}", *arguments]
    with _process(command, {}) as process:
        _read_line(process)  # it is ready
        yield Load(process)
        assert process.stdin is not None
        process.stdin.close()  # it ends by itself now, and its children with it
        process.wait(timeout=30)


@contextmanager
def openenv_server(
    python: Path, app: str, workers: int, environment: dict[str, str], folder: Path
) -> Iterator[tuple[str, int]]:
    """Runs an OpenEnv server; gives its address and process. Raises NotMeasurable when it does not serve."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"--port {port} --workers {workers} --ws-per-message-deflate false --no-access-log"
    command = [str(python), "-m", "uvicorn", f"benchmarks.rival_programs.{app}:app", *options.split()]
    address = f"http://127.0.0.1:{port}"
    with _process(
        [*command, "--log-level", "error"], {**environment, "PYTHONPATH": f"{LINKS}:{folder}"}
    ) as process:
        _wait_until_it_serves(address, process)
        yield address, process.pid


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(LINKS), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise NotMeasurable(f"{process.args!r} has ended; what it wrote above says why")
    return line


def _wait_until_it_serves(address: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise NotMeasurable(f"{address} does not serve; what its process wrote above says why")


def _run(*command: Path | str) -> None:
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise NotMeasurable(f"{' '.join(map(str, command))} failed: {done.stdout.strip().splitlines()[-1:]}")
