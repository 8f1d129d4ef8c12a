"""The bank's own questions, by database."""

from __future__ import annotations

from ....core.task import Task
from . import airline, film_streaming, hospital, retail_shop, university

TASKS: tuple[Task, ...] = (
    *retail_shop.TASKS,
    *hospital.TASKS,
    *film_streaming.TASKS,
    *university.TASKS,
    *airline.TASKS,
)
