"""pyproject.toml lists every package folder, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_the_list_and_the_mapping_name_the_same_packages(
    pyproject: dict[str, Any], package_folders: dict[str, Path]
) -> None:
    assert sorted(pyproject["tool"]["setuptools"]["packages"]) == sorted(package_folders)


OUTSIDE = ("tests", "benchmarks")  # they try and measure the package from outside


def test_every_folder_with_an_init_is_listed(
    kept_files: list[Path], package_folders: dict[str, Path]
) -> None:
    with_init = {path.parent for path in kept_files if path.name == "__init__.py"}
    inside = {folder for folder in with_init if not str(folder).startswith(OUTSIDE)}
    assert sorted(inside) == sorted(package_folders.values())


def test_a_package_is_named_after_its_folder(package_folders: dict[str, Path]) -> None:
    moved = {"sqldojo": ".", "sqldojo.v1": "proto/sqldojo/v1", "sqldojo.buf": "proto/buf"}
    moved["sqldojo.buf.validate"] = "proto/buf/validate"
    for name, folder in package_folders.items():
        inside = name.removeprefix("sqldojo.").replace(".", "/")
        assert folder == Path(moved.get(name, inside)), name


def test_the_root_holds_no_other_module_than_the_face(kept_files: list[Path]) -> None:
    # Any module beside it would be installed as part of the package.
    modules = [str(path) for path in kept_files if path.parent == Path() and path.suffix == ".py"]
    assert modules == ["__init__.py"]
