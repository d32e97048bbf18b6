"""The hash chain: what it is made of, and that it finds what it should."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.store.journal import GENESIS, chain_faults, link
from switch.store.port import JournalRow


def chain(bodies: list[bytes], writer: str = "1") -> list[JournalRow]:
    """A sound journal with these bodies."""
    rows: list[JournalRow] = []
    head = GENESIS
    for sequence, body in enumerate(bodies, 1):
        rows.append(JournalRow(sequence, writer, head, link(head, body), body))
        head = rows[-1].hash
    return rows


def test_link_is_what_its_docstring_says() -> None:
    """Computed here from SHA-256 alone, so that others can check a journal without our code."""
    leaf = sha256(b"\x00" + b"body").digest()
    assert link(GENESIS, b"body") == sha256(b"\x01" + bytes(32) + leaf).digest()


def test_a_sound_chain_has_no_faults() -> None:
    """An empty journal is sound, too."""
    assert list(chain_faults([])) == []
    assert list(chain_faults(chain([b"a", b"b", b"c"]))) == []


def test_writers_have_chains_of_their_own() -> None:
    """Rows of two writers interleave; each continues its own head."""
    first = JournalRow(1, "1", GENESIS, link(GENESIS, b"a"), b"a")
    other = JournalRow(2, "2", GENESIS, link(GENESIS, b"b"), b"b")
    last = JournalRow(3, "1", first.hash, link(first.hash, b"c"), b"c")
    assert list(chain_faults([first, other, last])) == []
    crossed = replace(last, previous=other.hash, hash=link(other.hash, b"c"))
    assert list(chain_faults([first, other, crossed])) != []


@given(
    bodies=st.lists(st.binary(max_size=8), min_size=3, max_size=6),
    data=st.data(),
)
def test_every_damage_but_a_cut_tail_is_found_at_its_row(
    bodies: list[bytes], data: st.DataObject
) -> None:
    """A changed, removed, inserted or swapped row is named; the tail is for ``verify`` to miss."""
    rows = chain(bodies)
    at = data.draw(st.integers(0, len(rows) - 2))
    damage = data.draw(st.sampled_from(["body", "hash", "remove", "insert", "swap"]))
    match damage:
        case "body":
            rows[at] = replace(rows[at], body=rows[at].body + b"!")
        case "hash":
            rows[at] = replace(rows[at], hash=bytes(32))
        case "remove":
            del rows[at]
        case "insert":
            rows.insert(at, replace(rows[at], body=b"forged"))
        case _:
            rows[at], rows[at + 1] = rows[at + 1], rows[at]
    faults = list(chain_faults(rows))
    assert faults
    assert f"row {at + 1}" in faults[0] or f"row {at + 2}" in faults[0]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_row_that_was_made_anew_breaks_the_next(at: int) -> None:
    """Whoever changes a body and its hash as well must change every row after it."""
    rows = chain([b"a", b"b", b"c", b"d"])
    rows[at] = replace(rows[at], body=b"x", hash=link(rows[at].previous, b"x"))
    assert list(chain_faults(rows)) == [
        f"journal: row {at + 2} is not chained to the row before it"
    ]
