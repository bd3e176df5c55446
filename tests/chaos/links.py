"""Lines to a server over loopback, each of which can be made slow, parted or cut: what a network does to one party."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from deploy.stack.ports import HOST

T = TypeVar("T")
_PIECE = 65_536


class Link:
    """One line: whoever connects to ``port`` reaches the server at ``target``, a port of this machine, once there is one."""

    def __init__(self, network: "Network", target: int | None) -> None:
        self._network = network
        self.target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """``HOST:PORT``."""
        return f"{HOST}:{self.port}"

    def slow(self, seconds: float) -> None:
        """Let each piece of data take so much longer, in both directions."""
        self._network.do(lambda: setattr(self, "_delay", seconds))

    def part(self) -> None:
        """Let nothing through any more and close nothing, as a network that is gone. What was sent comes once it is back."""
        self._network.do(self._flows.clear)

    def cut(self) -> None:
        """Reset every connection."""
        self._network.do(self._abort)

    def heal(self) -> None:
        """Be as before."""
        self._network.do(self._flows.set)
        self.slow(0.0)

    def _abort(self) -> None:
        for writer in list(self._writers):
            # Without a lingering end a connection ends with a reset.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        ends = [writer]
        self._writers.add(writer)
        try:
            await self._flows.wait()
            if self.target is None:
                return
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
            ends.append(far_writer)
            self._writers.add(far_writer)
            both = [asyncio.create_task(self._pass(reader, far_writer)), asyncio.create_task(self._pass(far_reader, writer))]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        except OSError:
            # The server is away, as it would be without us.
            pass
        finally:
            for end in ends:
                self._writers.discard(end)
                with contextlib.suppress(OSError, RuntimeError):
                    end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()


class Network:
    """Links, in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._links: list[Link] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def link(self, target: int | None = None) -> Link:
        """A line, at a port where there is room."""
        return self._run(self._open(target))

    def do(self, change: Callable[[], object]) -> None:
        """Change something about a link, in the thread of all."""

        async def changed() -> None:
            change()

        self._run(changed())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self, target: int | None) -> Link:
        link = Link(self, target)
        link.server = await asyncio.start_server(link.serve, HOST, 0)
        link.port = link.server.sockets[0].getsockname()[1]
        self._links.append(link)
        return link

    async def _close(self) -> None:
        for link in self._links:
            assert link.server is not None
            link.server.close()
            link._abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
