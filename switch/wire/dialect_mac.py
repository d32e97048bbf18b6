"""The section ``[mac]`` of a dialect file: how its messages are authenticated.

Owns what this section and the others must agree about. Refuses to know the schemes that it names:
they are the key room's.
"""

from __future__ import annotations

from collections.abc import Iterator

from switch.wire.dialect_data import MacRule
from switch.wire.dialect_model import DialectFile, MacSection
from switch.wire.dialect_places import Mistake
from switch.wire.framing import Tpdu
from switch.wire.map_message import answer_to, repeat_of
from switch.wire.notation import parse_as


def mac_rule(file: DialectFile) -> MacRule:
    """How a MAC is made here. Raises :class:`Mistake`."""
    bearing = [number for number, field in file.fields.items() if field.means == "mac"]
    for number in () if file.reading_only else bearing:
        if parse_as(file.fields[number].as_).length_digits:
            reason = "a MAC is put in afterwards, so its field has a fixed length, such as b8"
            raise Mistake(("fields", number, "as"), reason)
    section = file.mac
    if section is None:
        return MacRule()
    for key, reason in _contradictions(file, section, bearing):
        raise Mistake(("mac", key), reason)
    return MacRule(section.scheme, section.covers, section.bit, section.field, section.text)


def macs_of(file: DialectFile) -> frozenset[str]:
    """Every message type that bears a MAC: with repeats and answers."""
    bases = () if file.mac is None else file.mac.messages
    asked = {mti for base in bases for mti in (base, repeat_of(base))}
    return frozenset(asked | {answer_to(mti) for mti in asked})


def _contradictions(
    file: DialectFile, section: MacSection, bearing: list[str]
) -> Iterator[tuple[str, str]]:
    """Keys of the section and what is wrong with them."""
    if not bearing:
        yield "scheme", "no field of this dialect means mac"
    for message in section.messages:
        if message not in file.messages:
            yield "messages", f"there is no message {message}"
    if section.covers == "tpdu" and file.framing.tpdu is Tpdu.NONE:
        yield "covers", "this dialect has no TPDU ([framing] tpdu)"
    if section.covers == "header" and not file.framing.header_bytes and file.header is None:
        yield "covers", "this dialect has no header ([framing] header_bytes)"
