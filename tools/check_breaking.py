"""Refuses a change of the contract that breaks its users: `python tools/check_breaking.py`.

Compares proto/ with the last commit of main. That is origin/main, or, where origin/main is what is
checked out, its first parent. A deliberate break passes when proto/breaking.txt gained a line for it
since that commit; the file says how the line looks.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUF = ROOT / "node_modules" / ".bin" / "buf"
DECLARATIONS = "proto/breaking.txt"


def git(*arguments: str) -> str | None:
    """What git prints, or None when it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def last_commit_of_main() -> str | None:
    """The commit to compare with; None where the history does not reach that far."""
    head, main = git("rev-parse", "HEAD"), git("rev-parse", "--verify", "--quiet", "origin/main")
    return main if main and main != head else git("rev-parse", "--verify", "--quiet", "HEAD^")


def breaks_since(commit: str) -> dict[str, str]:
    """What breaks since `commit`: "path RULE" -> what buf says. Raises RuntimeError when buf itself fails."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", commit, "buf.yaml", "proto"], check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        done = subprocess.run(
            [BUF, "breaking", "--against", folder, "--error-format", "json"], capture_output=True, text=True
        )
    if done.returncode not in {0, 100}:
        raise RuntimeError(f"buf breaking failed: {done.stderr.strip() or done.stdout.strip()}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {f"{each.get('path', 'proto')} {each['type']}": each["message"] for each in found}


def declared_since(commit: str) -> set[str]:
    """The breaks, as "path RULE", that the declarations gained since `commit` with a reason."""
    before = set((git("show", f"{commit}:{DECLARATIONS}") or "").splitlines())
    gained = [
        line for line in Path(DECLARATIONS).read_text(encoding="utf-8").splitlines() if line not in before
    ]
    parts = [line.partition(": ") for line in gained if not line.startswith("#")]
    return {what for what, _, reason in parts if reason.strip()}


def check() -> str:
    """Compares and returns what to print. Raises SystemExit when a break is not declared."""
    commit = last_commit_of_main()
    if commit is None or git("cat-file", "-e", f"{commit}:buf.yaml") is None:
        return "buf breaking: skipped, no earlier commit with a contract to compare with"
    found = breaks_since(commit)
    undeclared = found.keys() - declared_since(commit)
    if undeclared:
        lines = [f"  {what}: {found[what]}" for what in sorted(undeclared)]
        raise SystemExit(
            "\n".join([f"The contract breaks since {commit[:9]}:", *lines, f"See {DECLARATIONS}."])
        )
    return f"buf breaking: {len(found)} declared breaks, no other since {commit[:9]}"


if __name__ == "__main__":
    print(check())
