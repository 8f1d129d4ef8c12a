"""The task bank: databases and tasks, their build and verification, and the file that they are kept in."""

from __future__ import annotations

from .bank import TaskBank, UnknownDatabase, UnknownTask
from .bank_file import BankDatabase, BankError, DatabaseInfo
from .bank_writer import write_bank
from .prepare import GoldFailed

__all__ = [
    "BankDatabase",
    "BankError",
    "DatabaseInfo",
    "GoldFailed",
    "TaskBank",
    "UnknownDatabase",
    "UnknownTask",
    "write_bank",
]
