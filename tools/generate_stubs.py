"""Generates the contract's Python stubs beside their .proto files: `python tools/generate_stubs.py [OUT]`.

OUT is the folder that stands for `proto/` (default: `proto/` itself). The messages come from protoc,
the typed .pyi files from mypy-protobuf. protovalidate's options are imported as `sqldojo.buf.validate`,
so that the package brings no top-level `buf` that another project's stubs could clash with.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "proto"
# protoc looks for protoc-gen-mypy on the path; it lies beside this Python.
SCRIPTS = Path(sys.executable).parent


def generate(out: Path) -> list[Path]:
    """Writes the stubs below `out` and returns their paths, sorted. Raises RuntimeError when protoc fails."""
    os.environ["PATH"] = f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"
    out.mkdir(parents=True, exist_ok=True)
    protos = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))
    includes = Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{SOURCES}", f"-I{includes}", f"--python_out={out}", f"--mypy_out={out}"]
    services = [proto for proto in protos if "\nservice " in (SOURCES / proto).read_text(encoding="utf-8")]
    for command in (
        [*arguments, *protos],
        [*arguments[:3], f"--grpc_python_out={out}", f"--mypy_grpc_out={out}", *services],
    ):
        if protoc.main(command) != 0:
            raise RuntimeError(f"protoc failed: {' '.join(command)}")
    stubs = sorted(path for path in out.rglob("*_pb2*.py*") if path.suffix in {".py", ".pyi"})
    for stub in stubs:
        text = stub.read_text(encoding="utf-8")
        stub.write_text(
            text.replace("from buf.validate import", "from sqldojo.buf.validate import"), encoding="utf-8"
        )
    return stubs


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCES
    for path in generate(target):
        print(path)
