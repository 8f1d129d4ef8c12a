"""A server's databases are in UTC, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from servers import Server

from sqldojo.client.sync import connect_sync


def test_local_time_is_utc(
    serving: Callable[..., AbstractContextManager[Server]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    with serving() as server, connect_sync(server.address) as dojo:
        session = dojo.session(dojo.tasks()[0].task_id)
        result = session.query("SELECT datetime('now', 'localtime') = datetime('now')").observation.result
    assert result is not None
    assert result.rows == ((1,),)
