"""Lays out the package as Python would see it installed: `python tools/link_packages.py`.

mypy and import-linter follow folders, not setuptools' package-dir mapping, so they get
build/links/sqldojo: a tree of symbolic links made from that mapping in pyproject.toml.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKS = ROOT / "build" / "links"


def wanted_links() -> dict[Path, Path]:
    """What each link of the tree points to. A package inside its parent's folder comes with that folder."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {name: (ROOT / folder).resolve() for name, folder in setuptools["package-dir"].items()}
    links = {LINKS / "sqldojo" / name: ROOT / name for name in ("__init__.py", "py.typed")}
    for name, folder in folders.items():
        parent, _, last = name.rpartition(".")
        if parent and (parent == "sqldojo" or folders[parent] / last != folder):
            links[LINKS.joinpath(*name.split("."))] = folder
    return links


def link_packages() -> None:
    """Brings the tree up to date. Touches only what differs: others may be reading it."""
    wanted = wanted_links()
    for link in LINKS.rglob("*"):
        if link.is_symlink() and (link not in wanted or link.resolve() != wanted[link]):
            link.unlink()
    for link, target in wanted.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(target, link.parent))


if __name__ == "__main__":
    link_packages()
