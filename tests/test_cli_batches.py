"""``isoswitch batches`` and ``isoswitch terminals open`` over a store in which a day was closed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.cli_open import open_states
from switch.data_folder import STORE_NAME
from switch.model.records import Record
from switch.model.settings import DialectPolicy
from switch.model.words import Delivery, Kind
from switch.store.port import Change, Committed
from switch.store.sqlite import SqliteStore
from tests.core.closing import HYPERCOM, close, upload
from tests.core.conftest import Shop


class Kept(Shop):
    """A shop that remembers what it stored, commit by commit."""

    def __init__(self) -> None:
        self.commits: list[tuple[Record, ...]] = []
        super().__init__()

    def put(self, *records: Record) -> None:
        """Store, and remember."""
        super().put(*records)
        if records:
            self.commits.append(records)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Batch 1 closed with one missing, one extra, one differing item; batch 2 open, with a hold, an
    uncertain answer and a reversal that came first.
    """
    shop = Kept()
    shop.policy = DialectPolicy("test", totals="hypercom-63", upload=True)
    for number, minor in enumerate((1_000, 2_000, 3_000), 1):
        key = f"T1|K{number}"
        shop.ask(shop.purchase(key, minor, stan=f"00000{number}", rrn=f"RRN00000000{number}"))
        shop.deliver(key, Delivery.SENT)
    claim = HYPERCOM.format(3, 4_200)
    close(shop, "T1|S1", claim)
    upload(shop, "T1|U1", "T1|K1", 1_000, stan="000001")
    upload(shop, "T1|U2", "T1|K2", 2_500, stan="000002")
    upload(shop, "T1|U9", "GHOST", 700, stan="000077")
    close(shop, "T1|S2", claim)
    shop.ask(shop.purchase("T1|K4", 450, dialect="hypercom"))
    hold = shop.purchase("T1|H1", 800, kind=Kind.PREAUTH, captures=False, stan="000009")
    shop.ask(hold)
    shop.deliver("T1|H1", Delivery.SENT)
    shop.recover("T1|K4")
    shop.ask(shop.reversal("T1|R1", of="LATE"))
    with_store = SqliteStore(tmp_path / STORE_NAME)
    changes = [Change("test", 1, records) for records in shop.commits]
    assert isinstance(with_store.append(changes), Committed)
    with_store.close()
    return tmp_path


def said(*arguments: str) -> str:
    """What a command prints."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def told(data: Path, *arguments: str) -> Any:
    """What a command prints for programs."""
    return json.loads(said(*arguments, "--data", str(data), "--json"))


def test_the_list_tells_each_batch_once(data: Path) -> None:
    """Closed ones, and the current one as soon as anything is in it."""
    both = told(data, "batches")
    assert [(one["batch"], one["state"], one["differences"]) for one in both] == [
        ("T1|000001", "closed", 3),
        ("T1|000002", "open", 0),
    ]
    assert [one["net"] for one in both] == [
        [{"minor": 6_000, "currency": "USD", "amount": "60.00 USD"}],
        [{"minor": 450, "currency": "USD", "amount": "4.50 USD"}],
    ]
    assert [one["number"] for one in told(data, "batches", "--open")] == ["000002"]
    assert [one["number"] for one in told(data, "batches", "--closed")] == ["000001"]
    lines = said("batches", "--terminal", "T1", "--data", str(data)).splitlines()
    assert lines[1].startswith("T1/000001")
    assert lines[1].endswith("60.00 USD  3 differences")


def test_the_report_names_all_three_differences(data: Path) -> None:
    """M-35, must-show 5: each with its class, both sides, the rule and the posting."""
    one = told(data, "batches", "show", "T1/1")
    assert [
        (item["class"], item["stan"], item["claimed"]["minor"], item["counted"]["minor"])
        for item in one["differences"]
    ] == [
        ("missing_at_host", "", 700, 0),
        ("missing_at_terminal", "000003", 0, 3_000),
        ("amount_differs", "000002", 2_500, 2_000),
    ]
    posted = {posting["id"]: posting for posting in one["postings"]}
    for item in one["differences"]:
        entries = posted[item["posting"]]["entries"]
        assert sum(entry["minor"] for entry in entries) == 0
        assert item["difference"]["minor"] in [entry["minor"] for entry in entries]
    assert {"name": "sales_amount", "claimed": 4_200, "counted": 6_000} in one["totals"]
    assert [item["minor"] for item in one["items"]] == [1_000, 2_000, 3_000]
    page = said("batches", "show", "T1/000001", "--data", str(data))
    assert "missing at the host: ref-GHOST" in page
    assert "missing at the terminal: STAN 000003 RRN RRN000000003" in page
    assert "the amounts differ: STAN 000002 RRN RRN000000002" in page
    assert "difference 5.00 USD: posted to suspense" in page
    assert "  sales amount                             42.00 USD      60.00 USD  <" in page


def test_a_terminal_alone_means_its_current_batch(data: Path) -> None:
    """Counted as a close would count it now."""
    one = told(data, "batches", "show", "T1")
    assert (one["number"], one["state"], one["closed_by"]) == ("000002", "open", "")
    assert {"name": "sales_number", "claimed": None, "counted": 1} in one["totals"]
    page = said("batches", "show", "T1", "--data", str(data))
    assert page.startswith("batch T1/000002 of M1: open\n")


def test_positions_tell_what_is_settled_and_what_is_not(data: Path) -> None:
    """The net of closed batches is payable, the rest still the merchant's open account."""
    sums = {one["account"]: one["minor"] for one in told(data, "batches", "positions")}
    assert sums == {
        "merchant:M1:840": 450,
        "payable:M1:840": 6_000,
        "suspense:840": 700 - 3_000 + 500,
        "difference:840": -(700 - 3_000 + 500),
    }
    page = said("batches", "--data", str(data), "positions")
    assert "60.00 USD  payable M1: settled, to be paid out" in page
    assert json.loads(said("batches", "--json", "--data", str(data), "positions"))


def test_what_is_open_at_a_terminal(data: Path) -> None:
    """Its batch, its holds, answers nobody can vouch for, reversals that came first."""
    arguments = ["T1", "--data", str(data)]
    result = CliRunner().invoke(open_states, [*arguments, "--json"], catch_exceptions=False)
    states = json.loads(result.output)
    assert states["batch"]["items"] == 1
    assert [(hold["amount"], hold["stan"]) for hold in states["holds"]] == [("8.00 USD", "000009")]
    assert [one["delivery"] for one in states["undelivered"] if one["kind"] == "purchase"] == [
        "unknown"
    ]
    assert [one["reference"] for one in states["tombstones"]] == ["ref-LATE"]
    page = CliRunner().invoke(open_states, arguments, catch_exceptions=False).output
    assert "batch T1/000002: open, 1 item, net 4.50 USD" in page
    assert "open holds: 1" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "T9/1"), "there is no terminal 'T9'"),
        (("show", "T1/9"), "there is no batch 'T1/9': the current one is T1/000002"),
        (("show", "T1/x"), "write T1/000002"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    data: Path, arguments: tuple[str, ...], words: str
) -> None:
    """And what to say instead."""
    result = CliRunner().invoke(main, ["batches", *arguments, "--data", str(data)])
    assert result.exit_code == 1
    assert words in result.stderr


def test_a_store_in_which_nothing_was_captured(tmp_path: Path) -> None:
    """Says so, and is no error."""
    SqliteStore(tmp_path / STORE_NAME).close()
    assert "no batch fits" in said("batches", "--data", str(tmp_path))
    assert "nothing was captured" in said("batches", "positions", "--data", str(tmp_path))
