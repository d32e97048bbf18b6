"""The terminal's wire: whole messages over TCP or TLS, and one sentence for everything that goes
wrong."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from switch.errors import ConfigError
from switch.keys.demo_ca import demo_certificate
from switch.server.tls import server_context
from switch.wire.framing import Framing
from switch_tools.terminal_link import (
    Address,
    CannotConnect,
    Link,
    LinkLost,
    client_context,
    dial,
)

FRAMING = Framing.parse("binary-2")
BODY = b"0800 pretend this is a message"
Handler = Callable[[trio.abc.Stream], Awaitable[None]]


async def _port(nursery: trio.Nursery, handler: Handler) -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def _echo(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(data)


async def test_messages_cross_whole_in_any_pieces(nursery: trio.Nursery) -> None:
    """W-01, W-02: a byte at a time or two at once, the terminal sees messages."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(ours, FRAMING)
    framed = len(BODY).to_bytes(2, "big") + BODY
    for byte in framed:
        await theirs.send_all(bytes((byte,)))
    await theirs.send_all(framed * 2)
    assert [await link.receive() for _ in range(3)] == [BODY] * 3
    await link.send(BODY)
    assert await theirs.receive_some(100) == framed


async def test_a_wait_that_is_given_up_loses_no_byte() -> None:
    """The rest of a message may come after a time-out."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(ours, FRAMING)
    framed = len(BODY).to_bytes(2, "big") + BODY
    await theirs.send_all(framed[:5])
    with trio.move_on_after(0.01):
        await link.receive()
    await theirs.send_all(framed[5:])
    assert await link.receive() == BODY


async def test_keep_alives_are_echoed_and_not_shown() -> None:
    """They are the framing's business."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(ours, Framing.parse("binary-2, keepalive-echo"))
    await theirs.send_all(bytes(2) + len(BODY).to_bytes(2, "big") + BODY)
    assert await link.receive() == BODY
    assert await theirs.receive_some(10) == bytes(2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the host closed the connection; its log may say why"),
        (b"\x00\x1e0800", "inside a frame"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no frame"),
    ],
)
async def test_bytes_that_are_no_message_are_a_sentence(data: bytes, said: str) -> None:
    """A host that hangs up, cuts short, or is no host."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(ours, FRAMING)
    await theirs.send_all(data)
    await theirs.send_eof()
    with pytest.raises(LinkLost, match=said):
        await link.receive()


async def test_sending_to_a_host_that_is_gone_is_a_sentence() -> None:
    """And not an exception of the network library."""
    ours, theirs = trio.testing.memory_stream_pair()
    link = Link(ours, FRAMING)
    await theirs.aclose()
    with pytest.raises(LinkLost, match="while we were sending"):
        await link.send(BODY)


async def test_nobody_there_says_what_to_do() -> None:
    """Connection refused; a name that is none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CannotConnect, match=r"Connection refused\. .* isoswitch serve"):
            await dial(Address("127.0.0.1", port), FRAMING)
        with pytest.raises(CannotConnect, match=r"cannot connect to nowhere\.invalid:1: "):
            await dial(Address("nowhere.invalid", 1), FRAMING)


async def test_tls_is_verified(nursery: trio.Nursery, tmp_path: Path) -> None:
    """W-14, W-15, SR-NET-02: the authority that was named, mutual certificates, and no one else."""
    made = demo_certificate(tmp_path)
    server = server_context(made.certificate, made.key, clients=made.authority)

    async def secured(stream: trio.abc.Stream) -> None:
        try:
            await _echo(trio.SSLStream(stream, server, server_side=True, https_compatible=True))
        except trio.BrokenResourceError:
            return

    port = await _port(nursery, secured)
    own = (made.client, made.client_key)

    link = await dial(Address("127.0.0.1", port, client_context(made.authority, *own)), FRAMING)
    await link.send(BODY)
    assert await link.receive() == BODY
    await link.close()
    with pytest.raises(CannotConnect, match="does --ca name the authority"):
        await dial(Address("127.0.0.1", port, client_context(None, *own)), FRAMING)


async def test_a_host_that_takes_no_handshake_is_given_up(nursery: trio.Nursery) -> None:
    """A TLS terminal in front of a plain port that says nothing."""

    async def silent(stream: trio.abc.Stream) -> None:
        await trio.sleep_forever()

    port = await _port(nursery, silent)
    address = Address("127.0.0.1", port, client_context(None, None, None))
    with pytest.raises(CannotConnect, match="--tls on both sides"):
        await dial(address, FRAMING, patience_s=0.05)


def test_files_that_are_no_certificates_are_refused() -> None:
    """With the name of the file, and without places in a library's source."""
    here = Path(__file__)
    for files in ((here, None, None), (None, here, None)):
        with pytest.raises(ConfigError, match="test_terminal_link") as caught:
            client_context(*files)
        assert "_ssl.c" not in str(caught.value)
