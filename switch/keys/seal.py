"""Card numbers at rest: sealed with AES-256-GCM, found again by a keyed hash (SR-PAN-03).

Owns the data key and the token key of one generation and the shape of a sealed text. Refuses to
know who keeps the text.

Nonces are 96 random bits (NIST SP 800-38D, 8.2.2): one key may seal 2^32 texts, far more than a
store of this kind holds.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from switch.keys.port import VaultError

NONCE_LENGTH: Final = 12
_OVERHEAD: Final = 1 + NONCE_LENGTH + 16  # generation, nonce, tag


class Tokens:
    """HMAC-SHA-256 under one key. The keyed state is made once and copied for each token."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytearray) -> None:
        self._keyed = HMAC(key, SHA256())

    def token(self, text: str) -> str:
        """64 hex digits."""
        mac = self._keyed.copy()
        mac.update(text.encode())
        return mac.finalize().hex()


class Sealer:
    """AES-256-GCM under one data key.

    ``random_bytes`` gives the nonces and must never repeat one under the same key: the operating
    system's generator, or a seeded source in a simulated world whose keys are made up as well.
    """

    __slots__ = ("_gcm", "_generation", "_generation_byte", "_random_bytes")

    def __init__(
        self, key: bytearray, generation: int, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._gcm = AESGCM(key)
        self._generation = generation
        self._generation_byte = bytes([generation])
        self._random_bytes = random_bytes

    def seal(self, text: str, row_id: str) -> str:
        """URL-safe base64 of generation, nonce, ciphertext, tag."""
        nonce = self._random_bytes(NONCE_LENGTH)
        sealed = self._gcm.encrypt(nonce, text.encode(), row_id.encode())
        return urlsafe_b64encode(self._generation_byte + nonce + sealed).decode("ascii")

    def open(self, sealed: str, row_id: str) -> str:
        """The text back. Raises VaultError, the same for every cause but an unknown generation."""
        try:
            data = urlsafe_b64decode(sealed)
        except ValueError:
            data = b""
        if len(data) < _OVERHEAD:
            raise VaultError("a sealed card number is cut short or is no base64")
        if data[0] != self._generation:
            raise VaultError(
                f"a card number was sealed under data key {data[0]}, "
                f"the vault holds {self._generation}"
            )
        try:
            text = self._gcm.decrypt(
                data[1 : 1 + NONCE_LENGTH], data[1 + NONCE_LENGTH :], row_id.encode()
            )
        except InvalidTag:
            raise VaultError(
                "a sealed card number does not open: changed, moved to another row, "
                "or sealed under another master key"
            ) from None
        return text.decode()
