"""TLS listeners: contexts, handshakes and their deadline.

Owns certificates' files and who is refused. Refuses to fall back to plain text: before the
handshake is done no byte reaches the parser (W-14).
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import trio

from switch.errors import ConfigError
from switch.server.board import Board
from switch.server.clock import Clock
from switch.server.ports import EventLog
from switch.server.profile import Profile
from switch.server.pump import NO_LINGER, NO_ROOM
from switch.server.session import Session
from switch.server.streams import StreamConnection

PAUSE_S: Final = 1.0
_IN_WORDS: Final = {  # what a library calls after the byte that it stumbled over
    "wrong version number": "no TLS but plain text, or bytes of something else",
    "http request": "an HTTP request in plain text",
    "unexpected eof while reading": "the peer hung up; it may not trust our certificate",
}


def server_context(certificate: Path, key: Path, clients: Path | None) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with forward secrecy only (SR-NET-01); with ``clients`` every peer must show
    a certificate of these authorities. Raises ConfigError for files that cannot be read or do not
    belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    try:
        # A key under a passphrase is refused: asking for one would hold up the start, or a reload.
        context.load_cert_chain(certificate, key, password="")
    except OSError as failure:
        raise ConfigError(
            str(certificate), f"certificate or key is refused: {_said(failure)}"
        ) from None
    if clients is not None:
        try:
            context.load_verify_locations(clients)
        except OSError as failure:
            raise ConfigError(str(clients), f"authorities are refused: {_said(failure)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _said(failure: BaseException) -> str:
    """The cause in a few words: of an SSL error its reason and, where a certificate was checked,
    the verdict."""
    verdict = getattr(failure, "verify_message", "")
    reason = getattr(failure, "reason", None) or getattr(failure, "strerror", None)
    said = str(reason or failure).replace("_", " ").lower()
    said = _IN_WORDS.get(said, said)
    return f"{said}: {verdict}" if verdict else said


class TlsListener:
    """A bound socket whose connections must shake hands first."""

    def __init__(
        self,
        name: str,
        sock: socket.socket,
        profile: Profile,
        context: ssl.SSLContext,
        handshake_s: float,
    ) -> None:
        self.name = name
        self.profile = profile
        self.context = context
        self.handshake_s = handshake_s
        self._sock = trio.socket.from_stdlib_socket(sock)

    def close(self) -> None:
        """Stop accepting; connections stay."""
        self._sock.close()

    async def run(self, nursery: trio.Nursery, board: Board, clock: Clock, log: EventLog) -> None:
        """Accept until closed; each connection is a task of ``nursery``."""
        while True:
            try:
                sock, address = await self._sock.accept()
            except trio.ClosedResourceError:
                return
            except OSError as failure:
                if failure.errno not in NO_ROOM:
                    continue  # the peer was gone before we looked
                log.tell("accept.paused", "error", listener=self.name)
                await trio.sleep(PAUSE_S)
                log.tell("accept.resumed", "warning", listener=self.name)
            else:
                nursery.start_soon(self._serve, sock, address, board, clock, log)

    async def _serve(
        self,
        sock: trio.socket.SocketType,
        address: tuple[str, int],
        board: Board,
        clock: Clock,
        log: EventLog,
    ) -> None:
        """One connection; whatever happens in here stays in here."""
        source, peer = address[0], f"{address[0]}:{address[1]}"
        number = board.admit(source, self.name)
        if not number:
            sock.close()
            return
        entered = False
        try:
            stream = trio.SSLStream(
                trio.SocketStream(sock), self.context, server_side=True, https_compatible=True
            )
            if await self._shake_hands(stream, peer, log):
                session = Session(self.profile, number, peer, clock.now(), log, board.report)
                entered = True
                abort = partial(_abort, sock)
                await StreamConnection(stream, number, source, session, board, clock, abort).run()
        except OSError:
            pass  # gone before its socket could be set up
        except Exception as failure:
            log.bug("internal.error", failure, stage="tls", connection=number)
        finally:
            sock.close()
            if not entered:
                board.release(source)

    async def _shake_hands(
        self, stream: trio.SSLStream[trio.SocketStream], peer: str, log: EventLog
    ) -> bool:
        cause = f"handshake not done within {self.handshake_s:g} s"
        try:
            with trio.move_on_after(self.handshake_s):
                await stream.do_handshake()
                return True
        except (trio.BrokenResourceError, ssl.SSLError) as failure:
            cause = _said(failure.__cause__ or failure)
        log.tell(
            "tls.refused",
            "warning",
            listener=self.name,
            peer=peer,
            cause=cause,
            fingerprint=_fingerprint(stream),
        )
        return False


def _abort(sock: trio.socket.SocketType) -> None:
    """The close that follows is a reset."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


def _fingerprint(stream: trio.SSLStream[trio.SocketStream]) -> str:
    """SHA-256 of the client's certificate, as far as the handshake came."""
    try:
        certificate = stream.getpeercert(binary_form=True)
    except (trio.NeedHandshakeError, trio.BrokenResourceError, ValueError, ssl.SSLError):
        return ""
    return sha256(certificate).hexdigest() if certificate else ""
