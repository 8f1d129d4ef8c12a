"""Builds the wheel with the default bank in it: `python tools/build_wheel.py [OUT]` (default: dist/).

The bank is built from the very files that go into the wheel, in a copy of what git keeps, so nothing that
lies about in the working tree slips in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BANK = Path("service") / "tasks" / "default_bank.sqlite"
LARGEST = 20 * 1024 * 1024  # bytes of a wheel


def build_wheel(out: Path) -> Path:
    """Builds the wheel into `out` and gives its path. Raises RuntimeError when it is too large."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        _copy(source)
        _build_bank(Path(folder) / "site", source)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps"]
        made = Path(folder) / "made"
        subprocess.run(
            [*pip, "--no-build-isolation", "--no-index", "--wheel-dir", str(made), str(source)], check=True
        )
        (wheel,) = made.glob("sqldojo-*.whl")
        if wheel.stat().st_size > LARGEST:
            raise RuntimeError(f"{wheel.name} has {wheel.stat().st_size:,} bytes, more than {LARGEST:,}")
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, out / wheel.name))


def _copy(source: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in set(listed.split("\0")):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)


def _build_bank(site: Path, source: Path) -> None:
    """Builds the bank with the copy's own code, installed without what it depends on."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--no-index", "--target", str(site), str(source)], check=True
    )
    command = [sys.executable, "-m", "sqldojo.service.tasks.default_bank", str(source / BANK)]
    subprocess.run(command, cwd=site, env={**os.environ, "PYTHONPATH": str(site)}, check=True)
    manifest = source / f"{BANK}.manifest.json"
    manifest.unlink()  # it is in the bank too


if __name__ == "__main__":
    wheel = build_wheel(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    print(f"{wheel} ({wheel.stat().st_size / 1e6:.1f} MB)")
