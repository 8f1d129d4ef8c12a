"""The alarm rings for a statement that is late, and for no other."""

from __future__ import annotations

from time import monotonic

from sqldojo.service.core.execution import ErrorKind
from sqldojo.service.core.schema import READ_ALL, Schema
from sqldojo.service.sandbox.alarm import Alarm
from sqldojo.service.sandbox.clock import open_frozen
from sqldojo.service.sandbox.guard import Guard
from sqldojo.service.sandbox.limits import Limits


def test_an_alarm_rings_only_between_its_deadline_and_the_end_of_the_statement() -> None:
    connection = open_frozen()
    guard = Guard(Schema(()), READ_ALL, Limits())
    alarm = Alarm(connection, guard)
    alarm.ring_if_due()
    alarm.set()
    alarm.ring_if_due()
    assert guard.refusal is None
    guard.deadline = monotonic() - 1
    alarm.set()
    alarm.clear()
    alarm.ring_if_due()
    assert guard.refusal is None
    alarm.set()
    alarm.ring_if_due()
    assert guard.refusal is not None
    assert guard.refusal.kind is ErrorKind.TIMEOUT
