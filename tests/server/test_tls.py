"""switch.server.tls and streams: handshakes, refusals, and the same session behind them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from switch.errors import ConfigError
from switch.model.effects import Reply
from switch.model.events import Event, RequestArrived
from switch.model.request import Answer
from switch.model.words import Delivery, Reason
from switch.server.board import Board
from switch.server.clock import SystemClock
from switch.server.profile import Profile, SessionLimits
from switch.server.session import Session
from switch.server.streams import StreamConnection
from switch.server.tls import TlsListener, server_context
from switch.wire.framing import Framing
from tests.toy_dialect import Words


@dataclass
class Diary:
    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    reports: dict[str, Delivery] = field(default_factory=dict)

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.lines.append((event, data))

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        self.lines.append((f"{event} {failure}", data))

    def report(self, request_key: str, delivery: Delivery, why: str = "") -> None:
        self.reports[request_key] = delivery

    def transaction(self, *_: object) -> None:
        raise AssertionError("a stream decides nothing")

    def of(self, event: str) -> list[dict[str, object]]:
        return [data for name, data in self.lines if name == event]


@dataclass
class Place:
    """A board whose engine answers at once."""

    board: Board
    diary: Diary
    reports: dict[str, Delivery]
    profile: Profile
    port: int = 0


WORDS = Words()


def place() -> Place:
    """A fresh one."""
    diary = Diary()
    board = Board(SystemClock(), diary, 100, 100)

    def submit(event: Event) -> None:
        assert isinstance(event, RequestArrived)
        board.reply(Reply(event.origin, event.request, Answer(reason=Reason.APPROVED)))
        board.flush()

    board.submit = submit
    board.report = diary.report
    limits = SessionLimits(pipelined=4)
    return Place(board, diary, diary.reports, Profile("toy", Framing(), WORDS, WORDS, limits))


def frame(text: str) -> bytes:
    """A message in the default framing."""
    return len(text).to_bytes(2, "big") + text.encode()


@dataclass(frozen=True)
class Files:
    certificate: Path
    key: Path
    clients: Path


# Python 3.13 checks chains strictly (RFC 5280): who certifies must say so.
_CERTIFIES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """A certificate authority for one test module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(folder)[-60:])])
        builder = self._builder(self._name, self._key.public_key(), days=30)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_CERTIFIES, True)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False
        )
        self.path = folder / "authority.pem"
        certificate = builder.sign(self._key, hashes.SHA256())
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )

    def issue(self, name: str, days: int = 30) -> tuple[Path, Path]:
        """Certificate and key for 127.0.0.1, in files of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = self._builder(subject, key.public_key(), days).add_extension(names, False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        paths = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs both sides."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority: Authority) -> Files:
    """The listener's files."""
    return Files(*authority.issue("server"), authority.path)


@asynccontextmanager
async def listening(
    files: Files, *, mutual: bool = False, handshake_s: float = 5.0
) -> AsyncIterator[Place]:
    """A TLS listener on a free port."""
    it = place()
    sock = socket.create_server(("127.0.0.1", 0), backlog=100)
    sock.setblocking(False)
    it.port = sock.getsockname()[1]
    context = server_context(files.certificate, files.key, files.clients if mutual else None)
    listener = TlsListener("toy", sock, it.profile, context, handshake_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(listener.run, nursery, it.board, SystemClock(), it.diary)
        yield it
        listener.close()
        nursery.cancel_scope.cancel()


def client(authority: Authority) -> ssl.SSLContext:
    """A terminal that trusts the authority."""
    return ssl.create_default_context(cafile=str(authority.path))


async def talk(it: Place, context: ssl.SSLContext, text: str = "message-one") -> bytes:
    """One request and its answer."""
    stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", it.port, ssl_context=context)
    async with stream:
        await stream.send_all(frame(text))
        return bytes(await stream.receive_some(100))


async def until(condition: Callable[[], Any]) -> None:
    """Wait for the server's side."""
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - the other side is the kernel's
            await trio.sleep(0.005)


async def test_requests_are_answered_over_tls(files: Files, authority: Authority) -> None:
    """The same session as over plain TCP."""
    async with listening(files) as it:
        assert await talk(it, client(authority)) == frame("message-one")
        await until(lambda: it.reports == {"message-one": Delivery.SENT})
        await until(lambda: not it.board.connections)


async def test_plain_text_on_a_tls_port_is_called_that(files: Files) -> None:
    """W-14: a terminal whose TLS is switched off, told in words."""
    async with listening(files) as it:
        stream = await trio.open_tcp_stream("127.0.0.1", it.port)
        await stream.send_all(b"0800 in plain text")
        await until(lambda: it.diary.of("tls.refused"))
        await stream.aclose()
        assert "plain text" in str(it.diary.of("tls.refused")[0]["cause"])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_are_refused(files: Files, authority: Authority) -> None:
    """W-15: TLS 1.1 finds no common ground, and the cause is told."""
    old = client(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with listening(files) as it:
        with pytest.raises((trio.BrokenResourceError, ssl.SSLError)):
            await talk(it, old)
        await until(lambda: it.diary.of("tls.refused"))
        assert it.diary.of("tls.refused")[0]["cause"]


async def test_a_client_without_a_certificate_is_refused(
    files: Files, authority: Authority
) -> None:
    """W-15: mutual TLS."""
    async with listening(files, mutual=True) as it:
        with pytest.raises((trio.BrokenResourceError, ssl.SSLError)):
            await talk(it, client(authority))
        await until(lambda: it.diary.of("tls.refused"))
        assert "did not return a certificate" in str(it.diary.of("tls.refused")[0]["cause"])
        good = client(authority)
        good.load_cert_chain(*authority.issue("terminal"))
        assert await talk(it, good) == frame("message-one")


async def test_unknown_and_expired_client_certificates_are_refused(
    files: Files, authority: Authority, tmp_path: Path
) -> None:
    """W-15: the verdict is told."""
    stranger, expired = client(authority), client(authority)
    stranger.load_cert_chain(*Authority(tmp_path).issue("stranger"))
    expired.load_cert_chain(*authority.issue("expired", days=-1))
    async with listening(files, mutual=True) as it:
        for context in (stranger, expired):
            with pytest.raises((trio.BrokenResourceError, ssl.SSLError)):
                await talk(it, context)
        await until(lambda: len(it.diary.of("tls.refused")) == 2)
        causes = [str(data["cause"]) for data in it.diary.of("tls.refused")]
        assert "unable to get local issuer" in causes[0] or "self" in causes[0]
        assert "expired" in causes[1]


async def test_plain_text_on_a_tls_port_never_reaches_the_parser(files: Files) -> None:
    """W-14."""
    async with listening(files) as it, await trio.open_tcp_stream("127.0.0.1", it.port) as peer:
        await peer.send_all(frame("0800" + "x" * 60))
        data = b"?"
        with trio.fail_after(5):
            while data:
                data = await peer.receive_some(100)  # an alert, then the end
        await until(lambda: it.diary.of("tls.refused"))
        assert not it.reports


async def test_stalled_handshakes_are_closed_and_take_their_places_back(
    files: Files, authority: Authority
) -> None:
    """W-16: accepting goes on meanwhile."""
    async with listening(files, handshake_s=0.3) as it:
        stalled = [await trio.open_tcp_stream("127.0.0.1", it.port) for _ in range(50)]
        for peer in stalled:
            await peer.send_all(b"\x16\x03\x01\x00\xf0\x01")
        assert await talk(it, client(authority)) == frame("message-one")
        for peer in stalled:
            assert await peer.receive_some(1) == b""
            await peer.aclose()
        refused = it.diary.of("tls.refused")
        assert len(refused) == 50
        assert "not done within 0.3 s" in str(refused[0]["cause"])
        await until(lambda: it.board._total == 0)


def test_files_that_do_not_belong_together_are_refused(files: Files, tmp_path: Path) -> None:
    """A start says which file and why."""
    with pytest.raises(ConfigError, match="certificate or key is refused: no such file"):
        server_context(tmp_path / "absent", files.key, None)
    with pytest.raises(ConfigError, match="certificate or key is refused"):
        server_context(files.certificate, files.certificate, None)
    with pytest.raises(ConfigError, match="authorities are refused"):
        server_context(files.certificate, files.key, files.key)


def test_a_key_under_a_passphrase_is_refused_and_nobody_is_asked(
    files: Files, tmp_path: Path
) -> None:
    """A prompt would hold up a reload for ever."""
    plain = serialization.load_pem_private_key(files.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ConfigError, match="certificate or key is refused"):
        server_context(files.certificate, locked, None)


async def test_a_memory_stream_drives_the_session_too() -> None:
    """What carries a session can be swapped: the simulated world has no sockets."""
    it = place()
    ours, theirs = trio.testing.memory_stream_pair()
    clock = SystemClock()
    session = Session(it.profile, 1, "memory", clock.now(), it.diary, it.board.report)
    connection = StreamConnection(ours, it.board.admit("m", "toy"), "m", session, it.board, clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        texts = [f"message-{n:03d}" for n in range(20)]
        await theirs.send_all(b"".join(frame(text) for text in texts))
        wanted = b"".join(frame(text) for text in texts)
        got = b""
        while len(got) < len(wanted):
            got += await theirs.receive_some()
        assert got == wanted
        await theirs.send_eof()
        assert await theirs.receive_some() == b""
    assert set(it.reports.values()) == {Delivery.SENT}
    assert not it.board.connections


async def test_a_stream_that_breaks_while_sending_leaves_its_answer_unknown() -> None:
    """INV-23: bytes were offered, nobody knows how many were taken."""
    it = place()

    async def breaks() -> None:
        raise trio.BrokenResourceError

    ours, theirs = trio.testing.memory_stream_pair()
    ours.send_stream.send_all_hook = breaks
    clock = SystemClock()
    session = Session(it.profile, 1, "memory", clock.now(), it.diary, it.board.report)
    connection = StreamConnection(ours, it.board.admit("m", "toy"), "m", session, it.board, clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        await theirs.send_all(frame("message-one"))
    assert it.reports == {"message-one": Delivery.UNKNOWN}
