"""The terminal's voice: what cannot be said is refused, what is secret stays so."""

from __future__ import annotations

import pytest

from switch.errors import EncodeError
from switch.model.copies import replace
from switch.model.words import Kind
from switch.values import CardVerification
from switch.wire.dialect import load_dialect
from tests.wire_messages import CODECS, MAPPERS, SALE_87, SPEAKING, sale


def test_what_a_dialect_cannot_say() -> None:
    """No message for a kind, values that do not fit, a foreign original: EncodeError."""
    mapper = MAPPERS["iso87-ascii"]
    request = replace(mapper.request(SALE_87), kind=Kind.TIP_ADJUST)
    with pytest.raises(EncodeError, match="no request for tip_adjust"):
        mapper.compose(request)
    with pytest.raises(EncodeError, match="longer than its field"):
        mapper.compose(replace(mapper.request(SALE_87), terminal_id="TERMINAL9"))
    reversal = replace(mapper.request(SALE_87), kind=Kind.REVERSAL, original="DEMO0001|000123")
    with pytest.raises(EncodeError, match="other parts"):
        mapper.compose(reversal)


@pytest.mark.parametrize("name", SPEAKING)
def test_a_card_verification_code_travels_and_is_never_shown(name: str) -> None:
    """SR-SAD-01: DE 126 reaches the core typed; the field is one that is covered wherever it is
    printed, and no answer takes it back.
    """
    mapper = MAPPERS[name]
    request = replace(mapper.request(sale(name)), card_verification=CardVerification("987"))
    fields = mapper.compose(request)
    heard = mapper.request(CODECS[name].decode(CODECS[name].encode(fields)))
    assert heard.card_verification == request.card_verification
    assert "987" not in repr(heard)
    dialect = load_dialect(name)
    number = dialect.places["card_verification"].field
    assert fields[number] == "987"
    assert dialect.layout.fields[int(number)].sensitive
    assert all(number not in rule.echo for rule in dialect.messages.values())
