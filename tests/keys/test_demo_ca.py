"""The demo certificate authority: what it makes serves TLS and mutual TLS, and is made once."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from switch.keys.demo_ca import LIFETIME, DemoCertificates, demo_certificate
from switch.keys.port import VaultError

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the certificates go."""
    return tmp_path / "data" / "tls"


def paths(made: DemoCertificates) -> list[Path]:
    """All files of it."""
    return [made.authority, made.certificate, made.key, made.client, made.client_key]


def contents(made: DemoCertificates) -> list[bytes]:
    """What they hold."""
    return [path.read_bytes() for path in paths(made)]


def read(path: Path) -> x509.Certificate:
    """A certificate file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_files_are_private_and_marked_demo(folder: Path) -> None:
    """SR-GEN-04; nobody can take the authority for a real one."""
    made = demo_certificate(folder, now=NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in paths(made):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in (made.authority, made.certificate, made.client):
        certificate = read(path)
        assert "demo" in certificate.subject.rfc4514_string()
        assert "demo" in certificate.issuer.rfc4514_string()
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        assert certificate.not_valid_after_utc - NOW == LIFETIME


def test_they_are_made_once(folder: Path) -> None:
    """Devices on the desk keep trusting what they were told to trust."""
    first = contents(demo_certificate(folder, now=NOW))
    assert contents(demo_certificate(folder, now=NOW + timedelta(days=300))) == first


def test_they_are_made_anew_before_they_expire(folder: Path) -> None:
    """A week is left at least."""
    first = contents(demo_certificate(folder, now=NOW))
    later = contents(demo_certificate(folder, now=NOW + LIFETIME - timedelta(days=6)))
    assert not set(first) & set(later)


def test_another_host_needs_another_server_certificate_only(folder: Path) -> None:
    """The authority stays, so clients need not be told again."""
    before = demo_certificate(folder, now=NOW)
    authority, server = before.authority.read_bytes(), before.certificate.read_bytes()
    hosts = ("pos.example", "192.0.2.7")
    after = demo_certificate(folder, hosts, now=NOW)
    assert after.authority.read_bytes() == authority
    assert after.certificate.read_bytes() != server
    names = read(after.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {str(name.value) for name in names.value} == {
        "localhost",
        "127.0.0.1",
        "::1",
        *hosts,
    }
    named = after.certificate.read_bytes()
    assert demo_certificate(folder, now=NOW).certificate.read_bytes() == named


def test_a_new_authority_renews_what_it_signed(folder: Path) -> None:
    """Certificates of an authority that is gone help nobody."""
    made = demo_certificate(folder, now=NOW)
    before = contents(made)
    made.authority.unlink()
    assert not set(contents(demo_certificate(folder, now=NOW))) & set(before)


def test_a_key_of_another_certificate_is_not_used(folder: Path) -> None:
    """A crash between the two writes leaves such a pair."""
    made = demo_certificate(folder, now=NOW)
    made.key.write_bytes(made.client_key.read_bytes())
    again = demo_certificate(folder, now=NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(again.certificate, again.key)


def test_damaged_files_are_said(folder: Path) -> None:
    """They are not overwritten: it may be the wrong folder."""
    made = demo_certificate(folder, now=NOW)
    made.certificate.write_text("hello")
    with pytest.raises(VaultError, match="damaged"):
        demo_certificate(folder, now=NOW)
    assert made.certificate.read_text() == "hello"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The reason comes without a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match="cannot be kept"):
        demo_certificate(tmp_path / "file" / "tls")


def test_mutual_tls_works_with_them(folder: Path) -> None:
    """Both sides verify the other, name included, over a real handshake at today's date."""
    made = demo_certificate(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    server.load_verify_locations(made.authority)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(made.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_cert_chain(made.client, made.client_key)
    here, there = socket.socketpair()
    seen: list[object] = []

    def serve() -> None:
        with server.wrap_socket(there, server_side=True) as peer:
            seen.append(peer.getpeercert())
            peer.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(here, server_hostname="localhost") as peer:
        assert peer.recv(5) == b"hello"
    thread.join()
    assert "isoswitch demo client" in str(seen)


def test_a_client_certificate_is_no_server(folder: Path) -> None:
    """Each certificate says what it is for; the authority's signs nothing but these."""
    made = demo_certificate(folder, now=NOW)
    purposes = {
        path: read(path).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        for path in (made.certificate, made.client)
    }
    assert set(purposes[made.certificate]) == {ExtendedKeyUsageOID.SERVER_AUTH}
    assert set(purposes[made.client]) == {ExtendedKeyUsageOID.CLIENT_AUTH}
    limits = read(made.authority).extensions.get_extension_for_class(x509.BasicConstraints).value
    assert limits.ca
    assert limits.path_length == 0
