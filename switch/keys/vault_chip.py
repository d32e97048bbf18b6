"""The vault's answers about cards: application cryptograms, what a card is answered, card
verification values.

Owns the derived card keys, kept while there is room and overwritten when they go. Refuses to let a
card's data raise anything but verdicts: only a wrong key, profile or order is an error. No verdict
tells a value of the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from switch import tlv
from switch.keys.card_verification import ORDERS, SERVICE_CODES, fits
from switch.keys.ciphers import BlockCipher, Uncopied, wipe
from switch.keys.emv_chip import (
    ChipTransaction,
    read_chip,
    response_key,
    transaction_key,
    transaction_of,
)
from switch.keys.emv_cryptogram import check_cryptogram
from switch.keys.emv_keys import card_key
from switch.keys.emv_profiles import AUTO, profile_of
from switch.keys.emv_response import CardStatusUpdate, issuer_authentication
from switch.keys.emv_script import CardMoment, command_of, secured, template, template_of
from switch.keys.emv_tags import AMOUNT, ISSUER_AUTHENTICATION, SEQUENCE
from switch.keys.mac_iso9797 import RetailMac
from switch.keys.port import KeyRefused
from switch.keys.vault_cache import Kept
from switch.keys.vault_room import VaultRoom
from switch.model.facts import Verdict
from switch.model.security import KeyUse
from switch.values import CardVerification, ChipData, Pan

CARDS: Final = 2048  # cards whose keys are kept
# Response codes (ISO 8583:1987) that approve, whole or in part.
_APPROVALS: Final = frozenset(("00", "08", "10", "11", "16"))
_CODE_SEPARATOR: Final = "/"


class ReadyCard(Uncopied):
    """A card's key, with what was made ready of it, and the transaction that was right last."""

    __slots__ = ("_cipher", "_mac", "proved", "value")

    def __init__(self, value: bytearray) -> None:
        self.value = value
        self.proved: ChipTransaction | None = None
        self._cipher: BlockCipher | None = None
        self._mac: RetailMac | None = None

    @property
    def cipher(self) -> BlockCipher:
        """Ready to derive session keys."""
        if self._cipher is None:
            self._cipher = BlockCipher("TDES", self.value)
        return self._cipher

    @property
    def mac(self) -> RetailMac:
        """Ready to make cryptograms, of cards that have no session keys."""
        if self._mac is None:
            self._mac = RetailMac(self.value)
        return self._mac

    def wipe(self) -> None:
        """Overwrite the key and all that was made of it."""
        self.proved = None
        wipe(self.value)
        self.value.clear()  # of no length: nothing is made ready of it any more
        if self._cipher is not None:
            self._cipher.wipe()
        if self._mac is not None:
            self._mac.wipe()

    def __repr__(self) -> str:
        return "ReadyCard()"


class _Presented(NamedTuple):
    """A card and its transaction, as a message brought them. ``amount`` is what its cryptogram was
    made over, in digits; empty where that is none.
    """

    pan: str
    sequence: str
    chip: ChipTransaction
    amount: str

    def __repr__(self) -> str:
        return f"_Presented({self.chip})"


class ChipDesk:
    """``switch.keys.port.ChipVault`` in software."""

    __slots__ = ("_cards", "_room")

    def __init__(self, room: VaultRoom, cards: int = CARDS) -> None:
        self._room = room
        self._cards: Kept[ReadyCard] = Kept(cards)

    def close(self) -> None:
        """Overwrite all card keys."""
        self._cards.wipe()

    def forget(self, block: str) -> None:
        """Overwrite the keys of cards that came from this issuer's key."""
        self._cards.drop(lambda name: isinstance(name, str) and name.endswith(f"|{block}"))

    def check_cryptogram(
        self, imk: KeyUse, profile: str, chip: ChipData, pan: Pan, sequence: str
    ) -> Verdict:
        """The application cryptogram in the chip data: ``good``, ``bad`` or ``incomplete``.

        ``sequence``: empty takes the one in the chip data (5F34), else ``00``. ``data``: ``atc`` in
        digits, ``cryptogram`` (``ARQC``, ``TC``, ``AAC``) and ``amount`` (9F02, where the
        cryptogram is made over it), unless incomplete. Raises KeyMisused, KeyRefused.
        """
        key = self._room.opened(imk, "check a cryptogram").value
        _known(profile)
        try:
            presented = _presented(profile, chip, pan, sequence)
            card = self._card(imk, key, presented)
        except KeyRefused as lack:
            return Verdict("incomplete", str(lack))
        shown = presented.chip
        fitting = self._fits(shown, card)
        data = {"atc": str(shown.counter), "cryptogram": shown.kind, "amount": presented.amount}
        name = shown.profile.name
        if fitting:
            return Verdict("good", f"right by {name}", data)
        return Verdict("bad", f"the cryptogram does not fit by {name}", data)

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
        """What the card is answered, BER-TLV: tag 91 with the response cryptogram; 71 and 72 with
        issuer scripts by name, in the order in which a card carries them out.

        ``arc``: the response code, two characters. Method 1 tells the card the code itself; method
        2 tells it, by status update, whether the code approves. ``script_keys``: the issuer's key
        for integrity first. Raises KeyMisused, and KeyRefused also for chip data that
        ``check_cryptogram`` does not find good: a response is TDES of what stands there for the
        cryptogram, and who may choose that has the card's key encipher for him.
        """
        key = self._room.opened(imk, "answer a cryptogram").value
        presented = _presented(profile, chip, pan, sequence)
        card = self._card(imk, key, presented)
        shown = presented.chip
        if card.proved != shown and not self._fits(shown, card):
            raise KeyRefused("the card's cryptogram does not fit: such a card is told nothing")
        session = response_key(card.value, shown, card.cipher)
        try:
            told = _told(shown.profile.response, arc)
            value = issuer_authentication(shown.profile.response, session, shown.cryptogram, told)
        finally:
            wipe(session)
        head = tlv.build([(ISSUER_AUTHENTICATION, value)])
        return head + self._scripts(presented, scripts, script_keys) if scripts else head

    def check_card_verification(
        self,
        cvk: KeyUse,
        pan: Pan,
        expiry: str,
        service_code: str,
        code: CardVerification,
        kind: str,
    ) -> Verdict:
        """``good`` or ``bad``. ``kind``: ``cvv`` (of the track), ``cvv2``, ``icvv``, with ``/MMYY``
        behind it where the issuer calculates in that order; ``expiry`` is YYMM always. Raises
        KeyMisused, and KeyRefused for another kind.
        """
        key = self._room.opened(cvk, "check a card verification value").value
        name, _, order = kind.partition(_CODE_SEPARATOR)
        if name not in SERVICE_CODES or order not in ("", *ORDERS):
            raise KeyRefused(f"{kind!r} is no card verification value: {', '.join(SERVICE_CODES)}")
        try:
            good = fits(
                key, pan.reveal(), expiry, service_code, code.reveal(), name, order or ORDERS[0]
            )
        except KeyRefused as lack:
            return Verdict("bad", f"{name}: {lack}")
        return Verdict("good", name) if good else Verdict("bad", f"{name} does not fit")

    def _card(self, imk: KeyUse, key: bytearray, presented: _Presented) -> ReadyCard:
        """The card's key derived from this issuer's, from memory where it is there."""
        option = presented.chip.profile.option
        pan, sequence = presented.pan, presented.sequence
        name = f"{pan}|{sequence}|{option}|{imk.block}"
        return self._cards.get(name, lambda: ReadyCard(card_key(key, pan, sequence, option)))

    def _fits(self, shown: ChipTransaction, card: ReadyCard) -> bool:
        padding = shown.profile.padding
        if shown.profile.session == "none":
            good = check_cryptogram(card.mac, shown.data, padding, shown.cryptogram)
        else:
            session = transaction_key(card.value, shown, card.cipher)
            good = check_cryptogram(session, shown.data, padding, shown.cryptogram)
            wipe(session)
        if good:
            card.proved = shown
        return good

    def _scripts(
        self, presented: _Presented, names: tuple[str, ...], keys: tuple[KeyUse, ...]
    ) -> bytes:
        if not keys:
            raise KeyRefused("issuer scripts need the issuer's key for integrity")
        key = self._room.opened(keys[0], "make a script MAC").value
        card = self._card(keys[0], key, presented)
        moment = CardMoment(card.value, presented.chip.atc, presented.chip.cryptogram)
        ordered = sorted(names, key=template_of)  # 71 before 72, each in the order given
        commands = [command_of(name) for name in ordered]
        made = secured(presented.chip.profile.messaging, moment, commands)
        by_place: dict[str, list[bytes]] = {}
        for name, command in zip(ordered, made, strict=True):
            by_place.setdefault(template_of(name), []).append(command)
        return b"".join([template(place, inside) for place, inside in by_place.items()])

    def __repr__(self) -> str:
        return f"ChipDesk({len(self._cards)} cards)"


def _known(profile: str) -> None:
    """Raises KeyRefused for a profile that does not exist: a mistake of ours, not the card's."""
    if profile != AUTO:
        profile_of(profile)


def _presented(profile: str, chip: ChipData, pan: Pan, sequence: str) -> _Presented:
    """Raises KeyRefused for chip data, PAN or sequence number of which no transaction can be
    made.
    """
    try:
        raw = bytes.fromhex(chip.reveal())
    except ValueError:
        raise KeyRefused("the chip data is not hexadecimal") from None
    values = read_chip(raw)
    number = pan.reveal()
    found = sequence_of(sequence, values)
    shown = transaction_of(values, profile, number)
    amount = values[AMOUNT].hex() if AMOUNT in shown.profile.tags else ""
    return _Presented(number, found, shown, amount if amount.isdigit() else "")


def sequence_of(sequence: str, values: Mapping[str, bytes]) -> str:
    """The PAN sequence number in two digits: the one given (one to three digits, as messages bear
    it), else the card's own, else ``00``. Raises KeyRefused for one that is none.

    >>> sequence_of("001", {}), sequence_of("", {"5F34": bytes((2,))}), sequence_of("", {})
    ('01', '02', '00')
    """
    text = sequence or values.get(SEQUENCE, b"").hex()
    if not text:
        return "00"
    if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 99:
        raise KeyRefused("a PAN sequence number is 00 to 99")
    return f"{int(text):02d}"


def _told(method: int, arc: str) -> bytes:
    """What the card is told: the response code, or a status update that approves or does not."""
    if len(arc) != 2 or not arc.isascii():
        raise KeyRefused("the response code for a card has two characters")
    if method == 1:
        return arc.encode("ascii")
    if arc in _APPROVALS:
        return CardStatusUpdate(approved=True, counters="reset").encoded()
    return CardStatusUpdate(approved=False).encoded()
