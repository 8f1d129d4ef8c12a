"""The command line: `sqldojo serve | demo | tasks | play | eval`. A module for each."""

from __future__ import annotations


def main() -> None:
    """Runs the command line; ends the process with 0, 1 (it went wrong) or 2 (the call was wrong)."""
    from .application import application
    from .output import checked_output

    with checked_output():
        application()
