"""Everything in the contract says what it is, in a comment that stands before it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

PROTO = Path(__file__).resolve().parents[2] / "proto"
PROTOS = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "sqldojo").rglob("*.proto"))
Named = tuple[tuple[int, ...], str]
"""A path in descriptor.proto's sense (field number, index, …), and the element's name."""


def in_enum(enum: EnumDescriptorProto, path: tuple[int, ...], name: str) -> Iterator[Named]:
    yield path, name
    for i, value in enumerate(enum.value):
        yield (*path, EnumDescriptorProto.VALUE_FIELD_NUMBER, i), f"{name}.{value.name}"


def in_service(service: ServiceDescriptorProto, path: tuple[int, ...], name: str) -> Iterator[Named]:
    yield path, name
    for i, method in enumerate(service.method):
        yield (*path, ServiceDescriptorProto.METHOD_FIELD_NUMBER, i), f"{name}.{method.name}"


def in_message(message: DescriptorProto, path: tuple[int, ...], name: str) -> Iterator[Named]:
    yield path, name
    for i, field in enumerate(message.field):
        yield (*path, DescriptorProto.FIELD_FIELD_NUMBER, i), f"{name}.{field.name}"
    for i, oneof in enumerate(message.oneof_decl):
        if not oneof.name.startswith("_"):  # protoc's own, one for each optional field
            yield (*path, DescriptorProto.ONEOF_DECL_FIELD_NUMBER, i), f"{name}.{oneof.name}"
    for i, nested in enumerate(message.nested_type):
        yield from in_message(
            nested, (*path, DescriptorProto.NESTED_TYPE_FIELD_NUMBER, i), f"{name}.{nested.name}"
        )
    for i, enum in enumerate(message.enum_type):
        yield from in_enum(enum, (*path, DescriptorProto.ENUM_TYPE_FIELD_NUMBER, i), f"{name}.{enum.name}")


def in_file(file: FileDescriptorProto) -> Iterator[Named]:
    for i, message in enumerate(file.message_type):
        yield from in_message(message, (FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, i), message.name)
    for i, enum in enumerate(file.enum_type):
        yield from in_enum(enum, (FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER, i), enum.name)
    for i, service in enumerate(file.service):
        yield from in_service(service, (FileDescriptorProto.SERVICE_FIELD_NUMBER, i), service.name)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileDescriptorProto]:
    """The contract's files by name, with their comments."""
    out = tmp_path_factory.mktemp("contract") / "contract.binpb"
    includes = [f"-I{PROTO}", f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", *includes, "--include_source_info"]
    subprocess.run([*protoc, f"--descriptor_set_out={out}", *PROTOS], check=True)
    return {file.name: file for file in FileDescriptorSet.FromString(out.read_bytes()).file}


@pytest.mark.parametrize("proto", PROTOS)
def test_everything_has_a_leading_comment(files: dict[str, FileDescriptorProto], proto: str) -> None:
    file = files[proto]
    commented = {tuple(each.path) for each in file.source_code_info.location if each.leading_comments.strip()}
    elements = list(in_file(file))
    assert elements
    assert [name for path, name in elements if path not in commented] == []
