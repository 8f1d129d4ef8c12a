"""Installs a wheel in a fresh virtual environment and opens its bank: `python tools/check_wheel.py WHEEL`.

The bank must be the package's own and open within a second; there is no folder to build one in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 1.0
PROGRAM = """
import time
from sqldojo.service.tasks import TaskBank
started = time.perf_counter()
bank = TaskBank.default()
seconds = time.perf_counter() - started
for task in bank.tasks[:: max(1, len(bank.tasks) // 50)]:
    list(bank.prepare(task.task_id).gold)  # runs it
print(seconds, len(bank.tasks), bank.path)
"""


def check(wheel: Path) -> str:
    """Gives what to print. Raises RuntimeError when the bank does not open as it should."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "venv"
        venv.create(home, with_pip=True)
        python = home / "bin" / "python"
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        constraints = ["--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, *constraints, f"{wheel.resolve()}[server]"], check=True)
        nowhere = {**os.environ, "XDG_CACHE_HOME": "/dev/null/cache", "PYTHONPATH": ""}
        done = subprocess.run(
            [str(python), "-I", "-c", PROGRAM], cwd=folder, env=nowhere, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"the bank of {wheel.name} cannot be opened:\n{done.stderr}")
        seconds, tasks, path = done.stdout.split(maxsplit=2)
        if not path.startswith(str(home)):
            raise RuntimeError(f"{wheel.name} brings no bank: {path.strip()} was opened")
        if float(seconds) > SECONDS:
            raise RuntimeError(f"the bank of {wheel.name} opened in {seconds} s, more than {SECONDS} s")
        return f"{wheel.name}: its bank of {tasks} tasks opened in {float(seconds):.3f} s"


if __name__ == "__main__":
    print(check(Path(sys.argv[1])))
