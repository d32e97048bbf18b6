"""How terminals and cards are secured, in words: which scheme a terminal keeps to, which keys
belong to whom, what an answer is sealed with.

Owns the names of keys and the orders that go to the vault with an answer. Refuses to know a key: it
has names and key blocks that nobody but the vault can open.

A key's name follows from whom it belongs to, so nothing has to be looked up to find it:

- ``bdk.KSI``: base derivation key of the devices whose key serial numbers begin with KSI, hex;
- ``terminal.TERMINAL.ROLE``: ``tmk`` (terminal master key), ``tpk`` (PIN), ``tak`` (MAC), ``tdk``
  (data);
- ``zone.NAME.ROLE``: ``zmk``, ``zpk``, ``zak``, shared with another institution;
- ``issuer.NAME.ROLE``: ``pvk`` (Visa PVV), ``ibm`` (IBM 3624), ``cvk``, ``imk_ac`` (application
  cryptograms), ``imk_smi`` and ``imk_smc`` (integrity and confidentiality of issuer scripts).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

# Digits (hex) of a key serial number that name its base derivation key: the key set identifier of
# X9.24-1 (5 bytes), the BDK identifier of X9.24-3 (4 bytes).
TDES_SET_DIGITS: Final = 10
AES_SET_DIGITS: Final = 8
TERMINAL_ROLES: Final = ("tmk", "tpk", "tak")  # of the keys that secure a terminal's messages
_TDES_KSN_DIGITS: Final = (16, 20)
_AES_KSN_DIGITS: Final = 24


class Security(Struct, frozen=True, gc=False, kw_only=True):
    """What terminals that name it must keep to.

    A message with a key serial number is under DUKPT keys, one without under the terminal's working
    keys; each can be switched off. ``mac``: ``required`` where the dialect's table says that a
    message bears one, ``optional`` (checked where it is there) or ``none`` (never looked at).
    ``mac_scheme``: empty takes the dialect's.
    """

    name: str
    dukpt: bool = True
    session: bool = True
    mac: str = "optional"
    mac_scheme: str = ""
    pin_formats: tuple[int, ...] = (0, 3, 4)  # of ISO 9564-1
    window: int = 16  # how far behind the newest counter of its device a KSN may be (M-14)
    failures: int = 20  # of cryptography, a terminal and window of time; 0: any number (SR-PIN-06)
    failures_window_us: int = 3_600_000_000
    overlap_us: int = 600_000_000  # how long the keys before an exchange are still accepted
    exchange: str = "tr31"  # how working keys are handed out: tr31, cryptogram
    working: str = "tdes-2"  # what they are: tdes-2, tdes-3, aes-128, aes-192, aes-256


class KeyUse(Struct, frozen=True, gc=False):
    """A key as the vault is told of it: by name, with the key block that only the vault opens."""

    name: str
    block: str

    def __repr__(self) -> str:
        return f"KeyUse({self.name})"


class MacOrder(Struct, frozen=True, gc=False):
    """The answer is to bear a MAC: under a working key, or under the response key that a DUKPT key
    and ``ksn`` give. ``scheme``: empty takes the dialect's.
    """

    key: KeyUse
    ksn: str = ""
    scheme: str = ""


class ChipOrder(Struct, frozen=True, gc=False):
    """The answer is to bear an authorization response cryptogram, and issuer scripts for the card.

    ``profile`` says how keys and cryptograms of the card are made; ``scripts`` are commands by
    name, ``script_keys`` integrity and confidentiality; ``sequence`` is the card's PAN sequence
    number, empty takes that of the message.
    """

    key: KeyUse
    profile: str
    scripts: tuple[str, ...] = ()
    script_keys: tuple[KeyUse, ...] = ()
    sequence: str = ""


class KeyOrder(Struct, frozen=True, gc=False):
    """The answer is to hand out working keys under a terminal master key: (role, key), as ``form``
    says: ``tr31`` or ``cryptogram``.
    """

    master: KeyUse
    working: tuple[tuple[str, KeyUse], ...]
    form: str = "tr31"


class Sealing(Struct, frozen=True, gc=False):
    """What the vault adds to an answer when it is written. Never stored: a repeat is sealed anew,
    under the keys that it names itself.
    """

    mac: MacOrder | None = None
    chip: ChipOrder | None = None
    keys: KeyOrder | None = None


def terminal_key(terminal_id: str, role: str) -> str:
    """The name of a terminal's key.

    >>> terminal_key("DEMO0001", "tpk")
    'terminal.DEMO0001.tpk'
    """
    return f"terminal.{terminal_id}.{role}"


def issuer_key(issuer: str, role: str) -> str:
    """The name of an issuer's key."""
    return f"issuer.{issuer}.{role}"


def base_key(ksn: str) -> str:
    """The name of the base derivation key that a key serial number (upper-case hex of 8, 10 or 12
    bytes) calls for; empty for one of another length.

    >>> base_key("FFFF9876543210E00001"), base_key("123456789012345600000001")
    ('bdk.FFFF987654', 'bdk.12345678')
    """
    if len(ksn) == _AES_KSN_DIGITS:
        return f"bdk.{ksn[:AES_SET_DIGITS]}"
    if len(ksn) in _TDES_KSN_DIGITS:
        return f"bdk.{ksn.rjust(_TDES_KSN_DIGITS[1], 'F')[:TDES_SET_DIGITS]}"
    return ""
