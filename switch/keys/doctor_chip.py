"""The cryptogram doctor: when a card's cryptogram does not fit, says with what it would.

Owns the ways in which a card may have been made or entered otherwise: key of the card, session key,
data, padding, profile, issuer. Refuses to know whose keys it is given (the vault gives keys marked
test only), and to decide anything: the cryptogram stays wrong.

The work is bounded: each thing differs alone first, then two of them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations, pairwise
from typing import Final, NamedTuple

from switch.keys.ciphers import same, wipe
from switch.keys.doctor_keys import TryKey
from switch.keys.emv_chip import ChipTransaction, cryptogram_input, transaction_of
from switch.keys.emv_cryptogram import PADDINGS, application_cryptogram
from switch.keys.emv_keys import METHODS, OPTIONS, card_key, session_key
from switch.keys.emv_profiles import PROFILES, Profile
from switch.keys.emv_tags import AMOUNT, ISSUER_DATA, SEQUENCE
from switch.keys.mac_iso9797 import RetailMac
from switch.keys.port import KeyRefused

_LONG_PAN: Final = 16  # digits above which options A and B differ
_AMOUNT_DIGITS: Final = 12
_SESSIONS: Final = tuple(name for name in METHODS if name != "visa_sm")  # that one is for scripts
_CALLED: Final = {
    "card": "the card's key was made otherwise than it is entered here",
    "session": "the card makes its session keys otherwise than its profile says",
    "data": "the card makes its cryptogram over other data than the message and its profile say",
    "padding": "the card pads otherwise than its profile says",
    "profile": "the card is of another profile than it is entered with",
    "issuer": "the card has the keys of another issuer than it is entered with",
}


class _Card(NamedTuple):
    """How the card's key is made: of a PAN sequence number by an option; or by none, where it is
    the issuer's own. ``said`` as behind "it would fit"; empty for the right one.
    """

    sequence: str
    option: str
    said: str = ""


class _Session(NamedTuple):
    """A method of session keys."""

    method: str
    said: str = ""


class _Data(NamedTuple):
    """What a cryptogram is made over."""

    value: bytes
    said: str = ""


class _Trial(NamedTuple):
    card: _Card
    session: _Session
    data: _Data
    padding: int


def chip_doctor(
    masters: Iterable[TryKey],
    profile: str,
    values: Mapping[str, bytes],
    pan: str,
    sequence: str,
    amount_minor: int | None = None,
) -> str:
    """With what the cryptogram would fit, one sentence; empty where nothing does.

    ``masters``: the issuer's key first, then those of others. ``values`` by tag, in the order of
    the message (``emv_chip.read_chip``); ``sequence``: PAN sequence number, two digits;
    ``amount_minor``: what the message asks for beside its chip data.
    """
    try:
        chip = transaction_of(values, profile, pan)
    except KeyRefused:
        return _as_another(next(iter(masters), None), values, pan, sequence)
    ways = _Ways(chip, values, pan, sequence, amount_minor)
    right = True
    for master in masters:
        trials = ways.all() if right else iter([ways.usual])
        said = _first(master, chip, pan, trials, ways)
        if said is not None:
            return _sentence(master.said, said)
        right = False
    return ""


def _as_another(master: TryKey | None, values: Mapping[str, bytes], pan: str, sequence: str) -> str:
    """Chip data that lacks what the card's profile wants, and is whole for another."""
    for name in PROFILES if master is not None else ():
        with suppress(KeyRefused):
            chip = transaction_of(values, name, pan)
            ways = _Ways(chip, values, pan, sequence)
            assert master is not None
            if _first(master, chip, pan, iter([ways.usual]), ways) is not None:
                return _sentence("", [("profile", f"as {name}")])
    return ""


class _Ways:
    """What may be different with one transaction: of each thing the right one first."""

    def __init__(
        self,
        chip: ChipTransaction,
        values: Mapping[str, bytes],
        pan: str,
        sequence: str,
        amount_minor: int | None = None,
    ) -> None:
        profile = chip.profile
        self._profile = profile
        self._values = values
        self._cards = list(_cards(profile, pan, sequence, values))
        self._sessions = [_Session(profile.session)]
        self._sessions += [
            _Session(each, _by(each)) for each in _SESSIONS if each != profile.session
        ]
        self._data = list(_data(chip, values))
        self._rarer = list(_rarer(chip, values, amount_minor))
        self._paddings = [profile.padding, *(p for p in PADDINGS if p != profile.padding)]
        self.usual = _Trial(self._cards[0], self._sessions[0], self._data[0], profile.padding)
        self.profiles: dict[_Trial, str] = {}

    def all(self) -> Iterator[_Trial]:
        """As it should be, one thing different, a whole profile, two things."""
        yield self.usual
        others: dict[str, list[_Trial]] = {
            "padding": [self.usual._replace(padding=each) for each in self._paddings[1:]],
            "card": [self.usual._replace(card=each) for each in self._cards[1:]],
            "session": [self.usual._replace(session=each) for each in self._sessions[1:]],
            "data": [self.usual._replace(data=each) for each in self._data[1:]],
        }
        for trials in others.values():
            yield from trials
        for each in self._rarer:
            yield self.usual._replace(data=each)
        yield from self._whole_profiles()
        for one, other in combinations(others, 2):
            for trial in others[one]:
                for second in others[other]:
                    yield trial._replace(**{other: getattr(second, other)})

    def _whole_profiles(self) -> Iterator[_Trial]:
        for each in PROFILES.values():
            if each.name != self._profile.name:
                with suppress(KeyRefused):
                    data = cryptogram_input(each, self._values)
                    trial = _Trial(
                        self._cards[0]._replace(option=each.option),
                        _Session(each.session),
                        _Data(data),
                        each.padding,
                    )
                    if trial != self.usual:
                        self.profiles[trial] = f"as {each.name}"
                        yield trial


def _first(
    master: TryKey, chip: ChipTransaction, pan: str, trials: Iterator[_Trial], ways: _Ways
) -> list[tuple[str, str]] | None:
    """What is different in the first trial that fits: of what, and in words."""
    ready = _Ready(master, chip, pan)
    try:
        for trial in trials:
            with suppress(KeyRefused):
                mac = ready.mac(trial.card, trial.session.method)
                made = application_cryptogram(mac, trial.data.value, trial.padding)
                if same(made, chip.cryptogram):
                    return _differences(trial, ways)
    finally:
        ready.wipe()
    return None


def _differences(trial: _Trial, ways: _Ways) -> list[tuple[str, str]]:
    whole = ways.profiles.get(trial)
    if whole is not None:
        return [("profile", whole)]
    found = [
        (name, said)
        for name, said in (
            ("card", trial.card.said),
            ("session", trial.session.said),
            ("data", trial.data.said),
        )
        if said
    ]
    if trial.padding != ways.usual.padding:
        found.append(("padding", f"with padding {trial.padding}"))
    return found


class _Ready:
    """Cards' keys and transactions' keys of one issuer, made once each."""

    def __init__(self, master: TryKey, chip: ChipTransaction, pan: str) -> None:
        self._master = master
        self._chip = chip
        self._pan = pan
        self._cards: dict[tuple[str, str], bytearray] = {}
        self._macs: dict[tuple[str, str, str], RetailMac] = {}

    def mac(self, card: _Card, session: str) -> RetailMac:
        """The cryptogram's key, ready. Raises KeyRefused where there is none of that kind."""
        name = (card.sequence, card.option, session)
        made = self._macs.get(name)
        if made is None:
            chip = self._chip
            key = session_key(session, self._card(card), chip.atc, chip.unpredictable)
            made = self._macs[name] = RetailMac(key)
            wipe(key)
        return made

    def _card(self, card: _Card) -> bytearray:
        name = (card.sequence, card.option)
        made = self._cards.get(name)
        if made is None:
            made = (
                card_key(self._master.value, self._pan, card.sequence, card.option)
                if card.option
                else bytearray(self._master.value)
            )
            self._cards[name] = made
        return made

    def wipe(self) -> None:
        """Overwrite all."""
        wipe(*self._cards.values())
        for mac in self._macs.values():
            mac.wipe()


def _cards(
    profile: Profile, pan: str, sequence: str, values: Mapping[str, bytes]
) -> Iterator[_Card]:
    """How the card's key may have been made."""
    yield _Card(sequence, profile.option)
    own = values.get(SEQUENCE, b"").hex()
    for number in dict.fromkeys((own, "00", "01")):
        if number and number != sequence:
            yield _Card(number, profile.option, f"with PAN sequence number {number}")
    if len(pan) > _LONG_PAN:
        other = next(each for each in OPTIONS if each != profile.option)
        yield _Card(sequence, other, f"with the card's key by option {other}")
    yield _Card("", "", "under the issuer's master key itself")


def _data(chip: ChipTransaction, values: Mapping[str, bytes]) -> Iterator[_Data]:
    """What the cryptogram may have been made over."""
    tags, whole = chip.profile.tags, values.get(ISSUER_DATA, b"")
    parts = {tag: values[tag] for tag in tags}
    own = b"".join(parts.values())
    issuer = chip.data[len(own) :]
    seen = {chip.data}
    yield _Data(chip.data)
    ordered = b"".join(value for tag, value in values.items() if tag in parts)
    others = [
        ("over all of the issuer application data (9F10)", own + whole),
        ("without the issuer application data (9F10)", own),
        ("over its data in the order of the message", ordered + issuer),
    ]
    for left_out in tags:
        rest = b"".join(value for tag, value in parts.items() if tag != left_out)
        others.append((f"without {left_out}", rest + issuer))
    for said, data in others:
        if data not in seen:
            seen.add(data)
            yield _Data(data, said)


def _rarer(
    chip: ChipTransaction, values: Mapping[str, bytes], amount_minor: int | None
) -> Iterator[_Data]:
    """One value another to the card than in the chip data: the terminal gave them apart, zero or
    the amount that the message bears elsewhere. Two values in each other's place.
    """
    tags = chip.profile.tags
    issuer = chip.data[sum(len(values[tag]) for tag in tags) :]
    asked = b""
    if amount_minor is not None and 0 <= amount_minor < 10**_AMOUNT_DIGITS:
        asked = bytes.fromhex(f"{amount_minor:0{_AMOUNT_DIGITS}d}")
    if asked and AMOUNT in tags and asked != values[AMOUNT]:
        parts = [asked if tag == AMOUNT else values[tag] for tag in tags]
        said = f"with the amount that the message asks for instead of {AMOUNT}"
        yield _Data(b"".join(parts) + issuer, said)
    for one, other in pairwise(tags):
        turned = {one: other, other: one}
        parts = [values[turned.get(tag, tag)] for tag in tags]
        yield _Data(b"".join(parts) + issuer, f"with {one} and {other} in each other's place")
    for zero in tags:
        if any(values[zero]):
            parts = [bytes(len(values[tag])) if tag == zero else values[tag] for tag in tags]
            yield _Data(b"".join(parts) + issuer, f"with zeros for {zero}")


def _by(session: str) -> str:
    """A session method in words."""
    if session == "none":
        return "under the card's key, without a session key"
    return f"under a session key by the method {session}"


def _sentence(issuer: str, found: list[tuple[str, str]]) -> str:
    phrases = [issuer] if issuer else []
    phrases += [said for _, said in found]
    if not phrases:
        return ""
    called = _CALLED["issuer" if issuer else found[0][0]]
    return f"it would fit {', '.join(phrases)}: {called}"
