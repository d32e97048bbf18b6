"""From a checked dialect file to a dialect: resolves names, and refuses what contradicts itself.

Owns the rules that lie between keys: a field that is echoed exists, each reason has a code, what is
sensitive bears its name. A refusal is a ``Mistake`` with the key path, so that the loader can say
file and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from switch.errors import ConfigError
from switch.model.settings import DialectPolicy, order_faults
from switch.model.words import Kind, Reason
from switch.wire.dialect_data import (
    AmountTypes,
    Dialect,
    EntryModes,
    Identity,
    Indicators,
    MessageRule,
    Place,
    TransactionRule,
)
from switch.wire.dialect_layout import field_layout, layout_of, parts_of
from switch.wire.dialect_mac import mac_rule, macs_of
from switch.wire.dialect_model import (
    DialectFile,
    MessageSection,
    SettlementCodeSection,
    TransactionSection,
)
from switch.wire.dialect_places import Mistake, Path, field_of, message_places, places_of
from switch.wire.framing import Framing
from switch.wire.layout import Layout, Part
from switch.wire.notation import parse_as
from switch.wire.soundness import check_layout

__all__ = ["Mistake", "build"]

_NEEDED: Final = (
    "stan",
    "terminal_id",
    "merchant_id",
    "processing_code",
    "response_code",
    "amount",
)


def build(name: str, file: DialectFile) -> Dialect:
    """The dialect. Raises :class:`Mistake`."""
    layout = _layout(name, file)
    places = places_of(file)
    messages = {} if file.reading_only else _messages(file, places)
    dialect = Dialect(
        name=name,
        title=file.title,
        layout=layout,
        framing=_framing(file),
        policy=DialectPolicy(
            name,
            checks=file.policy.checks,
            signon_required=file.policy.signon_required,
            missing_original=file.policy.missing_original,
            failed_delivery_reverses=file.policy.failed_delivery_reverses,
            totals=file.policy.totals,
            upload=any(section.kind is Kind.BATCH_UPLOAD for section in file.transactions.values()),
            macs=macs_of(file),
        ),
        reading_only=file.reading_only,
        version=file.version,
        places=places,
        mac_fields=tuple(
            sorted((k for k, field in file.fields.items() if field.means == "mac"), key=int)
        ),
        mac=mac_rule(file),
        messages=messages,
        echo=_ids(file.echo),
        transactions=tuple(_transactions(file, places)) if messages else (),
        identity=_identity(file, places),
        entry_modes=_entry_modes(file, places),
        responses=dict(file.responses),
        responses_for=_responses_for(file),
        currency_letters=file.currency.letters,
        host_time=file.answer.host_time,
        amount_types=AmountTypes(
            file.answer.balance_type,
            file.amount_types.cash,
            file.amount_types.tip,
            file.amount_types.original,
        ),
        indicators=Indicators(file.indicators.partial, file.indicators.more, file.indicators.last),
        settlement_codes=_settlement_codes(file.settlement_codes),
        settlement_error=file.settlement_codes.error,
        words={meaning: dict(table) for meaning, table in file.words.items()},
    )
    for path, reason in _contradictions(file, dialect):
        raise Mistake(path, reason)
    return dialect


def _layout(name: str, file: DialectFile) -> Layout:
    for number, section in file.fields.items():
        try:
            field_layout(number, section, file.encoding)
        except ValueError as failure:
            raise Mistake(("fields", number), str(failure)) from None
    layout = layout_of(name, file)
    try:
        check_layout(layout)
    except ConfigError as failure:
        _, _, place = failure.where.rpartition(", ")
        number = place.removeprefix("field ")
        path = ("fields", number) if number in file.fields else ("bitmap",)
        raise Mistake(path, f"{place}: {failure.reason}") from None
    return layout


def _framing(file: DialectFile) -> Framing:
    section = file.framing
    try:
        return Framing(
            length=section.length,
            inclusive=section.inclusive,
            tpdu=section.tpdu,
            header_bytes=section.header_bytes,
            header=section.header,
            stx=section.stx,
            keepalive=section.keepalive,
            limit_bytes=section.limit_bytes,
        )
    except ConfigError as failure:
        raise Mistake(("framing",), failure.reason) from None


def _ids(numbers: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(str(number) for number in numbers)


# -- messages and transactions


def _messages(file: DialectFile, places: Mapping[str, Place]) -> dict[str, MessageRule]:
    return {kind: _message(file, kind, places) for kind in file.messages}


def _message(file: DialectFile, kind: str, places: Mapping[str, Place]) -> MessageRule:
    path = ("messages", kind)
    section = _inherited(file, kind)
    _known(file, (*path, "means"), tuple(map(int, section.means or ())))
    _known(file, (*path, "parts"), tuple(map(int, section.parts or ())))
    for name, numbers in (("required", section.required), ("echo", section.echo)):
        _known(file, (*path, name), numbers or ())
    for group in section.one_of or ():
        _known(file, (*path, "one_of"), group)
    for number, needed in (section.needs or {}).items():
        _known(file, (*path, "needs"), (int(number), *needed))
    echo = file.echo if section.echo is None else section.echo
    return MessageRule(
        type=kind,
        required=_ids(section.required or ()),
        one_of=tuple(_ids(group) for group in section.one_of or ()),
        needs=tuple((number, _ids(more)) for number, more in (section.needs or {}).items()),
        echo=_ids(echo),
        places=message_places(file, path, section, places),
        parts=_parts(section),
    )


def _parts(section: MessageSection) -> dict[str, tuple[Part, ...]]:
    return {number: parts_of(parts) for number, parts in (section.parts or {}).items()}


def _inherited(file: DialectFile, kind: str) -> MessageSection:
    """The section with what ``like`` gives it, at any distance."""
    section, seen = file.messages[kind], {kind}
    while section.like is not None:
        parent = file.messages.get(section.like)
        if parent is None or section.like in seen:
            raise Mistake(("messages", kind, "like"), f"there is no other message {section.like}")
        seen.add(section.like)
        given = {name: getattr(section, name) for name in MessageSection.model_fields}
        merged = {
            name: getattr(parent, name) if value is None else value for name, value in given.items()
        }
        section = MessageSection.model_construct(**{**merged, "like": parent.like})
    return section


def _known(file: DialectFile, path: Path, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        if str(number) not in file.fields:
            raise Mistake(path, f"there is no field {number}")


def _transactions(file: DialectFile, places: Mapping[str, Place]) -> Iterator[TransactionRule]:
    for name, section in file.transactions.items():
        yield _transaction(file, name, section, places)


def _transaction(
    file: DialectFile, name: str, section: TransactionSection, places: Mapping[str, Place]
) -> TransactionRule:
    path = ("transactions", name)
    for message in section.messages:
        if message not in file.messages:
            raise Mistake((*path, "messages"), f"there is no message {message}")
    _known(file, (*path, "optional"), section.optional)
    _known(file, (*path, "instead"), section.instead)
    for meaning in section.with_:
        if meaning not in places:
            raise Mistake((*path, "with"), f"no field of this dialect means {meaning}")
    when = tuple(
        (
            field_of(places, (*path, "when"), meaning),
            (values,) if isinstance(values, str) else values,
        )
        for meaning, values in section.when.items()
    )
    send = {
        field_of(places, (*path, "send"), meaning): value for meaning, value in section.send.items()
    }
    return TransactionRule(
        name=name,
        messages=section.messages,
        kind=section.kind,
        when=when,
        present=tuple(places[meaning] for meaning in section.with_),
        flow=section.flow,
        captures=section.captures,
        optional=frozenset(_ids(section.optional)),
        instead=_ids(section.instead),
        amount_remains=section.amount_is == "remaining",
        send=send,
    )


# -- the rest


def _identity(file: DialectFile, places: Mapping[str, Place]) -> Identity:
    section = file.identity
    if section is None:
        return Identity()
    for name in ("request_key", "reference", "original"):
        for meaning in getattr(section, name):
            if meaning != "message" and meaning not in places:
                raise Mistake(("identity", name), f"no field of this dialect means {meaning}")
    for meaning in section.unchanging:
        field_of(places, ("identity", "unchanging"), meaning)
    if len(section.reference) != len(section.original):
        raise Mistake(("identity", "original"), "original must match reference part by part")
    for kind, names in section.original_of.items():
        # Parts of one message may have their places in that message only, so these are not asked.
        if len(section.reference) != len(names):
            path = ("identity", "original_of", kind.value)
            raise Mistake(path, "must match reference part by part")
    return Identity(
        answer_match=tuple(
            field_of(places, ("identity", "answer_match"), meaning)
            for meaning in section.answer_match
        ),
        request_key=section.request_key,
        unchanging=tuple(section.unchanging),
        reference=section.reference,
        original=section.original,
        original_kinds=frozenset(section.original_kinds),
        original_of=dict(section.original_of),
    )


def _settlement_codes(section: SettlementCodeSection) -> dict[Reason, str]:
    in_balance, out_of_balance = section.in_balance, section.out_of_balance
    return {Reason.APPROVED: in_balance, Reason.RECONCILE_MISMATCH: out_of_balance}


def _entry_modes(file: DialectFile, places: Mapping[str, Place]) -> EntryModes | None:
    section = file.entry_mode
    if section is None:
        return None
    path = ("entry_mode",)
    attribute = parse_as(file.fields[field_of(places, path, "entry_mode")].as_)
    start, stop = section.at - 1, section.at - 1 + section.width
    if len(section.template) != attribute.length or len(section.with_pin) != attribute.length:
        raise Mistake((*path, "template"), f"templates have {attribute.length} characters")
    if stop > attribute.length or any(len(code) != section.width for code in section.codes):
        raise Mistake((*path, "codes"), "the codes do not fit at and width")
    return EntryModes(start, stop, section.template, section.with_pin, dict(section.codes))


def _responses_for(file: DialectFile) -> dict[Kind, Mapping[Reason, str]]:
    tables: dict[Kind, Mapping[Reason, str]] = {}
    for name, table in file.responses_for.items():
        kinds = [kind for kind in Kind if kind.is_network] if name == "network" else [Kind(name)]
        for kind in kinds:
            tables[kind] = {**tables.get(kind, {}), **table}
    return tables


def _contradictions(file: DialectFile, dialect: Dialect) -> Iterator[tuple[Path, str]]:
    for number in dialect.echo:
        if number not in file.fields:
            yield ("echo",), f"there is no field {number}"
    if file.reading_only:
        return
    for meaning in _NEEDED:
        if meaning not in dialect.places:
            yield ("fields",), f"no field of this dialect means {meaning}"
    for name in ("identity", "entry_mode", "messages", "transactions"):
        if not getattr(file, name):
            yield (name,), f"[{name}] is missing (or say reading_only = true)"
    for kind in dialect.messages:
        if kind[0] != file.version:
            yield ("messages", kind), f"messages of version {file.version} begin with it"
    for said in order_faults(file.policy.checks):
        yield ("policy", "checks"), said
    yield from _codes(file, dialect)
    yield from _echoes(dialect)


def _codes(file: DialectFile, dialect: Dialect) -> Iterator[tuple[Path, str]]:
    for reason in Reason:
        if reason not in dialect.responses:
            yield ("responses",), f"there is no code for {reason.value}"
    length = parse_as(file.fields[dialect.places["response_code"].field].as_).length
    tables: list[tuple[Path, Mapping[Reason, str]]] = [(("responses",), file.responses)]
    tables += [(("responses_for", name), table) for name, table in file.responses_for.items()]
    for path, table in tables:
        for reason, code in table.items():
            if len(code) != length:
                yield (*path, reason.value), f"codes have {length} characters here"


def _echoes(dialect: Dialect) -> Iterator[tuple[Path, str]]:
    """Nothing that is sensitive goes back but the card number."""
    echoes: list[tuple[Path, tuple[str, ...]]] = [(("echo",), dialect.echo)]
    echoes += [(("messages", kind, "echo"), rule.echo) for kind, rule in dialect.messages.items()]
    for path, numbers in echoes:
        for number in numbers:
            sensitive = dialect.layout.fields[int(number)].sensitive
            if sensitive and dialect.meaning_of(number) != "pan":
                yield path, f"field {number} is sensitive and never echoed"
    for base, rule in dialect.messages.items():
        for number in sorted(set(dialect.identity.answer_match).difference(rule.echo), key=int):
            said = f"its answer must echo field {number}, by which it is known (answer_match)"
            yield ("messages", base, "echo"), said
