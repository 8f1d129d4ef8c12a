"""A break of the contract passes only with a line that was added for it and says why."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUF = ROOT / "node_modules" / ".bin" / "buf"
pytestmark = pytest.mark.skipif(not BUF.exists(), reason="needs buf, which `make lint` installs")

PROTO = 'syntax = "proto3";\npackage dojo.v1;\nmessage Row {\n  string cell = 1;\n}\n'
BREAK = "proto/dojo/v1/row.proto FIELD_SAME_TYPE"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a small contract and no commit yet."""
    (tmp_path / "proto" / "dojo" / "v1").mkdir(parents=True)
    (tmp_path / "buf.yaml").write_text(
        "version: v2\nmodules:\n  - path: proto\nbreaking:\n  use:\n    - FILE\n"
    )
    (tmp_path / "proto" / "breaking.txt").write_text("# why\n")
    (tmp_path / "proto" / "dojo" / "v1" / "row.proto").write_text(PROTO)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def commit(repository: Path) -> Callable[[], None]:
    """Commits all that is in the repository."""

    def commit_all() -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        for command in (["add", "-A"], [*identity, "commit", "--quiet", "-m", "m"]):
            subprocess.run(["git", *command], cwd=repository, check=True)

    return commit_all


def retype(repository: Path, field_type: str) -> None:
    (repository / "proto" / "dojo" / "v1" / "row.proto").write_text(PROTO.replace("string", field_type))


def declare(repository: Path, line: str) -> None:
    with (repository / "proto" / "breaking.txt").open("a") as declarations:
        declarations.write(f"{line}\n")


def check(repository: Path) -> subprocess.CompletedProcess[str]:
    tool = [sys.executable, ROOT / "tools" / "check_breaking.py"]
    return subprocess.run(tool, cwd=repository, capture_output=True, text=True)


def test_without_an_earlier_commit_there_is_nothing_to_compare(
    repository: Path, commit: Callable[[], None]
) -> None:
    commit()
    done = check(repository)
    assert (done.returncode, "skipped" in done.stdout) == (0, True)


def test_a_break_is_refused_until_a_new_line_gives_its_reason(
    repository: Path, commit: Callable[[], None]
) -> None:
    commit()
    retype(repository, "int64")
    commit()
    refused = check(repository)
    assert refused.returncode == 1
    assert BREAK in refused.stderr

    declare(repository, f"{BREAK}: ")
    assert check(repository).returncode == 1

    declare(repository, f"{BREAK}: cells are numbers")
    passed = check(repository)
    assert (passed.returncode, "1 declared" in passed.stdout) == (0, True)


def test_a_line_of_an_earlier_break_does_not_excuse_the_next(
    repository: Path, commit: Callable[[], None]
) -> None:
    declare(repository, f"{BREAK}: cells are numbers")
    commit()
    retype(repository, "int64")
    commit()
    assert check(repository).returncode == 1


def test_main_is_compared_with_where_it_is_not_what_is_checked_out(
    repository: Path, commit: Callable[[], None]
) -> None:
    commit()
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=repository, check=True)
    retype(repository, "int64")
    commit()
    (repository / "README").write_text("a second commit, which breaks nothing itself\n")
    commit()
    assert check(repository).returncode == 1


def test_what_adds_passes(repository: Path, commit: Callable[[], None]) -> None:
    commit()
    more = PROTO.replace("cell = 1;\n", "cell = 1;\n  string note = 2;\n")
    (repository / "proto" / "dojo" / "v1" / "row.proto").write_text(more)
    commit()
    assert check(repository).returncode == 0
