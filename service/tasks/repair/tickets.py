"""The words of a ticket: what the statement should give, what is known of it, and what it gives instead."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ..explore.intent import Intent
from .gate import Symptom
from .symptoms import describe

_STORIES = 0.6  # share of tickets that tell a story, of those whose fault has one
_CLOSINGS = 0.35  # share of tickets that end with a remark

_PLAIN = (
    "This query should give {}.",
    "I need {}.",
    "The report is meant to show {}.",
    "We run this every week to get {}.",
    "Could you have a look at this? It is supposed to give {}.",
    "The statement below should return {}.",
    "Please mend this one. Wanted: {}.",
    "We want to see {}.",
    "The board asked for {}.",
    "For the yearly report we need {}.",
    "A colleague left us this query. It is to return {}.",
    "I was asked to find {}.",
    "Expected result: {}.",
)
_COPULAR = (
    "What I am after is {}.",
    "What should come out is {}.",
    "The result should be {}.",
)
_CLOSINGS_WORDS = (
    "Can you put it right?",
    "Please repair it.",
    "Thank you!",
    "It is needed by tomorrow morning.",
    "I have stared at it for an hour.",
    "Any idea?",
    "What is wrong with it?",
    "It has to work on next month's data as well.",
    "Please change as little as you can.",
    "I would rather understand it than guess.",
)


def ticket(intent: Intent, symptom: Symptom, stories: Sequence[str], rng: Random) -> str:
    """Words a ticket.

    The request and its notes stay together, since they decide what is right; the statement's story and the
    symptom stand behind them or, with the symptom first, before them.
    """
    wanted = " ".join((_wanted(rng.choice(intent.requests), rng), *intent.notes))
    seen = describe(symptom, ordered=intent.ordered, rng=rng)
    story = rng.choice(stories) if stories and rng.random() < _STORIES else ""
    closing = rng.choice(_CLOSINGS_WORDS) if rng.random() < _CLOSINGS else ""
    shape = rng.random()
    if shape < 0.55:
        parts = [wanted, story, seen]
    elif shape < 0.8:
        parts = [wanted, seen, story]
    else:
        parts = [story, seen, wanted]
    return " ".join(part for part in (*parts, closing) if part)


def _wanted(request: str, rng: Random) -> str:
    openings = _PLAIN if request.startswith("for each") else (*_PLAIN, *_COPULAR)
    return rng.choice(openings).format(request.removesuffix("."))  # "Cab." needs no second full stop
