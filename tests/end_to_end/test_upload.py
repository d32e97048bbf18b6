"""A close out of balance, item by item: all that is uploaded may come twice, and late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.words import Kind
from switch_tools.terminal_engine import Settled, VirtualTerminal
from switch_tools.terminal_outcome import Outcome
from switch_tools.terminal_wrong import Wrong, claim_wrongly
from tests.end_to_end.tills import CARDS, asked, till, usd

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

UPLOADING = ("iso87-ascii", "hypercom")
WITHOUT = ("iso93-ascii", "iso93-binary")


async def _wrongly_settled(device: VirtualTerminal) -> Settled:
    """Three sales; the terminal loses the first, has 25.00 for the second, and one of 7.50 that
    never was."""
    bought = [await device.purchase(CARDS["visa"], usd(one)) for one in ("10.00", "20.00", "30.00")]
    first, second, _ = (one.entry.stan for one in bought)
    wrong = Wrong(
        forgotten=[first],
        amounts=[(second, usd("25.00"))],
        extra=[usd("7.50")],
        card=CARDS["visa"],
    )
    claim_wrongly(device, wrong)
    return await device.settle()


def _codes(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [one.heard.code for one in outcomes if one.heard is not None]


def _shown(host: HostProcess, device: VirtualTerminal) -> Any:
    return asked(host, "batches", "show", f"{device.identity.terminal_id}/1")


@pytest.mark.parametrize("dialect", UPLOADING)
async def test_uploading_twice_changes_nothing(town: HostProcess, dialect: str) -> None:
    """M-35, INV-52, must-show 5: close, uploads and second close all arrive twice, and again when
    the batch is closed: the three differences by class and rule, each once."""
    device = till(town, dialect, twice=True)
    settled = await _wrongly_settled(device)
    assert _codes(settled.closes) == ["95", "00"]
    assert _codes(settled.uploads) == ["00", "00", "00"]
    assert settled.closed

    told = _shown(town, device)
    assert {
        (one["class"], one["difference"]["minor"], one["rule"]) for one in told["differences"]
    } == {
        ("missing_at_host", 750, "suspense"),
        ("missing_at_terminal", -1_000, "suspense"),
        ("amount_differs", 500, "suspense"),
    }
    assert len(told["differences"]) == len(told["uploaded"]) == 3
    assert [one["kind"] for one in told["postings"]] == ["difference"] * 3 + ["settlement"]

    for entry in [one.entry for one in (*settled.uploads, *settled.closes[1:])]:
        again = await device.repeat(entry.stan, entry.sent.kind)
        assert again.heard is not None
        assert again.heard.code == "00"
    assert _shown(town, device) == told
    await device.close()


@pytest.mark.parametrize("dialect", WITHOUT)
async def test_where_there_is_no_upload_the_same_stated_twice_closes(
    town: HostProcess, dialect: str
) -> None:
    """INV-53, must-show 5: 1993 answers 501 (reconciled, out of balance), and the terminal states
    its totals once more; the difference is posted as a whole, once whatever arrives twice."""
    device = till(town, dialect, twice=True)
    settled = await _wrongly_settled(device)
    assert _codes(settled.closes) == ["501", "500"]
    assert settled.uploads == ()
    assert settled.closed
    told = _shown(town, device)
    (one,) = told["differences"]
    assert (one["class"], one["difference"]["minor"], one["rule"]) == (
        "totals_differ",
        250,
        "suspense",
    )
    assert told["uploaded"] == []

    again = await device.repeat(settled.close.stan, Kind.RECONCILIATION)
    assert again.heard is not None
    assert again.heard.code == "500"
    assert _shown(town, device) == told
    await device.close()
