"""The peer of the rooms' benchmark: hands each message to the others under the same path, and does nothing else."""

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

ROOMS: dict[str, set[ServerConnection]] = {}


async def relay(socket: ServerConnection) -> None:
    """One socket, for as long as it is open."""
    inside = ROOMS.setdefault(socket.request.path if socket.request else "", set())
    inside.add(socket)
    try:
        async for message in socket:
            broadcast(inside - {socket}, message)
    finally:
        inside.discard(socket)


async def main(port: int) -> None:
    """Serve until killed."""
    async with serve(relay, "127.0.0.1", port, compression=None):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
