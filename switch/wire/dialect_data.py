"""A dialect as the rest of the wire sees it: plain, frozen, checked data.

Owns the shapes only. How they come out of TOML is ``dialect`` and ``dialect_build``; what is done
with them is the mapping's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from switch.model.settings import DialectPolicy
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.wire.framing import Framing
from switch.wire.layout import Layout, Part

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meaning lives: a whole field, or its characters ``start`` to ``stop`` (``stop`` 0:
    the whole).
    """

    field: str
    start: int = 0
    stop: int = 0

    @property
    def whole(self) -> bool:
        """Whether the meaning is all of the field."""
        return not self.stop


@dataclass(frozen=True, slots=True)
class MessageRule:
    """What a message of one type must hold and what its answer echoes; field ids as texts.

    ``one_of``: of each group one field at least. ``needs``: where the first is present, the others
    must be. ``parts``: of the fields that are composed otherwise in this message than elsewhere.
    """

    type: str
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    needs: tuple[tuple[str, tuple[str, ...]], ...]
    echo: tuple[str, ...]
    places: Mapping[str, Place]
    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TransactionRule:
    """One line of the transaction table. ``when``: a field id and the beginnings that its value may
    have. ``present``: what must hold something besides zeros and spaces.

    ``optional`` lifts required fields of the message, any of ``instead`` satisfies each of its
    ``one_of``. ``amount_remains``: a partial reversal whose
    amount is what is left, with the original amount beside it (1993). ``send`` is what a terminal
    puts in, by field id.
    """

    name: str
    messages: tuple[str, ...]
    kind: Kind
    when: tuple[tuple[str, tuple[str, ...]], ...]
    present: tuple[Place, ...]
    flow: Flow | None
    captures: bool
    optional: frozenset[str]
    instead: tuple[str, ...]
    amount_remains: bool
    send: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Names of the parts of the three identities, in order; all but the answer match are led by the
    terminal's id.

    ``original_kinds``: only these kinds point at an original (empty: any message that carries the
    parts); ``original_of``: kinds that do so by other parts. ``answer_match``: the numbers of the
    fields by which whoever asked knows the answer as his.
    """

    request_key: tuple[str, ...] = ()
    unchanging: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    original: tuple[str, ...] = ()
    original_kinds: frozenset[Kind] = frozenset()
    original_of: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    answer_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryModes:
    """Codes at characters ``start`` to ``stop`` of the entry mode element; templates are what a
    terminal sends else.
    """

    start: int
    stop: int
    template: str
    with_pin: str
    codes: Mapping[str, EntryMode]


@dataclass(frozen=True, slots=True)
class AmountTypes:
    """Types of additional amounts (DE 54); ``original`` empty: not told there."""

    balance: str = "02"
    cash: str = "40"
    tip: str = "44"
    original: str = ""


@dataclass(frozen=True, slots=True)
class Indicators:
    """Letters of a terminal: it takes partial approvals, more completions follow, this upload is
    the last.
    """

    partial: str = "P"
    more: str = "M"
    last: str = "L"


@dataclass(frozen=True, slots=True)
class MacRule:
    """How messages are authenticated. ``scheme`` is a name of the key room's, empty: none is said.

    What a MAC covers begins with the TPDU, with the header or with the message type (``covers``)
    and goes up to the MAC field, whose bit in the bitmap is ``set`` or ``cleared``; the field is
    ``left-out``, or stands there as ``zeros``. ``text``: the field holds the MAC's hex characters
    (upper case), not its bytes.
    """

    scheme: str = ""
    covers: str = "message"
    bit: str = "set"
    field: str = "left-out"
    text: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect, whole. ``places`` by meaning; ``words`` by meaning and code, for people.

    ``mac_fields``: the last one of a message's bitmaps carries its MAC (64, or 128 with a secondary
    bitmap).
    """

    name: str
    title: str
    layout: Layout
    framing: Framing = field(default_factory=Framing)
    policy: DialectPolicy = field(default_factory=lambda: DialectPolicy(""))
    reading_only: bool = False
    version: str = "0"
    places: Mapping[str, Place] = field(default_factory=dict)
    mac_fields: tuple[str, ...] = ()
    mac: MacRule = MacRule()
    messages: Mapping[str, MessageRule] = field(default_factory=dict)
    echo: tuple[str, ...] = ()
    transactions: tuple[TransactionRule, ...] = ()
    identity: Identity = field(default_factory=Identity)
    entry_modes: EntryModes | None = None
    responses: Mapping[Reason, str] = field(default_factory=dict)
    responses_for: Mapping[Kind, Mapping[Reason, str]] = field(default_factory=dict)
    currency_letters: bool = False
    host_time: bool = False
    amount_types: AmountTypes = AmountTypes()
    indicators: Indicators = Indicators()
    settlement_codes: Mapping[Reason, str] = field(default_factory=dict)
    settlement_error: str = "3"
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def field_name(self, number: int | str) -> str:
        """The standard's name of a field, empty where the dialect does not know it."""
        text = str(number)
        found = self.layout.fields.get(int(text)) if text.isascii() and text.isdecimal() else None
        return "" if found is None else found.name

    def meaning_of(self, number: int | str) -> str:
        """The semantic name of a field (``pan``), empty where it has none."""
        wanted = str(number)
        if wanted in self.mac_fields:
            return "mac"
        return next(
            (name for name, place in self.places.items() if place.field == wanted and place.whole),
            "",
        )

    def meanings_at(self, places: Iterable[Place]) -> list[str]:
        """The semantic names of places."""
        wanted = set(places)
        return [name for name, place in self.places.items() if place in wanted]

    def in_words(self, meaning: str, code: str) -> str:
        """A code of the field with that meaning in words; the longest known beginning counts.
        Empty: unknown.

        The two first digits of a processing code say what it is about, so ``000000`` is found under
        ``00``.
        """
        table = self.words.get(meaning, EMPTY)
        return next((table[code[:k]] for k in range(len(code), 0, -1) if code[:k] in table), "")
