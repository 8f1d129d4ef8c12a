"""Texts of others, made fit for a terminal: banks, reviewers and errors may hold control codes."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Gives a text as one line, in which every control code stands as its escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def plain(text: str) -> str:
    """Gives a text with its lines and tabs as they are; every other control code stands as its escape."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)
