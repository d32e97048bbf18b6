"""What the rest of the program may ask of the vault: names and values in, verdicts and sealed texts out."""

from __future__ import annotations

from typing import Protocol

from switch.values import Pan


class Vault(Protocol):
    """A key module. The default is in-process and software only; an HSM can stand behind the same questions."""

    def token(self, pan: Pan) -> str:
        """Keyed hash (HMAC-SHA-256) of the whole PAN, for look-ups: 64 hex digits, truncation is the caller's mistake."""

    def seal(self, pan: Pan, row_id: str) -> str:
        """The PAN under AES-256-GCM with ``row_id`` as associated data: URL-safe base64 of nonce, ciphertext, tag."""

    def open(self, sealed: str, row_id: str) -> Pan:
        """The PAN back. Raises VaultError when the text was sealed for another row or was changed."""
