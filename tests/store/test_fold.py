"""From changes to journal bodies: what the bodies hold and where the records stand in them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switch.model.records import Account
from switch.store.columns import SHELVES
from switch.store.fold import Folded, fold
from switch.store.journal import records_in
from switch.store.port import Change

_TEXTS = st.text(max_size=12)
_RECORDS = st.builds(lambda name, kind: Account(id=name, kind=kind, currency="840"), _TEXTS, _TEXTS)
_CHANGES = st.builds(
    Change,
    _TEXTS,
    st.integers(0, 2**53),
    st.lists(_RECORDS, max_size=4, unique_by=lambda r: r.id).map(tuple),
)


@given(change=_CHANGES)
def test_each_record_stands_where_it_is_said_to_stand(change: Change) -> None:
    """Offsets count bytes, so any text may be in front of a record."""
    folded = fold([change])
    assert isinstance(folded, Folded)
    (body,) = folded.bodies
    for newest in folded.newest.values():
        text = body[newest.start : newest.start + newest.length]
        assert SHELVES["account"].decode(text) == newest.record
    whole = json.loads(body)
    assert (whole["what"], whole["at_us"]) == (change.what, change.at_us)
    assert [found[1] for found in records_in(body)] == [record.id for record in change.records]


def test_a_body_is_json_without_white_space(make: Any) -> None:
    """Its exact bytes are part of the journal's format: they are hashed. What has its default is
    left out."""
    account = make.account("a", kind="k")
    folded = fold([Change("sale", 5, (account, account))])
    assert not isinstance(folded, Folded)  # twice the same version is a conflict
    folded = fold([Change("sale", 5, (account,))])
    assert isinstance(folded, Folded)
    (body,) = folded.bodies
    assert body == (
        b'{"what":"sale","at_us":5,"records":[["account",{"id":"a","kind":"k","currency":"840"}]]}'
    )
