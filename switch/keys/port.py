"""What the rest of the program may ask of the vault: names, key blocks and values in, verdicts and
sealed texts out.

Owns the questions and the words that they are asked in. Refuses to know where keys are kept: an HSM
can stand behind the same questions. A key comes as ``KeyUse``: its name, and its key block (X9.143
version D), which only the vault opens. Usage and all else is believed of the block alone, and a
block that was made for a name opens under that name only: in the store no key can be put in
another's place.

Who misuses a key is told so by an exception; a message that does not verify is a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from switch.errors import IsoswitchError
from switch.keys.port_doctor import DoctorVault
from switch.model.facts import Verdict
from switch.model.security import KeyOrder, KeyUse
from switch.values import CardVerification, ChipData, Pan, Pin, PinBlock


class VaultError(IsoswitchError):
    """A misuse of the vault or a sealed text that it does not open. Says nothing about keys or what
    was sealed.
    """


class KeyRefused(VaultError):
    """A key, key block, KSN or other input of a calculation that is not as its standard demands."""


class KeyBlockRefused(KeyRefused):
    """A key block that does not open: one text for all causes (SR-KEY-04)."""


class PinBlockRefused(KeyRefused):
    """A PIN block that holds no PIN for this card: one text for all causes (SR-PIN-04)."""


class KeyMisused(VaultError):
    """A key was asked to do what its usage, algorithm, mode, exportability or mark forbids: names
    the key, what it is and what it was asked (SR-KEY-03).
    """


@dataclass(frozen=True, slots=True)
class KeySpec:
    """What a key is, as X9.143 writes it, bound to it by the MAC of its block.

    ``usage`` (two characters, ``P0``, ``M3``, ``B0`` ...), ``algorithm`` (``T`` TDEA, ``A`` AES,
    ``H`` HMAC, ``D`` DEA, and ``4`` for SM4 from the range that the standard leaves to proprietary
    use), ``length`` in bytes, ``mode`` of use (``E``, ``D``, ``B``, ``G``, ``V``, ``C``, ``X``,
    ``N``), ``exportability`` (``E`` in key blocks, ``S`` in bare cryptograms too, ``N`` never),
    ``mark``: ``test`` or ``live`` (SR-KEY-09). ``switch.keys.permissions`` says which of them go
    together and what each may do.
    """

    usage: str
    algorithm: str
    length: int
    mode: str
    exportability: str = "E"
    mark: str = "test"


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that the vault made or took in: its block, to be stored, and what may be told of it."""

    block: str
    check_value: str  # hex: 3 bytes for TDEA, 5 for AES (SR-KEY-08), 4 for SM4
    attributes: KeySpec

    def __repr__(self) -> str:
        return f"MadeKey({self.attributes}, check value {self.check_value})"


@dataclass(frozen=True, slots=True)
class HandedKey:
    """A key on its way to somebody who shares a key-encrypting key: a key block as text, or a
    cryptogram in hex.
    """

    form: str  # tr31, cryptogram
    text: str
    check_value: str  # hex; of a cryptogram 4 bytes, as the UnionPay line wants (SR-KEY-10)
    attributes: KeySpec

    def __repr__(self) -> str:
        return f"HandedKey({self.form}, {self.attributes}, check value {self.check_value})"


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a test key, for a key sheet. The one thing here that is secret: ``value`` is
    for the caller to print and to overwrite.
    """

    value: bytearray
    check_value: str

    def __repr__(self) -> str:
        return f"Component(check value {self.check_value})"


@dataclass(frozen=True, slots=True)
class Translation:
    """A PIN block under another key, or why there is none: ``made``, ``block_invalid``."""

    outcome: str
    block: PinBlock | None = None


class CardVault(Protocol):
    """Card numbers at rest."""

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


class MacVault(Protocol):
    """Message authentication codes. ``scheme`` as ``switch.keys.mac`` names it. With a ``ksn`` (hex
    of 8, 10 or 12 bytes) the key is a base derivation key, and the MAC key is derived for the
    direction: what is checked is of a request, what is made of a response (X9.24). A
    terminal's own MACs are not made here.
    """

    def check_mac(
        self,
        key: KeyUse,
        scheme: str,
        data: bytes,
        mac: bytes,
        ksn: str = "",
    ) -> Verdict:
        """``good`` or ``bad``, compared in constant time (SR-KEY-16); ``bad`` as well for a KSN
        that cannot be. Raises KeyMisused, KeyRefused.
        """

    def make_mac(self, key: KeyUse, scheme: str, data: bytes, ksn: str = "") -> bytes:
        """The MAC in the scheme's length. Raises KeyMisused, KeyRefused."""


class PinVault(Protocol):
    """PINs: they come and go as enciphered blocks, and no answer shows one (SR-PIN-03)."""

    def check_pin(
        self,
        pin_key: KeyUse,
        block: PinBlock,
        pan: Pan,
        method: str,
        reference: str,
        verification_key: KeyUse | None,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
    ) -> Verdict:
        """Whether the block holds the card's PIN: ``good``, ``bad`` or ``block_invalid``, the last
        alike in text and time for every cause (SR-PIN-04). A KSN that cannot be is told in the same
        words, only sooner: it is no secret.

        ``pin_key`` is a PIN key (P0), with a ``ksn`` a base derivation key (B0). ``formats``: ISO
        9564-1 formats that are taken; a block of 8 bytes under TDEA is tried as 0, 3 and 1, of 16
        bytes under AES as 4 (SR-PIN-05). ``method``: ``visa-pvv`` (``reference`` is the key index
        and four digits), ``ibm-3624`` (the offset), ``house`` (the PIN given to ``keep_house_pin``;
        test keys only, no reference, no ``verification_key``). Raises KeyMisused, KeyRefused.
        """

    def pin_reference(
        self,
        pin: Pin,
        pan: Pan,
        method: str,
        verification_key: KeyUse | None,
        *,
        key_index: int = 1,
    ) -> str:
        """What to store with a test card so that ``check_pin`` knows its PIN: key index and PVV,
        the offset, or nothing (``house``). Only with keys marked test. Raises KeyMisused,
        KeyRefused.
        """

    def keep_house_pin(self, pin: Pin) -> None:
        """The test PIN of this world, for the method ``house``: 4 to 12 digits."""

    def translate_pin(
        self,
        source: KeyUse,
        block: PinBlock,
        pan: Pan,
        destination: KeyUse,
        destination_format: int,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
        destination_ksn: str = "",
    ) -> Translation:
        """The same PIN under another PIN key, for the same card: there is one PAN, so it cannot be
        changed (SR-PIN-02). From 0, 3, 4 to 0, 3, 4; from 1 to 0, 3, 4 or 1; nothing else
        (SR-PIN-01). Raises KeyMisused, KeyRefused.
        """


class ChipVault(Protocol):
    """Chip cryptograms (EMV book 2) and card verification values."""

    def check_cryptogram(
        self, imk: KeyUse, profile: str, chip: ChipData, pan: Pan, sequence: str
    ) -> Verdict:
        """The application cryptogram in the chip data: ``good``, ``bad`` or ``incomplete``.

        ``profile`` says how card key, session key and input are made; ``sequence`` is the PAN
        sequence number, two digits or empty. ``data``: ``atc`` in digits and ``cryptogram``
        (``ARQC``, ``TC``, ``AAC``). Raises KeyMisused, KeyRefused.
        """

    def chip_answer(
        self,
        imk: KeyUse,
        profile: str,
        chip: ChipData,
        pan: Pan,
        sequence: str,
        arc: str,
        scripts: tuple[str, ...] = (),
        script_keys: tuple[KeyUse, ...] = (),
    ) -> bytes:
        """What the card is answered, BER-TLV: tag 91 with the response cryptogram over ``arc``, 71
        and 72 with issuer scripts by name. Raises KeyMisused, KeyRefused.
        """

    def check_card_verification(
        self,
        cvk: KeyUse,
        pan: Pan,
        expiry: str,
        service_code: str,
        code: CardVerification,
        kind: str,
    ) -> Verdict:
        """``good`` or ``bad``. ``kind``: ``cvv`` (of the track), ``cvv2``, ``icvv``; ``expiry`` is
        YYMM. Raises KeyMisused, KeyRefused.
        """


class KeyVault(Protocol):
    """The life of keys. What is made is a block to be stored; the vault keeps no list of keys.

    ``name``: under which the block will be stored, and to which it is bound; without one it opens
    under any. Only what is never stored has none.
    """

    def make_key(self, spec: KeySpec, name: str = "") -> MadeKey:
        """A key from the operating system's generator (SR-KEY-11). Raises KeyMisused where usage,
        algorithm, mode and length do not go together.
        """

    def next_generation(self, key: KeyUse) -> MadeKey:
        """Another key of the same attributes and name, to take this one's place."""

    def working_keys(
        self,
        working: str,
        roles: tuple[str, ...],
        *,
        terminal: str = "",
        mac_scheme: str = "",
        form: str = "tr31",
        mark: str = "test",
    ) -> dict[str, MadeKey]:
        """Fresh working keys by role (``tpk``, ``tak``, ``tdk``) of the terminal of that name.
        ``working``: ``tdes-2``, ``tdes-3``, ``aes-128``, ``aes-192``, ``aes-256``, ``unionpay`` (8
        bytes for the MAC, a named exception of SR-KEY-10), ``sm4``; ``mac_scheme`` gives the MAC
        key its usage, ``form`` is how they will be handed out.
        """

    def hand_out(self, order: KeyOrder) -> dict[str, HandedKey]:
        """Working keys under the terminal master key, by role: key blocks (under a K1 key), or ECB
        cryptograms (under a K0 key, SR-KEY-10). No officer is asked, so that nothing but a working
        key of the same terminal leaves like this. Raises KeyMisused.
        """

    def import_clear(self, spec: KeySpec, clear: bytearray, name: str = "") -> MadeKey:
        """A clear test key, which is overwritten; refuses to make a live one (SR-KEY-06)."""

    def begin_components(self, spec: KeySpec, count: int, name: str = "") -> str:
        """Components are to be entered: a ticket. Two or more; one only for a test key."""

    def add_component(self, ticket: str, officer: str, value: bytearray, check_value: str) -> int:
        """Take a component of full length from an authenticated person and overwrite ``value``: how
        many are still missing. Refuses a wrong check value, and for a live key a person who has
        entered one already (SR-KEY-06).
        """

    def finish_components(self, ticket: str) -> MadeKey:
        """The exclusive or of all components, made inside."""

    def drop_components(self, ticket: str) -> None:
        """Forget and overwrite what was entered; a ticket that is not there is none of its."""

    def import_block(
        self, kek: KeyUse, block: str, *, name: str = "", legacy: bool = False
    ) -> MadeKey:
        """A key block that somebody else made under a shared K1 key, whose mark it takes over.
        Versions A and C only with ``legacy`` (SR-KEY-02). Raises KeyBlockRefused, KeyMisused.
        """

    def import_cryptogram(
        self,
        kek: KeyUse,
        spec: KeySpec,
        cryptogram: bytes,
        check_value: str,
        *,
        name: str = "",
        legacy: bool = False,
    ) -> MadeKey:
        """A bare ECB cryptogram under a shared K0 key; only with ``legacy`` (SR-KEY-02), only where
        the check value fits (2 bytes at least).
        """

    def export_block(
        self, key: KeyUse, kek: KeyUse, *, version: str = "", officers: tuple[str, ...] = ()
    ) -> HandedKey:
        """The key under a shared K1 key at least as strong (SR-KEY-05) and of the same mark, as a
        block of version B (TDEA) or D (AES). A live key needs two different persons (SR-KEY-07).
        """

    def export_cryptogram(
        self, key: KeyUse, kek: KeyUse, *, legacy: bool = False, officers: tuple[str, ...] = ()
    ) -> HandedKey:
        """The key in ECB under a shared K0 key; only with ``legacy`` (SR-KEY-10)."""

    def sheet(self, key: KeyUse, count: int) -> tuple[Component, ...]:
        """The key in so many components, for a key sheet: of exportable test keys only."""

    def initial_key(self, bdk: KeyUse, ksn: str) -> MadeKey:
        """The initial key of a device (usage B1), for injection. ``ksn``: hex of 8 or 10 bytes
        under TDEA (the counter is not looked at), of 8 (initial key ID) or 12 bytes under AES.
        """

    def forget(self, keys: Iterable[KeyUse]) -> None:
        """Overwrite what is kept of these keys, and all that was derived of them: they are
        destroyed (SR-KEY-14). A block that comes again is opened again.
        """

    def attributes(self, key: KeyUse) -> KeySpec:
        """What the block says of its key."""

    def key_check_value(self, key: KeyUse) -> str:
        """The key's check value (SR-KEY-08)."""


class Vault(CardVault, MacVault, PinVault, ChipVault, KeyVault, DoctorVault, Protocol):
    """A key module. The default is in-process and software only (SR-GEN-01)."""

    def close(self) -> None:
        """Overwrite all keys that came in blocks; no block is opened afterwards."""
