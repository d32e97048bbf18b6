"""Issuer scripts: commands to a card in an answer, with a MAC that shows where they come from and
PINs enciphered (EMV book 2, chapter 9; book 3, 6.5 for the commands, 10.10 for the templates).

Owns the commands by name, how they are secured, and templates 71 and 72. Refuses to know which way
a scheme secures them: a profile's ``Messaging`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from switch import tlv
from switch.keys.ciphers import Key, same, tdes_cbc_encrypt, tdes_encrypt, wipe, xor
from switch.keys.emv_cryptogram import CRYPTOGRAM_BYTES, application_cryptogram
from switch.keys.emv_keys import common, need_bytes, need_double, pboc, visa_messaging
from switch.keys.emv_profiles import Messaging
from switch.keys.emv_tags import SCRIPT_AFTER, SCRIPT_BEFORE, SCRIPT_COMMAND, SCRIPT_IDENTIFIER
from switch.keys.mac_padding import pad
from switch.keys.pin_block import encode
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

TEMPLATES: Final = (SCRIPT_BEFORE, SCRIPT_AFTER)
STYLES: Final = ("visa", "mastercard", "emv")  # of a PIN change
_HEADER_BYTES: Final = 4
_MOST_DATA: Final = 200  # bytes, so that the length with the MAC stays one byte


@dataclass(frozen=True, slots=True)
class Command:
    """A command before it is secured: class, instruction and parameters, and its data."""

    header: bytes
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Command({self.header.hex().upper()}, {len(self.data)} bytes)"


# By name, as an operator or a script book orders them. PIN unblock resets the card's try counter.
_BY_NAME: Final[dict[str, bytes]] = {
    "application-block": bytes.fromhex("841E0000"),
    "application-unblock": bytes.fromhex("84180000"),
    "card-block": bytes.fromhex("84160000"),
    "pin-unblock": bytes.fromhex("84240000"),
}
_PUT_DATA: Final = "put-data"
NAMES: Final = (*_BY_NAME, f"{_PUT_DATA}:TAG:VALUE")
# A card must know it before it makes its second cryptogram, or only afterwards.
_BEFORE: Final = frozenset(("pin-unblock", "application-unblock"))
_PIN_CHANGE: Final = {False: bytes.fromhex("84240002"), True: bytes.fromhex("84240001")}


def command_of(name: str) -> Command:
    """The command of that name; ``put-data:9F58:03`` puts a value, in hex, under a tag of one or
    two bytes. Raises KeyRefused.

    >>> command_of("card-block"), command_of("put-data:9F58:03").header.hex()
    (Command(84160000, 0 bytes), '04da9f58')
    """
    header = _BY_NAME.get(name)
    if header is not None:
        return Command(header)
    kind, _, rest = name.partition(":")
    tag, _, value = rest.partition(":")
    try:
        parameters, data = bytes.fromhex(tag.rjust(4, "0")), bytes.fromhex(value)
    except ValueError:
        parameters, data = b"", b""
    if kind != _PUT_DATA or len(parameters) != 2 or not 1 <= len(data) <= _MOST_DATA:
        raise KeyRefused(f"there is no issuer script of that name: there are {', '.join(NAMES)}")
    return Command(b"\x04\xda" + parameters, data)


def template_of(name: str) -> str:
    """The tag of the template that the command belongs in: 71 where it comes before the card's
    second cryptogram, 72 where it comes after.
    """
    return SCRIPT_BEFORE if name in _BEFORE else SCRIPT_AFTER


def script_key(messaging: Messaging, card: Key, atc: bytes, cryptogram: bytes) -> bytearray:
    """The session key for integrity or confidentiality, from the card's key for it. Raises
    KeyRefused.
    """
    if messaging.session == "visa_sm":
        return visa_messaging(card, atc)
    if messaging.session == "pboc":
        return pboc(card, atc)
    if messaging.session == "common":
        return common(card, need_bytes("a cryptogram", cryptogram, CRYPTOGRAM_BYTES))
    raise KeyRefused(f"{messaging.session!r} is no method for the session keys of issuer scripts")


def script_mac(key: Key, covered: bytes, size: int = 8, *, steps: Steps | None = None) -> bytes:
    """The MAC of a command: ISO 9797-1 algorithm 3, padding 2, the first ``size`` bytes, 4 to 8.
    ``covered`` is the command up to the MAC, with whatever its scheme takes in besides. Raises
    KeyRefused.

    >>> key = bytes.fromhex("38758097AE8C9410581945610D85986B")
    >>> script_mac(key, bytes.fromhex("8424000008")).hex().upper()
    'CF323F09A0F6AB9E'
    """
    if not 4 <= size <= CRYPTOGRAM_BYTES:
        raise KeyRefused(f"the MAC of a command has 4 to 8 bytes, not {size}")
    return application_cryptogram(key, covered, 2, steps=steps)[:size]


@dataclass(frozen=True, slots=True)
class CardMoment:
    """What the commands of one answer are bound to: the card's key for integrity, its counter, its
    cryptogram.
    """

    integrity: Key
    atc: bytes
    cryptogram: bytes

    def __repr__(self) -> str:
        return "CardMoment()"


def secured(messaging: Messaging, moment: CardMoment, commands: Iterable[Command]) -> list[bytes]:
    """The commands of one answer, in order, each with its length and MAC, as the card takes them.
    Raises KeyRefused.
    """
    made = []
    chain = moment.cryptogram
    for number, command in enumerate(commands):
        if len(command.header) != _HEADER_BYTES or len(command.data) > _MOST_DATA:
            raise KeyRefused(f"a command has four bytes of header and {_MOST_DATA} of data at most")
        head = command.header + bytes((len(command.data) + messaging.mac_bytes,))
        mac = _command_mac(messaging, moment, number, head, command.data, chain)
        chain = mac
        made.append(head + command.data + mac[: messaging.mac_bytes])
    return made


def _command_mac(
    messaging: Messaging, moment: CardMoment, number: int, head: bytes, data: bytes, chain: bytes
) -> bytes:
    """All eight bytes, for the next command to be chained to."""
    cryptogram = _counted(moment.cryptogram, number) if messaging.counting else moment.cryptogram
    key = script_key(messaging, moment.integrity, moment.atc, cryptogram)
    try:
        if messaging.covers == "chain":
            return script_mac(key, chain + head + data)
        return script_mac(key, head + moment.atc + cryptogram + data)
    finally:
        wipe(key)


def _counted(cryptogram: bytes, number: int) -> bytes:
    """The cryptogram as a number, so much higher, around the top."""
    value = int.from_bytes(need_bytes("a cryptogram", cryptogram, CRYPTOGRAM_BYTES), "big")
    return ((value + number) % (1 << 64)).to_bytes(CRYPTOGRAM_BYTES, "big")


def opened(
    messaging: Messaging, moment: CardMoment, commands: Sequence[bytes]
) -> list[Command] | None:
    """The card's side: the commands of an answer, if every MAC is right; else nothing."""
    found = []
    for raw in commands:
        end = len(raw) - messaging.mac_bytes
        if end <= _HEADER_BYTES or raw[_HEADER_BYTES] != len(raw) - _HEADER_BYTES - 1:
            return None
        found.append(Command(raw[:_HEADER_BYTES], raw[_HEADER_BYTES + 1 : end]))
    if any(len(command.data) > _MOST_DATA for command in found):
        return None
    right = b"".join(secured(messaging, moment, found))
    return found if same(right, b"".join(commands)) else None


def template(tag: str, commands: Iterable[bytes], identifier: bytes = b"") -> bytes:
    """An issuer script template (71 or 72): commands one behind the other, each under tag 86,
    behind the script's identifier (four bytes) where it has one. Raises KeyRefused.

    >>> template("72", [bytes.fromhex("8416000004AABBCCDD")]).hex().upper()
    '720B86098416000004AABBCCDD'
    """
    if tag not in TEMPLATES:
        raise KeyRefused("issuer script templates are 71 and 72")
    if len(identifier) not in (0, 4):
        raise KeyRefused(f"a script identifier has 4 bytes, this one has {len(identifier)}")
    head = [(SCRIPT_IDENTIFIER, identifier)] if identifier else []
    inner = tlv.build([*head, *((SCRIPT_COMMAND, command) for command in commands)])
    return tlv.build([(tag, inner)])


def commands_in(items: Iterable[tlv.Tlv]) -> Iterator[bytes]:
    """The commands of all templates among data objects, in order."""
    for item in items:
        if item.tag in TEMPLATES:
            yield from (child.value for child in item.children if child.tag == SCRIPT_COMMAND)


def pin_change(
    style: str,
    confidentiality: Key,
    pin: str,
    *,
    card: Key = b"",
    current: str = "",
    steps: Steps | None = None,
) -> Command:
    """The command that gives a card a new PIN, enciphered under the session key for
    confidentiality; its MAC is not there yet (``secured``).

    ``style``: ``mastercard`` enciphers an ISO 9564 format 2 block in CBC; ``emv`` the same, padded;
    ``visa`` a block of its own (:func:`visa_pin_block`) with its length in front, padded, in ECB.
    ``card``: the card's key for cryptograms; it and the ``current`` PIN count for ``visa`` alone.
    Raises KeyRefused.
    """
    need_double("a session key for confidentiality", confidentiality)
    if style == "visa":
        block = visa_pin_block(pin, card, current)
        framed = pad(2, bytes((len(block),)) + block, CRYPTOGRAM_BYTES)
        data = bytes(tdes_encrypt(confidentiality, framed))
    elif style in STYLES and not current:
        block = encode(2, pin)
        framed = pad(2, block, CRYPTOGRAM_BYTES) if style == "emv" else block
        data = bytes(tdes_cbc_encrypt(confidentiality, framed))
    else:
        raise KeyRefused(
            f"{style!r}: a PIN change is visa, mastercard or emv, and only visa's has an old PIN"
        )
    if steps is not None:
        steps.note("PIN block", block)
        steps.note("enciphered", data)
    return Command(_PIN_CHANGE[bool(current)], data)


def visa_pin_block(pin: str, card: Key, current: str = "") -> bytes:
    """Visa's block for a new PIN: length, PIN and fill, XORed with the last four bytes of the left
    half of the card's key, and with the current PIN where the card is to check that. Raises
    KeyRefused.

    ::

        0 4 9 9 9 9 F F F F F F F F F F     length, PIN, fill
        0 0 0 0 0 0 0 0 3 B 4 F F E 0 E     bytes 5 to 8 of the card's key
        8 8 8 8 0 0 0 0 0 0 0 0 0 0 0 0     the current PIN, zeros behind it

    >>> card = bytes.fromhex("2F98ADEF3B4FFE0E5832759BB5D057D6")
    >>> visa_pin_block("9999", card, "8888").hex().upper()
    '8C1199FFC4B001F1'
    """
    need_double("a card's key", card)
    block = bytearray(encode(2, pin))
    block[0] &= 0x0F
    block = xor(block, bytes(4) + card[4:8])
    if current:
        encode(2, current)  # refuses what is no PIN
        block = xor(block, bytes.fromhex(current.ljust(16, "0")))
    return bytes(block)
