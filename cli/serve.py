"""`sqldojo serve`: runs the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .failure import fail
from .files import search_current_folder
from .options import token_that_can_be_sent
from .pem import check_authority, check_pair

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ..service.rpc.server import Tls


def serve(
    address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:50051",
    bank: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A task bank's file; without it, the bank that comes along."
        ),
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(
            envvar="SQLDOJO_JOURNAL",
            metavar="FILE|URL|none",
            help="Where sessions are kept, so that they outlive the server: a file, postgresql://…, or none. "
            "Without it: journal.sqlite in the user's state folder; with --embedded none.",
        ),
    ] = None,
    synchronous: Annotated[
        str,
        typer.Option(
            metavar="normal|full",
            help="For a journal in a file: full also outlives a power cut, normal a killed process.",
        ),
    ] = "normal",
    profiles: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A TOML file of further reward profiles, see docs/rewards.md."
        ),
    ] = None,
    reviewer: Annotated[
        str,
        typer.Option(
            metavar="MODULE:ATTRIBUTE",
            help="A reviewer beside the deterministic one, see docs/review.md; its module may lie in the "
            "current folder.",
        ),
    ] = "",
    reviewer_seconds: Annotated[
        float, typer.Option(min=0.01, help="How many seconds that reviewer gets for a statement.")
    ] = 5.0,
    oracle_token: Annotated[
        str | None,
        typer.Option(
            envvar="SQLDOJO_ORACLE_TOKEN",
            callback=token_that_can_be_sent,
            help="The bearer token that may see gold; none: nobody.",
        ),
    ] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A file of bearer tokens, see `sqldojo token`; without it, anybody may play.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TLS: the certificate chain, as PEM.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TLS: the certificate's key, as PEM.")
    ] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="TLS: clients need a certificate of this authority, as PEM."
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Listen on a public address without TLS or without tokens."),
    ] = False,
    max_sessions: Annotated[int, typer.Option(min=1, help="How many sessions may live at once.")] = 10_000,
    idle_seconds: Annotated[
        float, typer.Option(min=1, help="A session without a step for so long expires.")
    ] = 900.0,
    statement_deadline: Annotated[
        float, typer.Option(min=0.01, help="How many seconds one SQL statement may run.")
    ] = 1.0,
    players: Annotated[
        int,
        typer.Option(min=1, max=255, help="How many processes play the sessions; at most one a core."),
    ] = 1,
    player_memory: Annotated[
        int, typer.Option(min=128, metavar="MB", help="How much memory one of them may take.")
    ] = 4096,
    result_memory: Annotated[
        int,
        typer.Option(
            min=0, metavar="MB", help="How much memory each keeps results of statements in; 0: none."
        ),
    ] = 64,
    caller_sessions: Annotated[
        int, typer.Option(min=0, help="How many sessions one caller may have; 0: all of them.")
    ] = 0,
    caller_calls: Annotated[
        int, typer.Option(min=1, help="How many calls and streams one caller may have under way.")
    ] = 1000,
    caller_memory: Annotated[
        int,
        typer.Option(min=16, metavar="MB", help="How large one caller's requests under way may be."),
    ] = 256,
    caller_cores: Annotated[
        float,
        typer.Option(min=0, help="How many seconds of a core's time one caller gets a second; 0: no limit."),
    ] = 0.0,
    stall_seconds: Annotated[
        float, typer.Option(min=1, help="A stream whose client does not read for so long ends.")
    ] = 60.0,
    reuse_port: Annotated[
        bool, typer.Option("--reuse-port", help="Share the port with other servers on this machine.")
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Where to tell metrics, over HTTP for Prometheus; without it, nowhere."
        ),
    ] = None,
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded",
            help="For a parent process: announce the address as one JSON line, end when stdin closes.",
        ),
    ] = False,
) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    It speaks gRPC with reflection and health checks; its log goes to stderr.
    """
    host, port = split_address(address)
    try:
        from ..service.players.fleet import PlayerError
        from ..service.players.nursery import LOG_FORMAT
        from ..service.rpc.access import TokensError
        from ..service.rpc.server import AddressInUse, ServerConfig, Unsafe
        from ..service.rpc.server import serve as run_server
        from ..service.sessions.journal.engine import JournalError
        from ..service.sessions.plugged_reviewer import ReviewerError
        from ..service.tasks.bank_file import BankError
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)

    from .profiles import read_profiles

    search_current_folder()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = ServerConfig(
        host=host,
        port=port,
        bank=bank,
        journal=_journal_url(journal, embedded),
        synchronous=_synchronous(synchronous),
        profiles=read_profiles(profiles),
        reviewer=reviewer,
        reviewer_seconds=reviewer_seconds,
        oracle_token=oracle_token,
        tokens=tokens,
        tls=_tls(tls_cert, tls_key, tls_client_ca),
        insecure=insecure,
        max_sessions=max_sessions,
        idle_seconds=idle_seconds,
        statement_deadline=statement_deadline,
        players=players,
        player_memory=player_memory,
        result_memory=result_memory,
        caller_sessions=caller_sessions,
        caller_calls=caller_calls,
        caller_memory=caller_memory,
        caller_cores=caller_cores,
        stall_seconds=stall_seconds,
        reuse_port=reuse_port,
        metrics=split_address(metrics) if metrics else None,
    )

    async def run() -> None:
        stop = asyncio.Event()
        if embedded:
            _set_when_stdin_closes(stop)
        await run_server(config, ready=_announce_json if embedded else _announce, stop=stop)

    try:
        asyncio.run(run())
    except AddressInUse as taken:
        fail(
            _why_not_there(host, port, reuse_port) or str(taken),
            hint="End what listens there, or choose another address with --address HOST:PORT or --metrics "
            "HOST:PORT.",
        )
    except (Unsafe, TokensError, ReviewerError, PlayerError) as refused:
        fail(str(refused))
    except JournalError as unusable:
        fail(str(unusable), hint="Or keep sessions in memory only: --journal none")
    except BankError as unusable:
        fail(str(unusable), hint="Build one: sqldojo tasks build --output FILE")


def _journal_url(journal: str | None, embedded: bool) -> URL | None:
    from ..service.sessions.journal.engine import JournalError, default_url, journal_url

    if journal == "none" or (journal is None and embedded):
        return None
    try:
        return default_url() if journal is None else journal_url(journal)
    except JournalError as unusable:
        fail(str(unusable), hint="Give a file, postgresql://user:password@host/database, or none.")


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    from ..service.rpc.server import Tls

    check_authority(client_ca)
    check_pair(certificate, key)
    if certificate is not None and key is not None:
        return Tls(certificate, key, client_ca)
    if client_ca:
        fail("--tls-client-ca needs --tls-cert and --tls-key")
    return None


def _why_not_there(host: str, port: int, reuse_port: bool) -> str:
    """Says why nobody can listen there, which gRPC does not tell; nothing where somebody can."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
            probe.bind(place)
    except OSError as error:
        return f"cannot listen on {host}:{port}: {error.strerror}"
    return ""


def _synchronous(word: str) -> str:
    from ..service.sessions.journal.engine import SYNCHRONOUS

    if word.upper() not in SYNCHRONOUS:
        fail(f"--synchronous {word} is not known", hint="It is normal or full.")
    return word.upper()


def split_address(address: str) -> tuple[str, int]:
    """Gives host and port of "HOST:PORT"; an IPv6 host stands in brackets. Fails on anything else."""
    host, colon, port = address.rpartition(":")
    bare_ipv6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not colon or not host or bare_ipv6 or not port.isascii() or not port.isdigit() or int(port) > 65535:
        fail(
            f"{address!r} is no address",
            hint="Give HOST:PORT with a port from 0 to 65535, as 127.0.0.1:50051 or [::1]:50051.",
        )
    return host, int(port)


def fail_without_server_extra(missing: ModuleNotFoundError) -> NoReturn:
    """Fails for a package of the extra [server]; a module of our own that is missing is raised again."""
    if missing.name and missing.name.split(".")[0] == "sqldojo":
        raise missing
    fail(
        f"this needs the package {missing.name!r}, which is not installed",
        hint="Install what a server needs: pip install 'sqldojo[server]'",
    )


def _announce(address: str) -> None:
    typer.echo(f"sqldojo serves on {address}. Ctrl-C ends it.")


def _announce_json(address: str) -> None:
    sys.stdout.write(json.dumps({"address": address}) + "\n")
    sys.stdout.flush()


def _set_when_stdin_closes(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        # os.read, not sys.stdin: its lock would be held at the interpreter's end.
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the server has already ended otherwise
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_end, name="stdin", daemon=True).start()
