"""Who calls: the scope that a bearer token gives."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from ..sessions.refusal import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller's scopes. `oracle`: may see gold."""

    oracle: bool = False


class Access:
    """Knows the tokens. Without one, a caller may do all that an agent or trainer does, but see no gold."""

    def __init__(self, oracle_token: str | None) -> None:
        self._oracle_token = oracle_token

    def caller(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> Caller:
        """Reads `authorization: Bearer <token>`. Raises Refusal for a token that is not known."""
        for key, value in metadata or ():
            if key == "authorization":
                return self._known(value if isinstance(value, str) else value.decode("latin-1"))
        return Caller()

    def _known(self, authorization: str) -> Caller:
        scheme, _, token = authorization.partition(" ")
        known = self._oracle_token
        if known and scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), known.encode()):
            return Caller(oracle=True)
        raise Refusal(
            Reason.UNKNOWN_TOKEN,
            "the bearer token is not known to this server",
            field="authorization",
            hint="Send the token that the server was started with, or none.",
        )
