"""The process that players are forked from: it has all that they need in memory, and no thread.

So a player that replaces another is there in milliseconds, and all share one copy of what does not change.
Run as a module with the descriptor of a socket: `python -m sqldojo.service.players.nursery 5`.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import socket
import sys

from ..sandbox.clock import set_process_time_zone
from ..tasks.bank_file import read_bank
from . import player
from .link import HEAD, Board
from .player import PlayerConfig

FORK = b"fork"


def main() -> None:
    """Reads a PlayerConfig from the server, then forks a player for each two descriptors that it sends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's Ctrl-C is for the server, which drains
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that those who ended leave nothing behind
    control = socket.socket(fileno=int(sys.argv[1]))
    config, level = _read_config(control)
    logging.basicConfig(stream=sys.stderr, level=level, format=LOG_FORMAT)
    set_process_time_zone()
    content = read_bank(config.bank)
    gc.collect()
    gc.freeze()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, len(FORK) + 1, 2)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            connection, board = descriptors
            player.run(
                socket.socket(fileno=connection), Board(board, config.threads), content, config, request[-1]
            )
        for descriptor in descriptors:
            os.close(descriptor)


LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def send_config(control: socket.socket, config: PlayerConfig, level: int) -> None:
    """Tells a nursery how its players play, and from which level on they log."""
    pickled = pickle.dumps((config, level))
    control.sendall(HEAD.pack(len(pickled)) + pickled)


def request_player(control: socket.socket, connection: socket.socket, board: int, own: int) -> None:
    """Has a nursery fork player `own`, with its end of the connection and its board."""
    socket.send_fds(control, [FORK + bytes([own])], [connection.fileno(), board])


def _read_config(control: socket.socket) -> tuple[PlayerConfig, int]:
    with control.makefile("rb", buffering=0) as file:
        (size,) = HEAD.unpack(file.read(HEAD.size))
        pickled = b""
        while len(pickled) < size:
            pickled += file.read(size - len(pickled))
    config, level = pickle.loads(pickled)  # noqa: S301 - from the process that started this one
    return config, level


if __name__ == "__main__":
    main()
