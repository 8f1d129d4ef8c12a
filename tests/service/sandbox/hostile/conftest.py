"""What the tests of hostile statements share: worlds, and the modules that stand outside the package."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.tasks.bank import TaskBank

ROOT = Path(__file__).resolve().parents[4]
READING, WRITING, PLAIN = range(3)


@pytest.fixture(scope="session")
def shop() -> DatabaseImages:
    """The database that all hostile statements are about."""
    return TaskBank.default().images("retail_shop")


@pytest.fixture(scope="session")
def confined() -> ModuleType:
    """The module with the process that may do nothing but run statements."""
    return _load("confined")


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    """The module that makes statements."""
    return _load("generator")


@pytest.fixture(scope="session")
def worlds(shop: DatabaseImages, confined: ModuleType) -> list[object]:
    """One for reading, one that may write the table review, and plain SQLite."""
    writable = Permissions(writable=frozenset({"review"}))
    return [
        confined.World(shop.images[0], shop.schema, READ_ALL),
        confined.World(shop.images[0], shop.schema, writable),
        confined.World(shop.images[0], shop.schema, READ_ALL, is_guarded=False),
    ]


def _load(name: str) -> ModuleType:
    full = f"benchmarks.sandbox_fuzz.{name}"
    spec = spec_from_file_location(full, ROOT / "benchmarks" / "sandbox_fuzz" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[full] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
