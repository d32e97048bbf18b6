"""The wire of a virtual terminal: a TCP or TLS connection that carries whole messages.

Owns dialling, TLS trust and the framing of one connection. Refuses to know what a message says and
how long one waits for an answer: the engine brings its own deadlines.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import trio

from switch.errors import ConfigError, IsoswitchError
from switch.wire.framer import Framer
from switch.wire.frames import FramingError
from switch.wire.framing import Framing, KeepAlive

CONNECT_S: Final = 5.0
READ_BYTES: Final = 65_536

EXIT_LINK: Final = 4


class LinkError(IsoswitchError):
    """No connection, or none any more."""

    exit_code = EXIT_LINK


class CannotConnect(LinkError):
    """Nothing was sent: the host is not there, or refused us."""


class LinkLost(LinkError):
    """The connection ended, or what came over it is no frame. What was sent may have arrived."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a host listens. ``context`` for TLS, with the name that its certificate must bear."""

    host: str
    port: int
    context: ssl.SSLContext | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def client_context(
    authority: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 towards a host that ``authority`` (or the system's) vouches for. Raises
    ConfigError."""
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as failure:
        said = f"authorities are refused: {_in_words(failure)}"
        raise ConfigError(str(authority), said) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key)
        except OSError as failure:
            said = f"certificate or key is refused: {_in_words(failure)}"
            raise ConfigError(str(certificate), said) from None
    return context


class Wire(Protocol):
    """A connection that carries whole messages."""

    async def send(self, body: bytes) -> None:
        """Send one message. Raises LinkLost."""

    async def receive(self) -> bytes:
        """The next message. Raises LinkLost. May be cancelled without losing bytes."""

    async def close(self) -> None:
        """Let go of the connection. Idempotent; never waits for the host."""


class Link:
    """One connection. Frames that only keep it alive are answered as the framing says, and not
    shown."""

    def __init__(self, stream: trio.abc.Stream, framing: Framing) -> None:
        self._stream = stream
        self._framer = Framer(framing)

    async def send(self, body: bytes) -> None:
        """Frame and send one message. Raises LinkLost."""
        try:
            await self._stream.send_all(self._framer.encode(body))
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            raise LinkLost("the host closed the connection while we were sending") from None

    async def receive(self) -> bytes:
        """The next message. Raises LinkLost. May be cancelled without losing bytes."""
        while True:
            try:
                frame = self._framer.next_frame()
            except FramingError as failure:
                raise LinkLost(f"the host's bytes are no frame: {failure}") from None
            if frame is None:
                await self._read()
            elif not frame.keepalive:
                return frame.body
            elif self._framer.framing.keepalive is KeepAlive.ECHO:
                await self.send_raw(self._framer.encode(b"", frame))

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are. Raises LinkLost."""
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            raise LinkLost("the host closed the connection while we were sending") from None

    async def _read(self) -> None:
        try:
            data = await self._stream.receive_some(READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            raise LinkLost("the connection was reset by the host") from None
        if not data:
            cut = self._framer.finish()
            said = f" ({cut})" if cut is not None else "; its log may say why"
            raise LinkLost(f"the host closed the connection{said}")
        self._framer.receive_data(bytes(data))

    async def close(self) -> None:
        """Let go of the connection. Idempotent; never waits for the host."""
        await trio.aclose_forcefully(self._stream)


async def dial(address: Address, framing: Framing, patience_s: float = CONNECT_S) -> Link:
    """Connect to a host. Raises CannotConnect with one sentence that says what to do."""
    try:
        with trio.fail_after(patience_s):
            stream: trio.abc.Stream = await trio.open_tcp_stream(address.host, address.port)
            if address.context is not None:
                stream = await _secured(stream, address, address.context)
    except trio.TooSlowError:
        said = f"{address} did not take the connection within {patience_s:g} s"
        raise CannotConnect(f"{said}: check the address, and --tls on both sides") from None
    except (OSError, trio.BrokenResourceError) as failure:
        raise CannotConnect(_refusal(address, failure)) from None
    return Link(stream, framing)


async def _secured(
    stream: trio.abc.Stream, address: Address, context: ssl.SSLContext
) -> trio.abc.Stream:
    secure = trio.SSLStream(stream, context, server_hostname=address.host, https_compatible=True)
    try:
        await secure.do_handshake()
    except trio.BrokenResourceError as failure:
        await trio.aclose_forcefully(stream)
        cause = failure.__cause__
        said = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "it hung up"
        hint = "is it a TLS port, and does --ca name the authority of its certificate?"
        raise CannotConnect(f"no TLS with {address} ({said}): {hint}") from None
    except trio.Cancelled:
        await trio.aclose_forcefully(stream)
        raise
    return secure


def _in_words(failure: OSError) -> str:
    """Without the place in the library's source, which is nobody's."""
    said = getattr(failure, "reason", None) or failure.strerror or "cannot be read"
    return str(said).replace("_", " ").lower()


def _refusal(address: Address, failure: BaseException) -> str:
    cause = failure
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause.__cause__, BaseExceptionGroup | OSError):
        return _refusal(address, cause.__cause__)
    said = "it cannot be reached"
    if isinstance(cause, OSError) and cause.errno is not None:
        said = (cause.strerror or "") if cause.errno < 0 else os.strerror(cause.errno)
    what = f"cannot connect to {address}: {said}"
    return f"{what}. Is a host running there? Start one with: isoswitch serve"
