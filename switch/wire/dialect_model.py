"""The shape of a dialect file: every key that a TOML dialect may have, checked by pydantic.

Owns names, types and patterns, so that nothing hostile comes further than here. What lies between
keys (an echoed field that does not exist, a code for a reason that is missing) is checked by
``dialect_build``.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from switch.model.settings import CHECK_NAMES
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.wire.codings import text_coding
from switch.wire.framing import KeepAlive, LengthKind, Tpdu
from switch.wire.layout import Coding, SubKind
from switch.wire.notation import parse_as
from switch.wire.semantics import MEANINGS


def _notation(text: str) -> str:
    parse_as(text)
    return text


def _meaning(name: str) -> str:
    if name not in MEANINGS:
        raise ValueError(f"unknown meaning {name[:40]!r}: see specs/README.md for the names")
    return name


def _text_coding(name: str) -> str:
    if name == "ebcdic":
        return Coding.EBCDIC.value
    try:
        return text_coding(name).name
    except LookupError as failure:
        raise ValueError(str(failure)) from None


def _printable(text: str) -> str:
    # Neither control characters nor marks that turn the direction of writing are printable.
    if not text.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return text


def _mac_scheme(name: str) -> str:
    if not _MAC_SCHEME.fullmatch(name):
        raise ValueError("name a way of making MACs, such as x9.19, x9.19/2 (padding), x9.19:4")
    return name


def _kind_or_network(name: str) -> str:
    if name != "network":
        Kind(name)
    return name


# What the names mean is the key room's; the wire knows how they look.
_MAC_SCHEME: Final = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+){0,5}(/[1-9])?(:[1-9][0-9]?)?")

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Title = Annotated[str, AfterValidator(_printable), Field(max_length=120)]
RuleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Number = Annotated[str, Field(pattern=r"^([2-9]|[1-9][0-9]|1[0-8][0-9]|19[0-2])$")]
FieldNumber = Annotated[int, Field(ge=2, le=192)]
MessageType = Annotated[str, Field(pattern=r"^[0-9][1-9][02468][024]$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,12}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,4}$")]
As = Annotated[str, AfterValidator(_notation)]
Means = Annotated[str, AfterValidator(_meaning)]
TextCoding = Annotated[str, AfterValidator(_text_coding)]
MacScheme = Annotated[str, AfterValidator(_mac_scheme)]
KindOrNetwork = Annotated[str, AfterValidator(_kind_or_network)]
AmountType = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
Letter = Annotated[str, Field(pattern=r"^[A-Z]$")]
Pads = Annotated[str, Field(pattern=r"^[0-9A-F]{1,4}$")]
PartId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,8}$")]
Loose = Field(strict=False)


class Section(BaseModel):
    """Base: unknown keys are mistakes, and ``"1"`` is not ``1``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class FramingSection(Section):
    """How messages are cut out of the stream (``switch.wire.framing.Framing``)."""

    length: Annotated[LengthKind | None, Loose] = LengthKind.BINARY_2
    inclusive: bool = False
    tpdu: Annotated[Tpdu, Loose] = Tpdu.NONE
    header_bytes: Annotated[int, Field(ge=0, le=64)] = 0
    header: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}){0,64}$")] = ""
    stx: bool = False
    keepalive: Annotated[KeepAlive, Loose] = KeepAlive.REFUSE
    limit_bytes: Annotated[int, Field(ge=16, le=1_000_000)] = 8192


class EncodingSection(Section):
    """How message type, bitmaps, digits, texts, lengths and bytes are written, where a field does
    not say otherwise.
    """

    message_type: Literal["text", "packed"] = "text"
    bitmap: Literal["hex", "binary"] = "hex"
    text: TextCoding = "ascii"
    numeric: Literal["text", "packed"] = "text"
    length: Literal["text", "packed", "binary"] = "text"
    binary: Literal["hex", "raw"] = "hex"
    track: Literal["text", "packed"] = "text"
    pad_fixed: Literal["left", "right"] = "left"
    pad_variable: Literal["left", "right"] = "right"
    pads_fixed: Pads = "0"
    pads_variable: Pads = "0F"


class BitmapSection(Section):
    """Shapes of bitmaps beyond the plain one (``switch.wire.layout.BitmapLayout``)."""

    fixed_16: bool = False
    always_secondary: bool = False
    lower_case: bool = False
    tertiary: Literal["none", "65", "in-place"] = "none"
    tertiary_width: Annotated[int, Field(ge=8, le=64)] = 16


class PartSection(Section):
    """One part of a composite field, or one known tag of it."""

    id: PartId = ""
    as_: As = Field(alias="as")
    name: Title = ""
    means: Means = ""


class InsideSection(Section):
    """How a composite field is built (``switch.wire.layout.SubLayout``)."""

    kind: Annotated[SubKind, Loose]
    tag_width: Annotated[int, Field(ge=0, le=8)] = 0
    length_width: Annotated[int, Field(ge=0, le=4)] = 0
    bitmap_bytes: Annotated[int, Field(ge=1, le=16)] = 8
    binary: bool | None = None
    repeat: bool = False
    lenient: bool = False
    parts: tuple[PartSection, ...] = Field(default=(), strict=False, max_length=200)


class FieldSection(Section):
    """One data element. ``numeric``, ``text``, ``binary``, ``length``, ``pad``, ``pads`` override
    ``[encoding]``.
    """

    as_: As = Field(alias="as")
    name: Title = ""
    means: Means = ""
    numeric: Literal["text", "packed"] | None = None
    track: Literal["text", "packed"] | None = None
    text: TextCoding | None = None
    binary: Literal["hex", "raw"] | None = None
    length: Literal["text", "packed", "binary"] | None = None
    pad: Literal["left", "right"] | None = None
    pads: Pads | None = None
    inside: InsideSection | None = None


class HeaderSection(Section):
    """A header between framing and message type."""

    as_: As = Field(alias="as")
    name: Title = "header"
    text: TextCoding | None = None


class MessageSection(Section):
    """What a message must hold and what its answer echoes. ``like`` takes over what is not said
    here. ``means`` and ``parts``: what a field means in this message only, whole or part by part.
    """

    like: MessageType | None = None
    required: tuple[FieldNumber, ...] | None = Field(default=None, strict=False)
    one_of: tuple[Annotated[tuple[FieldNumber, ...], Loose], ...] | None = Field(
        default=None, strict=False
    )
    needs: dict[Number, Annotated[tuple[FieldNumber, ...], Loose]] | None = None
    echo: tuple[FieldNumber, ...] | None = Field(default=None, strict=False)
    means: dict[Number, Means] | None = None
    parts: dict[Number, Annotated[tuple[PartSection, ...], Loose]] | None = None


class TransactionSection(Section):
    """One line of the transaction table: these messages with these codes are this kind of
    transaction.
    """

    messages: tuple[MessageType, ...] = Field(strict=False, min_length=1)
    kind: Annotated[Kind, Loose]
    when: dict[Means, Digits | Annotated[tuple[Digits, ...], Loose]] = {}
    with_: tuple[Means, ...] = Field(default=(), alias="with", strict=False, max_length=8)
    flow: Annotated[Flow | None, Loose] = None
    captures: bool = False
    optional: tuple[FieldNumber, ...] = Field(default=(), strict=False)
    instead: tuple[FieldNumber, ...] = Field(default=(), strict=False)
    amount_is: Literal["asked", "remaining"] = "asked"
    send: dict[Means, Digits] = {}


IdentityName = Literal[
    "acquirer_id",
    "merchant_id",
    "message",
    "stan",
    "local_time",
    "local_date",
    "transmitted_at",
    "rrn",
    "invoice",
    "batch_number",
    "original_message",
    "original_stan",
    "original_transmitted_at",
    "original_local_time",
]


class IdentitySection(Section):
    """The three identities, and what must not change under one key (INV-10, INV-12)."""

    request_key: tuple[IdentityName, ...] = Field(strict=False, min_length=2)
    unchanging: tuple[Means, ...] = Field(strict=False)
    reference: tuple[IdentityName, ...] = Field(strict=False, min_length=1)
    original: tuple[IdentityName, ...] = Field(strict=False, min_length=1)
    original_kinds: tuple[Annotated[Kind, Loose], ...] = Field(default=(), strict=False)
    original_of: dict[Annotated[Kind, Loose], Annotated[tuple[IdentityName, ...], Loose]] = {}
    answer_match: tuple[Means, ...] = Field(strict=False, min_length=1)


class EntryModeSection(Section):
    """Where the entry mode stands in its element and what its codes mean; ``template`` is what a
    terminal sends else.
    """

    at: Annotated[int, Field(ge=1, le=12)] = 1
    width: Annotated[int, Field(ge=1, le=2)] = 2
    template: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{3,16}$")]
    with_pin: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{3,16}$")]
    codes: dict[Annotated[str, Field(pattern=r"^[A-Z0-9]{1,2}$")], Annotated[EntryMode, Loose]]


class AnswerSection(Section):
    """What answers carry besides echoes."""

    host_time: bool = False
    balance_type: AmountType = "02"


class AmountTypesSection(Section):
    """Types of the amounts in ``amounts_more`` (DE 54). ``original``: of a partial approval, what
    was asked for; empty: it is not told there.
    """

    cash: AmountType = "40"
    tip: AmountType = "44"
    original: Annotated[str, Field(pattern=r"^([0-9]{2})?$")] = ""


class IndicatorSection(Section):
    """Letters in the element ``indicators``, which counts only where it holds nothing but them."""

    partial: Letter = "P"
    more: Letter = "M"
    last: Letter = "L"


class SettlementCodeSection(Section):
    """What ``settlement_code`` says in the answer to a reconciliation (1987: DE 66)."""

    in_balance: Digits = "1"
    out_of_balance: Digits = "2"
    error: Digits = "3"


class CurrencySection(Section):
    """How a currency is written: as ISO 4217 number, or in letters. Both are read."""

    letters: bool = False


class MacSection(Section):
    """How messages are authenticated (``switch.wire.dialect_data.MacRule``), and which types bear a
    MAC.
    """

    scheme: MacScheme
    covers: Literal["message", "header", "tpdu"] = "message"
    bit: Literal["set", "cleared"] = "set"
    field: Literal["left-out", "zeros"] = "left-out"
    text: bool = False
    messages: tuple[MessageType, ...] = Field(default=(), strict=False)


class PolicySection(Section):
    """Named behaviour of the core (``switch.model.settings.DialectPolicy``) and of reconciliation
    (INV-53).
    """

    checks: tuple[str, ...] = Field(default=CHECK_NAMES, strict=False, max_length=40)
    signon_required: bool = False
    missing_original: Literal["approved.no_original", "not_found"] = "approved.no_original"
    failed_delivery_reverses: bool = False
    totals: Literal["none", "iso-74-97", "hypercom-63"] = "none"


class DialectFile(Section):
    """A whole dialect, overlays laid on."""

    title: Title
    version: Annotated[str, Field(pattern=r"^[01289]$")] = "0"
    reading_only: bool = False
    framing: FramingSection = FramingSection()
    encoding: EncodingSection = EncodingSection()
    bitmap: BitmapSection = BitmapSection()
    header: HeaderSection | None = None
    fields: dict[Number, FieldSection]
    messages: dict[MessageType, MessageSection] = {}
    echo: tuple[FieldNumber, ...] = Field(default=(), strict=False)
    transactions: dict[RuleName, TransactionSection] = {}
    identity: IdentitySection | None = None
    entry_mode: EntryModeSection | None = None
    currency: CurrencySection = CurrencySection()
    answer: AnswerSection = AnswerSection()
    amount_types: AmountTypesSection = AmountTypesSection()
    indicators: IndicatorSection = IndicatorSection()
    settlement_codes: SettlementCodeSection = SettlementCodeSection()
    mac: MacSection | None = None
    policy: PolicySection = PolicySection()
    responses: dict[Annotated[Reason, Loose], Code] = {}
    responses_for: dict[KindOrNetwork, dict[Annotated[Reason, Loose], Code]] = {}
    words: dict[Means, dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$")], Title]] = {}
