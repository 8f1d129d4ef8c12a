import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "sqldojo.cli"]


@pytest.fixture
def sqldojo(tmp_path):
    """Runs `sqldojo` as a process in an empty folder; stdout and stderr are no terminals."""

    def run(*arguments, stdin="", columns=80, cwd=tmp_path, **environment):
        return subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=cwd,
            env={**os.environ, "COLUMNS": str(columns), **environment},
        )

    return run
