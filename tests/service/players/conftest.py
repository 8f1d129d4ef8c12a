"""Servers whose players can be reached by their process ids."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import servers


@pytest.fixture(scope="session")
def players_of() -> Callable[[int], list[int]]:
    """Gives the process ids of a server's players: the children of its nursery, its only child."""
    return servers.players_of
