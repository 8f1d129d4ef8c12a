"""Tasks written by hand: questions and tickets about the first five databases."""

from __future__ import annotations

from ...core.task import Task
from . import questions, tickets

TASKS: tuple[Task, ...] = (*questions.TASKS, *tickets.TASKS)
