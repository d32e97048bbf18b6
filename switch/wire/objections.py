"""What a switch of the dialect would object to in a message that reads well: fields that are
missing, a message or a value that cannot be.

Owns the place of each objection in the buffer; what is objected to is decided by the mapping.
"""

from __future__ import annotations

import re
from typing import Final

from switch.errors import Fault
from switch.wire.dialect_data import Dialect
from switch.wire.explain import Explanation
from switch.wire.mapping import Mapper

_FIELD: Final = re.compile(r"field ([0-9]+)")


def objections(found: Explanation, dialect: Dialect) -> tuple[Fault, ...]:
    """What would be objected to, in the shape of faults; nothing for answers and broken messages.

    A missing field is placed where the message ends.
    """
    if not found.whole or dialect.reading_only:
        return ()
    places = {element.id: found.base + element.data_offset for element in found.reading.elements}
    doubted = {doubt.field for doubt in found.warnings}
    out = []
    for problem in Mapper(dialect).request(found.reading.fields).problems:
        match = _FIELD.match(problem.place)
        number = match[1] if match is not None else "t"
        if number not in doubted:
            at = places.get(number, found.consumed)
            element = "t" if number == "t" else f"{number}.data"
            out.append(Fault(number, element, at, at, f"a switch would object: {problem.said}"))
    return tuple(out)
