"""Makes the virtual environment that the workshop runs in.

`python3 tools/make_venv.py .venv` makes it, in place of a broken one; with --fault it only prints what is
wrong with the one that is there. Python 3.7 can run this file, so that an old one gets a sentence and not
a traceback.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
PROBE = "import sys, pip; print('%d.%d' % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))"


def complaint() -> str:
    """What keeps this Python from making a virtual environment; empty when nothing does."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        return (
            f"sqldojo needs Python 3.11 or later, and {sys.executable} is {version}. "
            "Name a newer one: make PYTHON=/path/to/python3"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return (
            f"{sys.executable} ({version}) has no venv with pip. "
            "On Debian and Ubuntu: apt-get install python3-venv. "
            "Or name another Python: make PYTHON=/path/to/python3"
        )
    return ""


def fault(venv: Path) -> str:
    """Why the virtual environment at `venv` is of no use; empty when it is good or not there."""
    if not venv.exists():
        return ""
    try:
        config = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return "it has no pyvenv.cfg"
    made_as = [line.split()[-1] for line in config.splitlines() if line.startswith("command = ")]
    if made_as and os.path.abspath(venv) != made_as[0]:
        return f"it was made as {made_as[0]} and moved here"
    try:
        probe = subprocess.run([str(venv / "bin" / "python"), "-c", PROBE], capture_output=True)
    except OSError:
        return "its Python is gone"
    if probe.returncode != 0:
        version = probe.stdout.decode().strip()
        return f"its Python is {version}" if version else "its Python does not run, or has no pip"
    return ""


def make(venv: Path) -> None:
    """Makes `venv`, and first removes a broken one. Raises SystemExit with a reason."""
    problem = complaint()
    if problem:
        raise SystemExit(problem)
    broken = fault(venv)
    if broken:
        print(f"Making {venv} anew: {broken}.")
        shutil.rmtree(venv)
    if venv.exists():
        return
    if subprocess.call([sys.executable, "-m", "venv", str(venv)]) != 0:
        shutil.rmtree(venv, ignore_errors=True)
        raise SystemExit(f"{sys.executable} -m venv {venv} failed; its message above says why.")


if __name__ == "__main__":
    if sys.argv[2:] == ["--fault"]:
        print(fault(Path(sys.argv[1])))
    else:
        make(Path(sys.argv[1]))
