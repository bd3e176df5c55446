"""How a server ends: whoever is connected is let go, whatever they or we are in the midst of."""

import asyncio
import socket
from typing import Any

import pytest

from streams.live.health import Bind
from streams.web.guard import Guard
from streams.web.serving import Server, configured, listen


async def endless(_: Any, __: Any, send: Any) -> None:
    """A stream that does not end by itself."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b"on", "more_body": True})
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("asks", [True, False], ids=["in a stream", "before it has asked"])
def test_a_connection_that_lasts_longer_than_the_grace_is_broken_off(asks: bool) -> None:
    async def story() -> None:
        server = Server(configured(Guard(endless, hosts=()), opening=10.0, connections=9, grace=0))
        listening = listen(Bind("127.0.0.1", 0))
        address = listening.getsockname()
        serving = asyncio.create_task(server.serve([listening]))
        with socket.create_connection(address) as client:
            client.setblocking(False)
            if asks:
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert b"200 OK" in await loop.sock_recv(client, 65_536)
            async with asyncio.timeout(10):
                while not server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.01)
            if not asks:
                # As it comes to one that connects between the two looks which uvicorn takes at who is there.
                (connection,) = server.server_state.connections
                connection.shutdown = lambda: None  # type: ignore[method-assign]
            transports = [connection.transport for connection in server.server_state.connections]
            server.should_exit = True
            await asyncio.wait_for(serving, 10)
            assert all(transport.is_closing() for transport in transports)
            assert not server.server_state.connections

    asyncio.run(story())
