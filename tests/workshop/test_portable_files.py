"""No file says where it was written: no machine's folders, no registry that packages came from."""

from __future__ import annotations

import re
from pathlib import Path

# Built so that this file does not hold what it forbids.
FOLDERS = re.compile(rb"(?<![\w.~/-])/(?:work|root|home|Users)/[\w.]")
REGISTRIES = re.compile(
    b"|".join(
        [rb"pypi\.org", rb"pythonhosted\.org", rb"npmjs\.(?:org|com)", rb"download\.pytorch", rb"deb\.debian"]
    )
)
PIP_SOURCES = re.compile(rb"^\s*--?(?:extra-)?(?:index-url|find-links)", re.MULTILINE)


def found(root: Path, files: list[Path], pattern: re.Pattern[bytes]) -> list[str]:
    """Every place where the pattern occurs, as "file: text"."""
    places = ((path, pattern.search((root / path).read_bytes())) for path in files)
    return [f"{path}: {match.group().decode()}" for path, match in places if match]


def test_no_file_names_a_folder_of_the_machine_it_was_written_on(root: Path, kept_files: list[Path]) -> None:
    assert found(root, kept_files, FOLDERS) == []


def test_no_file_names_a_package_registry(root: Path, kept_files: list[Path]) -> None:
    assert found(root, kept_files, REGISTRIES) == []


def test_pins_and_locks_name_no_source(root: Path, kept_files: list[Path]) -> None:
    assert found(root, kept_files, PIP_SOURCES) == []
    assert "resolved" not in (root / "package-lock.json").read_text(encoding="utf-8")


def test_the_patterns_find_what_they_forbid(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(
        b"cd /" + b"work/main\nsee https://pypi" + b".org/simple\n-" + b"-index-url x\n"
    )
    for pattern in (FOLDERS, REGISTRIES, PIP_SOURCES):
        assert len(found(tmp_path, [Path("a")], pattern)) == 1


def test_every_pin_is_exact(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == [line for line in pins if re.fullmatch(r"[a-z0-9.-]+==[\w.!]+", line)]
    assert "torch==2.13.0" in pins
