"""Who may do what: bearer tokens, their scopes, and the one place where both are checked."""

from __future__ import annotations

import hashlib
import hmac
import logging
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import grpc

from ..sessions.refusal import Reason, Refusal
from .refusals import abort

MAX_NAME = 128


class Scope(IntEnum):
    """What a token is for. Each may do what those below it may."""

    AGENT = 1  # play sessions of its own, and read tasks without gold
    TRAINER = 2  # run benchmarks
    ORACLE = 3  # see gold
    ADMIN = 4  # see and close sessions of others


_NEEDED = {
    "/sqldojo.v1.EnvironmentService/": Scope.AGENT,
    "/sqldojo.v1.TaskService/": Scope.AGENT,
    "/sqldojo.v1.BenchmarkService/": Scope.TRAINER,
    "/grpc.reflection.": Scope.AGENT,
}
_OPEN = "/grpc.health."


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller: the name of its token, empty without one, and its scope."""

    name: str
    scope: Scope

    @property
    def may_see_gold(self) -> bool:
        """Its scope is ORACLE or above."""
        return self.scope >= Scope.ORACLE

    @property
    def sees_all_sessions(self) -> bool:
        """Its scope is ADMIN."""
        return self.scope >= Scope.ADMIN


ANYBODY = Caller("", Scope.TRAINER)
"""Who calls a server without tokens: may do all that an agent or trainer does, but see no gold."""

_caller: ContextVar[Caller] = ContextVar("caller")


class TokensError(Exception):
    """A file of tokens that cannot be used: what is wrong with which entry."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a server knows it: not itself, but its SHA-256."""

    caller: Caller
    sha256: bytes


class Access(grpc.aio.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Lets those calls through whose token has the scope that the method needs.

    With no token but `oracle`'s, callers without a token are let in as ANYBODY; with others, nobody is.
    """

    def __init__(self, tokens: Iterable[Token] = (), *, oracle_token: str | None = None) -> None:
        self._tokens = list(tokens)
        self.is_closed = bool(self._tokens)
        if oracle_token:
            self._tokens.append(Token(Caller("oracle", Scope.ORACLE), digest_of(oracle_token)))

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Checks a call before its handler sees it; the handler finds the caller by `current_caller`."""
        handler = await continuation(details)
        if handler is None or details.method.startswith(_OPEN):
            return handler
        try:
            caller = self.caller(details.invocation_metadata)
            _check_scope(caller, details.method)
        except Refusal as refusal:
            return _refusing(handler, refusal)
        _caller.set(caller)
        return handler

    def caller(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> Caller:
        """Reads `authorization: Bearer <token>`. Raises Refusal for a token that is not known."""
        for key, value in metadata or ():
            if key == "authorization":
                return self._known(value if isinstance(value, str) else value.decode("latin-1"))
        if self.is_closed:
            raise Refusal(
                Reason.UNKNOWN_TOKEN,
                "this server needs a bearer token",
                field="authorization",
                hint="Send the metadata `authorization: Bearer <token>`.",
            )
        return ANYBODY

    def _known(self, authorization: str) -> Caller:
        scheme, _, token = authorization.partition(" ")
        found = None
        if scheme.lower() == "bearer":
            digest = digest_of(token.strip())
            for known in self._tokens:  # all of them, so that the time says nothing
                if hmac.compare_digest(known.sha256, digest):
                    found = known.caller
        if found is None:
            raise Refusal(
                Reason.UNKNOWN_TOKEN,
                "the bearer token is not known to this server",
                field="authorization",
                hint="Ask whoever runs the server for a token, or send none where it needs none.",
            )
        return found


def keep_metadata_out_of_the_log() -> None:
    """Has gRPC not log what it cannot decode of a call's metadata: that may be a token."""
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_not_about_metadata)


def _is_not_about_metadata(record: logging.LogRecord) -> bool:
    return not record.msg.startswith("Invalid encoding on")


def current_caller() -> Caller:
    """Gives the caller of the call that is being answered."""
    return _caller.get()


def digest_of(token: str) -> bytes:
    """Gives what a server keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def read_tokens(path: Path) -> list[Token]:
    """Reads a TOML file of `[[token]]` tables with name, scope and sha256. Raises TokensError."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("token", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TokensError(f"{path} cannot be read: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise TokensError(f"{path} has no [[token]]")
    tokens = [_read_token(entry, f"{path}: token {number}") for number, entry in enumerate(entries, 1)]
    for each in ("caller.name", "sha256"):
        values = [token.caller.name if each == "caller.name" else token.sha256 for token in tokens]
        if len(set(values)) < len(values):
            raise TokensError(f"{path}: two tokens have the same {each.removeprefix('caller.')}")
    return tokens


def _read_token(entry: object, where: str) -> Token:
    if not isinstance(entry, Mapping):
        raise TokensError(f"{where} is no table")
    unknown = entry.keys() - {"name", "scope", "sha256"}
    if unknown:
        raise TokensError(f"{where} has {sorted(unknown)[0]!r}; it may have name, scope and sha256")
    name, scope, sha256 = (entry.get(key) for key in ("name", "scope", "sha256"))
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise TokensError(f"{where} needs a name of 1 to {MAX_NAME} characters")
    scopes = {each.name.lower(): each for each in Scope}
    if not isinstance(scope, str) or scope not in scopes:
        raise TokensError(f"{where} ({name}) needs a scope: {', '.join(scopes)}")
    try:
        digest = bytes.fromhex(sha256) if isinstance(sha256, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise TokensError(f"{where} ({name}) needs sha256: 64 hexadecimal digits, of the token's bytes")
    return Token(Caller(name, scopes[scope]), digest)


def _check_scope(caller: Caller, method: str) -> None:
    needed = next((scope for prefix, scope in _NEEDED.items() if method.startswith(prefix)), Scope.ADMIN)
    if caller.scope < needed:
        raise Refusal(
            Reason.SCOPE_REQUIRED,
            f"{method} needs a token with the scope {needed.name.lower()}; "
            f"{caller.name or 'without a token, it'} has {caller.scope.name.lower()}",
            field="authorization",
            hint="Ask whoever runs the server for a token with that scope.",
        )


def _refusing(handler: grpc.RpcMethodHandler[Any, Any], refusal: Refusal) -> grpc.RpcMethodHandler[Any, Any]:
    """Gives a handler of the same form that ends the call."""

    async def refuse(_: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await abort(context, refusal)

    make: dict[tuple[bool, bool], Callable[..., grpc.RpcMethodHandler[Any, Any]]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    return make[bool(handler.request_streaming), bool(handler.response_streaming)](refuse)
