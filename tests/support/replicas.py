"""`python -m replicas [N]`: N servers behind HAProxy on one PostgreSQL of their own, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import haproxy
import postgres
import servers

from sqldojo.service.sessions.journal.engine import journal_url, upgrade


def main() -> int:
    """Runs them; when one ends, another takes its place. Gives the exit status."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    for name, program in (("PostgreSQL", postgres), ("HAProxy", haproxy)):
        if not program.is_installed():
            sys.stderr.write(f"{name} is not installed: apt-get install postgresql haproxy\n")
            return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(count))
    return 0


async def _run(count: int) -> None:
    with postgres.postgres_server() as database:
        journal = database.create_database("journal")
        await upgrade(journal_url(journal))
        running = [servers.start("--journal", journal) for _ in range(count)]
        addresses = [server.address for server in running]
        try:
            with haproxy.balanced(addresses) as address:
                sys.stdout.write(f"{count} replicas behind {address}, journal {journal}. Ctrl-C ends them.\n")
                for server, own in zip(running, addresses, strict=True):
                    sys.stdout.write(f"  process {server.process.pid} on {own}\n")
                sys.stdout.flush()
                await asyncio.gather(*(_keep(running, place, journal) for place in range(count)))
        finally:
            for server in running:
                server.process.terminate()


async def _keep(running: list[servers.Server], place: int, journal: str) -> None:
    """Starts a server anew, at its address, whenever it has ended."""
    address = running[place].address
    while True:
        await asyncio.to_thread(running[place].process.wait)
        running[place] = servers.start("--journal", journal, address=address)
        await asyncio.to_thread(lambda: running[place].address)
        sys.stdout.write(f"  process {running[place].process.pid} on {address}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
