"""A TCP proxy with bad conditions: `python -m lab.proxy --port P --target HOST:PORT --controls FILE`, until SIGTERM.

It stands for the network path to one service. Switches, read while it runs:
`delay` and `jitter` (seconds, each way), `loss` (share of segments that have to be sent again: TCP hides a loss from
its users and shows it as a wait of the retransmission time-out, which doubles), `reset` (share of segments at which
the connection is reset).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import struct
from random import Random

from lab.controls import Controls
from lab.processes import die_with_parent

SEGMENT, MOST_UNDER_WAY = 16384, 64
# Linux: the least retransmission time-out, and the most that is waited here for one segment.
FIRST_RETRANSMIT, MOST_WAIT = 0.2, 6.4


def hold(controls: Controls, dice: Random) -> float:
    """How long the next segment takes on its way."""
    wait = controls.number("delay") + controls.number("jitter") * dice.uniform(-1, 1)
    loss, timeout = controls.number("loss"), FIRST_RETRANSMIT
    while dice.random() < loss and timeout <= MOST_WAIT:
        wait += timeout
        timeout *= 2
    return max(wait, 0.0)


class Proxy:
    """Passes bytes on in order, each segment after its time on the way."""

    def __init__(self, host: str, port: int, controls: Controls, seed: int) -> None:
        self._host = host
        self._port = port
        self._controls = controls
        self._dice = Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            _reset(writer)
            return
        for end in (writer, far_writer):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ways = [
            asyncio.create_task(self._carry(reader, far_writer)),
            asyncio.create_task(self._carry(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            broken = any(way.done() and way.result() for way in ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, far_writer):
            if broken:
                _reset(end)
            else:
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry one way until its end; true when the connection is to be reset.

        Segments are on their way at the same time, and arrive in order: a late one holds up those behind it.
        """
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_UNDER_WAY)
        arriving = asyncio.create_task(_arrive(under_way, writer))
        loop, arrival = asyncio.get_running_loop(), 0.0
        try:
            while segment := await reader.read(SEGMENT):
                if self._dice.random() < self._controls.number("reset"):
                    return True
                arrival = max(arrival, loop.time() + hold(self._controls, self._dice))
                await under_way.put((arrival, segment))
            await under_way.put((arrival, b""))
            return await arriving
        except OSError:
            return True
        finally:
            arriving.cancel()


async def _arrive(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> bool:
    """Write each segment when it is due, until the empty one; true when the far end is gone."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            due, segment = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not segment:
                return False
            writer.write(segment)
            await writer.drain()
    except OSError:
        return True


def _reset(writer: asyncio.StreamWriter) -> None:
    channel = writer.get_extra_info("socket")
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _run(port: int, proxy: Proxy) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port)
    await stopped.wait()
    server.close()


def main() -> None:
    """Pass traffic on until told to stop."""
    parser = argparse.ArgumentParser(description="network path of the lab's shop")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--controls", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    die_with_parent()
    host, _, port = options.target.rpartition(":")
    asyncio.run(_run(options.port, Proxy(host, int(port), Controls(options.controls), options.seed)))


if __name__ == "__main__":
    main()
