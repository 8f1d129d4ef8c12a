"""The README's transcripts, played again."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from buf import BUF, needs_buf

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_session_prints_what_the_readme_says() -> None:
    program, printed = blocks("python")[0], blocks("text")[0]
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert run.stderr == ""
    assert run.stdout == printed


def test_the_batch_plays_as_many_rollouts_as_the_readme_says() -> None:
    program = next(block for block in blocks("python") if "dojo.batch()" in block)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert run.stderr == ""
    assert run.stdout.startswith("256 rollouts, mean reward ")


@needs_buf
def test_the_calls_by_buf_curl_answer_what_the_readme_says(server) -> None:
    (transcript,) = blocks("console")
    calls = re.findall(r"^\$ (.*?)\n(.*?)(?=^\$ |\Z)", transcript, re.MULTILINE | re.DOTALL)
    assert len(calls) == 2
    for command, answer in calls:
        program, *arguments = shlex.split(command.replace("127.0.0.1:50051", server.address))
        assert program == "buf"
        run = subprocess.run([str(BUF), *arguments], capture_output=True, text=True, timeout=60)
        assert run.stderr == ""
        assert run.stdout.strip() == answer.strip()
