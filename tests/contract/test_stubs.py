"""The stubs in the repository are what the contract generates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUBS = "*_pb2*.py*"


def contents(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob(STUBS) if path.suffix in {".py", ".pyi"}]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def test_committed_stubs_are_those_that_the_contract_generates(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools" / "generate_stubs.py", tmp_path], check=True, capture_output=True
    )
    committed, generated = contents(ROOT / "proto"), contents(tmp_path)
    assert sorted(committed) == sorted(generated)
    stale = [name for name, text in generated.items() if committed[name] != text]
    assert not stale, f"run `make proto`: {stale} differ from what the contract generates"


def test_every_contract_file_has_typed_stubs() -> None:
    names = contents(ROOT / "proto").keys()
    for proto in (ROOT / "proto").rglob("*.proto"):
        stem = str(proto.relative_to(ROOT / "proto").with_suffix(""))
        assert {f"{stem}_pb2.py", f"{stem}_pb2.pyi"} <= names
