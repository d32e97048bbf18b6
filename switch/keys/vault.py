"""The vault in software: what the rest of the program asks of keys, answered in this process.

Owns the keys of card numbers of this process; none leaves it, in any form. The other questions are
answered by rooms of its own: MACs (``vault_mac``), PINs (``vault_pin``), cards (``vault_chip``),
the keys themselves (``vault_keys``, ``vault_moves``) and what would have fitted
(``vault_doctor``), all over one inner room (``vault_room``).
Refuses to hold the master key longer than it takes to derive from it, and to say anything about
keys but their check values.

This is not a PCI-validated secure cryptographic device: keys live in the memory of the process
(SR-GEN-01).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from switch.keys.ciphers import Uncopied
from switch.keys.house_pin import HousePin
from switch.keys.master import MasterKey
from switch.keys.port import VaultError
from switch.keys.seal import Sealer, Tokens
from switch.keys.vault_chip import ChipDesk
from switch.keys.vault_doctor import DoctorDesk
from switch.keys.vault_keys import KeyMaker
from switch.keys.vault_mac import MacDesk
from switch.keys.vault_moves import KeyMover
from switch.keys.vault_pin import PinDesk
from switch.keys.vault_room import VaultRoom
from switch.model.security import KeyUse
from switch.values import Pan

__all__ = ["SoftwareVault", "VaultError"]

# Of the data key: it stands in each sealed text, so that a later key can be told apart.
GENERATION: Final = 1


class SoftwareVault(Uncopied):
    """``switch.keys.port.Vault`` with keys derived from the master key.

    Data key, token key and the keys that protect key blocks are HKDF-SHA-256 outputs of the master
    key, one label each, so one key has one usage (SR-KEY-03) and nothing but the master key needs
    keeping. A change of the master key will wrap the keys derived here under the new one instead of
    deriving others: tokens are the ids of cards and must outlive it.

    ``random_bytes`` gives nonces, padding and keys: the operating system's generator (SR-KEY-11),
    or a seeded source in a made-up world. An instance belongs to one thread.
    """

    __slots__ = (
        "_chips",
        "_maker",
        "_room",
        "_sealer",
        "_tokens",
        "add_component",
        "attributes",
        "begin_components",
        "check_card_verification",
        "check_cryptogram",
        "check_mac",
        "check_pin",
        "check_value",
        "chip_answer",
        "drop_components",
        "export_block",
        "export_cryptogram",
        "finish_components",
        "hand_out",
        "import_block",
        "import_clear",
        "import_cryptogram",
        "initial_key",
        "keep_house_pin",
        "key_check_value",
        "make_key",
        "make_mac",
        "next_generation",
        "pin_reference",
        "sheet",
        "translate_pin",
        "why_cryptogram",
        "why_mac",
        "why_pin",
        "working_keys",
    )
    check_value: str  # of the master key, for the store to note

    def __init__(self, master: MasterKey, random_bytes: Callable[[int], bytes]) -> None:
        self.check_value = master.check_value
        with master.derived("data key 1", 32) as key:
            self._sealer = Sealer(key, GENERATION, random_bytes)
        with master.derived("token key 1", 32) as key:
            self._tokens = Tokens(key)
        self._room = room = VaultRoom(master, random_bytes)

        macs = MacDesk(room)
        self.check_mac = macs.check_mac
        self.make_mac = macs.make_mac

        pins = PinDesk(room, HousePin(master))
        self.check_pin = pins.check_pin
        self.pin_reference = pins.pin_reference
        self.keep_house_pin = pins.keep_house_pin
        self.translate_pin = pins.translate_pin

        self._chips = chips = ChipDesk(room)
        self.check_cryptogram = chips.check_cryptogram
        self.chip_answer = chips.chip_answer
        self.check_card_verification = chips.check_card_verification

        doctor = DoctorDesk(room)
        self.why_mac = doctor.why_mac
        self.why_pin = doctor.why_pin
        self.why_cryptogram = doctor.why_cryptogram

        self._maker = maker = KeyMaker(room)
        self.make_key = maker.make_key
        self.next_generation = maker.next_generation
        self.working_keys = maker.working_keys
        self.import_clear = maker.import_clear
        self.begin_components = maker.begin_components
        self.add_component = maker.add_component
        self.finish_components = maker.finish_components
        self.drop_components = maker.drop_components
        self.initial_key = maker.initial_key
        self.sheet = maker.sheet
        self.attributes = maker.attributes
        self.key_check_value = maker.key_check_value

        mover = KeyMover(room)
        self.hand_out = mover.hand_out
        self.import_block = mover.import_block
        self.import_cryptogram = mover.import_cryptogram
        self.export_block = mover.export_block
        self.export_cryptogram = mover.export_cryptogram

    def token(self, pan: Pan) -> str:
        """Keyed hash of the whole PAN, for look-ups: 64 hex digits."""
        return self._tokens.token(pan.reveal())

    def seal(self, pan: Pan, row_id: str) -> str:
        """The PAN under AES-256-GCM, bound to ``row_id``."""
        return self._sealer.seal(pan.reveal(), row_id)

    def open(self, sealed: str, row_id: str) -> Pan:
        """The PAN back. Raises VaultError for a text that is not the one sealed for this row."""
        return Pan(self._sealer.open(sealed, row_id))

    def forget(self, keys: Iterable[KeyUse]) -> None:
        """Overwrite what is kept of these keys, and all that was derived of them."""
        for key in keys:
            self._chips.forget(key.block)
            self._room.forget(key.block)

    def close(self) -> None:
        """Overwrite all keys that came in blocks, and what was derived of them; no block is opened
        afterwards. Card numbers still are: the library keeps its copy of their key.
        """
        self._maker.close()
        self._chips.close()
        self._room.close()

    def __repr__(self) -> str:
        return "SoftwareVault()"
