"""A certificate authority for demonstrations: ``serve --tls`` works without a certificate from
anywhere else.

Owns its files: an authority, a certificate for the server, one for a client. All say "demo" in
their names. Refuses to make anything that outlives a year or that could be mistaken for a real
authority; whoever trusts it trusts this folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from switch.keys.port import VaultError

LIFETIME: Final = timedelta(days=365)
RENEW_BEFORE: Final = timedelta(
    days=7
)  # a demonstration should not end with an expired certificate
_BACKDATE: Final = timedelta(hours=1)  # clocks of devices on the desk are not exact
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_ORGANIZATION: Final = "isoswitch demo - not for production"


@dataclass(frozen=True, slots=True)
class DemoCertificates:
    """Paths of PEM files, mode 0600. Clients need ``authority``; mutual TLS needs ``client`` and
    ``client_key`` too.
    """

    authority: Path
    certificate: Path
    key: Path
    client: Path
    client_key: Path


def demo_certificate(
    folder: Path, hosts: Sequence[str] = (), now: datetime | None = None
) -> DemoCertificates:
    """The demo certificates in the folder, made anew where they are absent, about to expire or lack
    a host.

    The server's certificate names ``localhost``, the loopback addresses and ``hosts``. The
    authority is kept as long as it is valid, so that clients need not be told again. Raises
    VaultError for files that cannot be read or written.
    """
    moment = datetime.now(UTC) if now is None else now
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Desk(folder, moment).certificates(hosts)
    except OSError as failure:
        raise VaultError(
            f"{folder}: the demo certificates cannot be kept: {failure.strerror}"
        ) from None
    except ValueError:
        raise VaultError(
            f"{folder}: the demo certificates are damaged: delete them, they are made anew"
        ) from None


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class _Desk:
    """Where the certificates of one folder are looked up and issued."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._now = now

    def certificates(self, hosts: Sequence[str]) -> DemoCertificates:
        authority = self._load("demo-ca")
        if authority is None or not self._lasts(authority.certificate):
            authority = self._issue("demo-ca", "isoswitch demo CA", None, ())
        names = tuple(dict.fromkeys((*_LOCAL, *hosts)))
        server = self._load("demo-server")
        if server is None or not self._good(server, authority, names):
            self._issue("demo-server", "isoswitch demo server", authority, names)
        client = self._load("demo-client")
        if client is None or not self._good(client, authority, ()):
            self._issue("demo-client", "isoswitch demo client", authority, ())
        return DemoCertificates(
            authority=self._path("demo-ca.pem"),
            certificate=self._path("demo-server.pem"),
            key=self._path("demo-server.key"),
            client=self._path("demo-client.pem"),
            client_key=self._path("demo-client.key"),
        )

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _load(self, name: str) -> _Pair | None:
        """The pair of that name; nothing where a file is absent or the two do not fit."""
        try:
            certificate = x509.load_pem_x509_certificate(self._path(f"{name}.pem").read_bytes())
            key = load_pem_private_key(self._path(f"{name}.key").read_bytes(), password=None)
        except FileNotFoundError:
            return None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return None
        return _Pair(certificate, key) if key.public_key() == certificate.public_key() else None

    def _lasts(self, certificate: x509.Certificate) -> bool:
        return (
            certificate.not_valid_before_utc
            <= self._now
            < certificate.not_valid_after_utc - RENEW_BEFORE
        )

    def _good(self, pair: _Pair, authority: _Pair, names: Sequence[str]) -> bool:
        try:
            pair.certificate.verify_directly_issued_by(authority.certificate)
        except Exception:  # noqa: BLE001  whatever is wrong with it: it is made anew
            return False
        return self._lasts(pair.certificate) and set(names) <= set(_names_of(pair.certificate))

    def _issue(
        self, file: str, common_name: str, issuer: _Pair | None, names: Sequence[str]
    ) -> _Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _BACKDATE)
            .not_valid_after(self._now + LIFETIME)
            .add_extension(
                x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None),
                critical=True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        builder = _with_usage(builder, issuer, key, names)
        signer = key if issuer is None else issuer.key
        pair = _Pair(builder.sign(signer, SHA256()), key)
        self._write(file, pair)
        return pair

    def _write(self, name: str, pair: _Pair) -> None:
        """The key first: a certificate without its key is made anew at the next start."""
        text = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _replace(self._path(f"{name}.key"), text)
        _replace(self._path(f"{name}.pem"), pair.certificate.public_bytes(Encoding.PEM))


def _with_usage(
    builder: x509.CertificateBuilder,
    issuer: _Pair | None,
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
) -> x509.CertificateBuilder:
    is_authority = issuer is None
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(usage, critical=True)
    signer = key if issuer is None else issuer.key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    if is_authority:
        return builder
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if names:
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _general_name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _names_of(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]


def _replace(path: Path, content: bytes) -> None:
    """Write the file whole or not at all, mode 0600."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.chmod(0o600)
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
