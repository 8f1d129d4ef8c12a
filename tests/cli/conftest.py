import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

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


@pytest.fixture
def in_terminal(tmp_path):
    """Runs `sqldojo` in a terminal of so many columns, into which `typed` is typed; gives what it shows."""

    def run(*arguments, typed="", columns=80):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        process = subprocess.Popen(
            [*COMMAND, *arguments], **ends, cwd=tmp_path, env={**environment, "TERM": "xterm"}
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        with contextlib.suppress(OSError):  # as a terminal's end tells that nobody has it any more
            while some := os.read(ours, 65536):
                shown += some
        os.close(ours)
        assert process.wait(timeout=60) == 0, shown.decode()
        return shown.decode().replace("\r\n", "\n")

    return run
