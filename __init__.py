"""sqldojo: the environment in which language models learn to work with SQL by running it.

    from sqldojo import connect

    async with connect() as dojo:
        async with dojo.session(task="explore/retail_shop/unrated-suppliers") as session:
            step = await session.query("SELECT COUNT(*) FROM supplier WHERE rating IS NULL")

The names are those of `sqldojo.client`. They are loaded when first asked for, so that importing a part
of the package loads that part alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import *  # noqa: F403 - what the client exports is what the package shows

else:  # a type checker would take it that every name is there

    def __getattr__(name: str) -> object:
        client = import_module(".client", __name__)
        if name == "__all__":
            return client.__all__
        if name in client.__all__:
            return getattr(client, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted([*globals(), *import_module(".client", __name__).__all__])
