"""The relay passes everything on, but for what it was told to lose."""

from __future__ import annotations

from contextlib import suppress

import trio

from switch_tools.terminal_relay import Relay


async def _answering(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(b"answer to " + bytes(data))


async def test_what_is_to_be_lost_is_lost_and_nothing_else(nursery: trio.Nursery) -> None:
    """One answer, then one request; both are told, and traffic goes on after each."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, _answering, listeners)
    lost: list[bool] = []
    relay = Relay("127.0.0.1", listeners[0].socket.getsockname()[1], lost=lost.append)
    port: int = await nursery.start(relay.serve)
    stream = await trio.open_tcp_stream("127.0.0.1", port)

    async def ask(text: bytes) -> bytes:
        await stream.send_all(text)
        return bytes(await stream.receive_some(100))

    assert await ask(b"one") == b"answer to one"
    relay.lose_answers = 1
    with trio.move_on_after(0.3) as waited:
        await ask(b"two")
    assert waited.cancelled_caught
    relay.lose_requests = 1
    with trio.move_on_after(0.3) as waited:
        await ask(b"three")
    assert waited.cancelled_caught
    assert await ask(b"four") == b"answer to four"
    assert lost == [False, True]
    await stream.aclose()


async def test_a_host_that_is_not_there_hangs_up(nursery: trio.Nursery) -> None:
    """The client sees the end of its connection, and the relay lives on."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nobody = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    port: int = await nursery.start(Relay("127.0.0.1", nobody).serve)
    for _ in range(2):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        with suppress(trio.BrokenResourceError):  # a reset says the same
            assert await stream.receive_some(1) == b""
        await stream.aclose()
