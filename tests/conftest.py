"""What all tests share: a real server; and the root folder is the package `sqldojo`, not one of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from servers import Server, serving


class PlainRoot:
    """Collects the root as a plain folder, or pytest would import it once more under the folder's name."""

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Dir | None:
        """Gives a plain Dir for the root and leaves every other folder to pytest."""
        return pytest.Dir.from_parent(parent, path=path) if path == parent.config.rootpath else None


def pytest_configure(config: pytest.Config) -> None:
    """Registers the rule as a plugin, since pytest asks a conftest.py only about folders below its own."""
    config.pluginmanager.register(PlainRoot())
    settings.register_profile("untimed", deadline=None)  # a slow machine is no fault of what is tested
    settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps servers away from the journal of whoever runs the tests, which may be another version's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real server in a process of its own, with the default bank and an oracle token."""
    with serving() as started:
        yield started
