"""Tries to break the grading of a bank's tasks, with wrong answers that are nearly right and right ones."""

from __future__ import annotations

from .case import Outcome
from .report import AuditReport, Example, FamilyCount
from .run import PROBES, audit

__all__ = ["PROBES", "AuditReport", "Example", "FamilyCount", "Outcome", "audit"]
