"""Working keys as text in the answer to a key exchange."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.errors import EncodeError
from switch.wire.key_data import HandedKey, key_text, keys_of

# TR-31 examples of X9.143 have this shape; neither is a key of anything.
BLOCK = "B0080P0TE00E0000" + "0123456789ABCDEF" * 4
roles = st.from_regex(r"[A-Z][A-Z0-9]{1,7}", fullmatch=True)


def _hexes(low: int, high: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=low, max_size=high).map(lambda data: data.hex().upper())


cryptograms = st.builds(HandedKey, roles, _hexes(8, 64), _hexes(2, 8))
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=";"))
blocks = st.builds(
    lambda role, version, more: HandedKey(role, f"{version}0016P0TE00E0000{more}"),
    roles,
    st.sampled_from("ABCD"),
    printable,
)


@given(st.lists(cryptograms | blocks, min_size=1, max_size=4))
def test_what_is_written_is_read(keys: list[HandedKey]) -> None:
    """Key blocks, whatever optional blocks they hold, and cryptograms with check values, in any
    order.
    """
    assert keys_of(key_text(keys)) == tuple(keys)


def test_both_notations() -> None:
    """As specs/README.md has them."""
    block = HandedKey("TPK", BLOCK)
    cryptogram = HandedKey("TAK", "F5A1C0" * 6 + "00112233445566778899AABBCCDD", "82E13665")
    text = key_text([block, cryptogram])
    assert text == f"TPK={BLOCK};TAK={cryptogram.value},82E13665"
    assert BLOCK not in repr(keys_of(text))
    assert cryptogram.value not in repr(keys_of(text))


@pytest.mark.parametrize(
    "key",
    [
        HandedKey("tpk", BLOCK),
        HandedKey("", BLOCK),
        HandedKey("TPK", BLOCK + ";"),
        HandedKey("TPK", BLOCK[:10]),
        HandedKey("TPK", "0011"),
        HandedKey("TPK", "0123456789abcdef", "0011"),
        HandedKey("TPK", "0123456789ABCDE", "0011"),
        HandedKey("TPK", "0123456789ABCDEF", "0"),
    ],
)
def test_what_cannot_be_written_is_refused_without_showing_it(key: HandedKey) -> None:
    """Roles in capitals, blocks that can be told from what follows, whole bytes."""
    with pytest.raises(EncodeError, match="can be written") as caught:
        key_text([key])
    assert key.value not in str(caught.value)


@settings(max_examples=200)
@given(st.text() | st.from_regex(r"[A-Z]{3}=[0-9A-F,;=]*"))
def test_any_text_is_keys_or_nothing(text: str) -> None:
    """What a host sends never raises; what is read can be written again."""
    keys = keys_of(text)
    assert not keys or key_text(keys) == text.rstrip()


@pytest.mark.parametrize("text", ["", "TPK", "TPK=", "TPK=12", f"TPK={BLOCK};", f"{BLOCK}"])
def test_other_texts_are_no_keys(text: str) -> None:
    """All or nothing: a terminal does not take half of an exchange."""
    assert keys_of(text) == ()
