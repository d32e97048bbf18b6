"""The vault in software: what the rest of the program asks of keys, answered in this process.

Owns the working keys of this process: none leaves it, in any form. Refuses to hold the master key
longer than it takes to derive from it, and to say anything about keys but their check values.

This is not a PCI-validated secure cryptographic device: keys live in the memory of the process
(SR-GEN-01).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from switch.keys.master import MasterKey
from switch.keys.port import VaultError
from switch.keys.seal import Sealer, Tokens
from switch.values import Pan

__all__ = ["SoftwareVault", "VaultError"]

# Of the data key: it stands in each sealed text, so that a later key can be told apart.
GENERATION: Final = 1


class SoftwareVault:
    """``switch.keys.port.Vault`` with keys derived from the master key.

    Data key and token key are HKDF-SHA-256 outputs of the master key, one label each, so one key
    has one usage (SR-KEY-03) and nothing but the master key needs keeping. A change of the master
    key will wrap the keys derived here under the new one instead of deriving others: tokens are the
    ids of cards and must outlive it.
    """

    __slots__ = ("_sealer", "_tokens", "check_value")
    check_value: str  # of the master key, for the store to note

    def __init__(self, master: MasterKey, random_bytes: Callable[[int], bytes]) -> None:
        self.check_value = master.check_value
        with master.derived("data key 1", 32) as key:
            self._sealer = Sealer(key, GENERATION, random_bytes)
        with master.derived("token key 1", 32) as key:
            self._tokens = Tokens(key)

    def token(self, pan: Pan) -> str:
        """Keyed hash of the whole PAN, for look-ups: 64 hex digits."""
        return self._tokens.token(pan.reveal())

    def seal(self, pan: Pan, row_id: str) -> str:
        """The PAN under AES-256-GCM, bound to ``row_id``."""
        return self._sealer.seal(pan.reveal(), row_id)

    def open(self, sealed: str, row_id: str) -> Pan:
        """The PAN back. Raises VaultError for a text that is not the one sealed for this row."""
        return Pan(self._sealer.open(sealed, row_id))

    def __repr__(self) -> str:
        return "SoftwareVault()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a vault cannot be pickled or copied")
