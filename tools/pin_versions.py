"""Prints constraints.txt, every version that is installed here: `python tools/pin_versions.py`."""

from __future__ import annotations

from importlib.metadata import distributions

HEADER = """\
# Every version that sqldojo is tested with, [train] included. `make setup` installs no other;
# `make lock` writes this file from what is installed.
"""
# pip comes with Python, and sqldojo is what is being installed.
UNPINNED = {"pip", "sqldojo"}


def pins() -> list[str]:
    """The pins, sorted by name, without local labels ("2.13.0+cpu"): they say how a wheel was built."""
    versions = {each.name.lower().replace("_", "-"): each.version.split("+")[0] for each in distributions()}
    return [f"{name}=={version}" for name, version in sorted(versions.items()) if name not in UNPINNED]


if __name__ == "__main__":
    print(HEADER + "\n".join(pins()))
