"""The layers that a step's cost is broken into are those of the server as it is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks import layers, server_load


async def play(server: server_load.Server, steps: int) -> None:
    async with server_load.channel(server.address) as channel:
        load = server_load.FrameLoad(channel, "light", frame=4, outstanding=1)
        while load.steps < steps:
            await load.send()
            await load.receive()


def test_every_layer_of_either_process_is_seen_to_take_time(tmp_path: Path) -> None:
    file = tmp_path / "layers"
    layers.create(file)
    timed = (sys.executable, "-m", "benchmarks.layers", str(file))
    with server_load.server(command=timed) as server:
        before = layers.read(file)
        asyncio.run(play(server, 40))
        in_server, in_player = layers.read(file).since(before)
    for seconds in (in_server, in_player):
        assert all(seconds.values()), seconds  # exactly 0 is what was never called
