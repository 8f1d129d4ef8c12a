"""A wheel holds the whole package and nothing else, and works without the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(root: Path, kept_files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from what git keeps, in a copy: leftovers of another build must not slip in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in kept_files:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, source / path)
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", out, source]
    subprocess.run([*PIP, *build], check=True)
    (built,) = out.glob("sqldojo-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed."""
    target = tmp_path_factory.mktemp("site")
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", target, wheel], check=True)
    return target


def test_every_file_of_every_package_is_in_the_wheel(
    names: set[str], kept_files: list[Path], package_folders: dict[str, Path]
) -> None:
    homes = {folder: name for name, folder in package_folders.items() if name != "sqldojo"}
    expected = {"sqldojo/__init__.py", "sqldojo/py.typed"}
    for path in kept_files:
        # A data folder inside a package is installed with it.
        home = next((folder for folder in path.parents if folder in homes), None)
        if home is not None:
            expected.add(f"{homes[home].replace('.', '/')}/{path.relative_to(home)}")
    packaged = {name for name in names if ".dist-info/" not in name}
    assert packaged == expected


def test_the_metadata_names_the_licence_and_the_command(wheel: Path, names: set[str]) -> None:
    info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{info}/METADATA").decode()
        commands = archive.read(f"{info}/entry_points.txt").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert f"{info}/licenses/LICENSE" in names
    assert "sqldojo = sqldojo.cli:main" in commands


def test_a_client_needs_neither_torch_nor_a_database(wheel: Path, names: set[str]) -> None:
    metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(metadata).decode().splitlines()
    needed = [
        line.split(": ")[1] for line in lines if line.startswith("Requires-Dist") and "extra ==" not in line
    ]
    assert needed
    assert not [each for each in needed if each.startswith(("torch", "trl", "apsw", "sqlglot"))]


def test_an_installed_wheel_imports_without_the_repository(site: Path, tmp_path: Path) -> None:
    program = f"""
import importlib, json, sys
sys.path.insert(0, {str(site)!r})
names = ["sqldojo", "sqldojo.client", "sqldojo.cli", "sqldojo.v1.environment_pb2", "sqldojo.v1.task_pb2_grpc"]
print(json.dumps([importlib.import_module(name).__file__ for name in names]))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    files = json.loads(done.stdout)
    assert all(file.startswith(f"{site}{os.sep}") for file in files), files
