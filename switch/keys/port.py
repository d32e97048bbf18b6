"""What the rest of the program may ask of the vault: names and values in, verdicts and sealed texts
out.

Owns the questions. Refuses to know where keys are kept: an HSM can stand behind the same ones.
"""

from __future__ import annotations

from typing import Protocol

from switch.errors import IsoswitchError
from switch.values import Pan


class VaultError(IsoswitchError):
    """A misuse of the vault or a sealed text that it does not open. Says nothing about keys or what
    was sealed.
    """


class Vault(Protocol):
    """A key module. The default is in-process and software only."""

    def token(self, pan: Pan) -> str:
        """Keyed hash (HMAC-SHA-256) of the whole PAN, for look-ups: 64 hex digits, never to be cut
        short.
        """

    def seal(self, pan: Pan, row_id: str) -> str:
        """The PAN under AES-256-GCM with ``row_id`` as associated data.

        URL-safe base64 of the data key's generation (one byte), nonce, ciphertext and tag.
        """

    def open(self, sealed: str, row_id: str) -> Pan:
        """The PAN back. Raises VaultError for a text that was sealed for another row, changed, or
        cut.
        """
