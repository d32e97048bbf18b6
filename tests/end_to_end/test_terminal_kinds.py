"""Every command of the virtual terminal against a real switch, in every shipped dialect, up to a
batch in balance."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switch.model.words import Reason
from switch.wire.dialect import load_dialect, shipped_dialects
from tests.till import Till

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

WRITING = [name for name in shipped_dialects() if not load_dialect(name).reading_only]
UPLOADING = [name for name in WRITING if load_dialect(name).policy.upload]
CARD = ("--card", "visa", "--amount")
_NUMBERS = count(1)


def till_of(town: HostProcess, dialect: str, folder: Path) -> Till:
    """A terminal that the switch has never seen before."""
    return Till(
        "--to",
        f"127.0.0.1:{town.ports[dialect]}",
        "--dialect",
        dialect,
        "--terminal-id",
        f"K{next(_NUMBERS):07d}",
        "--state",
        str(folder / "till"),
    )


@pytest.mark.parametrize("dialect", WRITING)
def test_a_whole_day_of_one_device_is_in_balance(
    town: HostProcess, tmp_path: Path, dialect: str
) -> None:
    """Each kind, read in different ways, each follower with and without a number; then 0500."""
    till = till_of(town, dialect, tmp_path)
    till.ask("signon")
    sale = till.ask("purchase", *CARD, "10.00", "--entry", "swipe")
    cash_back = till.ask("purchase", *CARD, "20.00", "--cashback", "5.00", "--entry", "chip")
    assert (cash_back["amount_minor"], cash_back["cash_minor"]) == (2500, 500)
    till.ask("cash", *CARD, "40.00", "--entry", "contactless")
    assert till.ask("balance", "--card", "visa")["balance_minor"] > 0
    till.ask("verify", "--card", "visa", "--entry", "ecommerce")

    till.ask("preauth", *CARD, "100.00")
    till.ask("increment", "--amount", "20.00")
    done = till.ask("complete", "--amount", "110.00")
    assert done["original_stan"]
    assert till.ask("complete", "--stan", done["original_stan"], code=1)["reason"]

    till.ask("purchase", *CARD, "11.00")
    voided = till.ask("void")
    assert till.ask("void", "--stan", voided["original_stan"], code=1)["reason"]
    till.ask("purchase", *CARD, "12.00")
    assert till.ask("tip", "--amount", "2.00")["amount_minor"] == 1400

    till.ask("refund", "--stan", sale["stan"], "--amount", "3.00")
    till.ask("refund", "--rrn", sale["rrn"], "--amount", "7.00")
    over = till.ask("refund", "--stan", sale["stan"], "--amount", "1.00", code=1)
    assert over["reason"] == "amount.invalid"
    till.ask("refund", *CARD, "4.00")
    till.ask("void", "--repeat", "--stan", voided["stan"])

    part = till.ask("purchase", *CARD, "14.00")
    till.ask("reverse", "--amount", "6.00")
    till.ask("reverse", "--repeat")
    till.ask("purchase", *CARD, "15.00")
    till.ask("reverse")
    till.ask("purchase", *CARD, "16.00", "--advice", "--approval-code", "OFF001")

    settled = till.ask("settle")
    assert settled["result"] == "balanced"
    again = till.ask("settle")
    assert (again["batch"], again["result"]) == (settled["batch"] + 1, "balanced")
    too_late = till.ask("void", "--stan", part["stan"], code=1)
    assert too_late["code"] == load_dialect(dialect).responses[Reason.BATCH_CLOSED]
    till.ask("refund", "--stan", part["stan"])


@pytest.mark.parametrize("dialect", WRITING)
def test_what_is_not_answered_is_taken_back_whatever_it_was(
    town: HostProcess, tmp_path: Path, dialect: str
) -> None:
    """INV-28: nobody waits (``--timeout 0``); the reversal is accepted, the batch is in balance,
    and a sale whose void was given up still stands."""
    till = till_of(town, dialect, tmp_path)
    for command in ("purchase", "cash", "preauth", "refund"):
        said = till.ask(command, *CARD, "9.00", "--timeout", "0", code=3)
        assert said["reversal"]["result"] == "approved", command
    sale = till.ask("purchase", *CARD, "8.00")
    given_up = till.ask("void", "--timeout", "0", code=3)
    assert given_up["reversal"]["result"] == "approved"
    assert till.ask("balance", "--card", "visa", "--timeout", "0", code=3)["reversal"] is None
    assert till.ask("settle")["result"] == "balanced"
    till.ask("refund", "--stan", sale["stan"])


@pytest.mark.parametrize("dialect", WRITING)
def test_an_approval_for_less_is_what_the_day_counts(
    town: HostProcess, tmp_path: Path, dialect: str
) -> None:
    """A card with 10.00 on it: less than asked for is approved, printed, voided and settled."""
    till = till_of(town, dialect, tmp_path)
    said = till.ask("purchase", "--card", "poor", "--amount", "25.00", "--partial")
    assert (said["reason"], said["asked_minor"], said["amount_minor"]) == ("partial", 2500, 1000)
    assert till.ask("void")["amount_minor"] == 1000
    receipt = till.run("purchase", "--card", "poor", "--amount", "25.00", "--partial").stdout
    for words in ("APPROVED IN PART", "10.00 USD", "ASKED FOR", "25.00 USD", "Signature"):
        assert words in receipt
    assert till.ask("settle")["result"] == "balanced"
    till.ask("refund")


@pytest.mark.parametrize("dialect", WRITING)
def test_a_batch_out_of_balance_is_closed_with_its_differences(
    town: HostProcess, tmp_path: Path, dialect: str
) -> None:
    """M-35 from the device's side: one missing, one extra, one with another amount; uploaded where
    the dialect can; exit code 1, and the next batch is in balance."""
    till = till_of(town, dialect, tmp_path)
    stans = [till.ask("purchase", *CARD, amount)["stan"] for amount in ("1.00", "2.00", "3.00")]
    wrong = ("--forget", stans[0], "--claim-amount", f"{stans[1]}=9.00", "--claim-extra", "7.00")
    settled = till.ask("settle", *wrong, code=1)
    assert settled["result"] == "differences"
    assert settled["uploaded"] == (3 if dialect in UPLOADING else 0)
    assert settled["differs"]
    till.ask("purchase", *CARD, "4.00")
    assert till.ask("settle")["result"] == "balanced"


def test_receipts_of_all_kinds_show_what_a_person_needs(town: HostProcess, tmp_path: Path) -> None:
    """Parts of the amount, who signs, what is void; a number never in clear."""
    till = till_of(town, "iso87-ascii", tmp_path)
    shown = {
        "cash back": till.run("purchase", *CARD, "20.00", "--cashback", "5", "--copy", "both"),
        "balance": till.run("balance", "--card", "visa"),
        "void": till.run("void"),
        "dinner": till.run("purchase", *CARD, "30.00", "--tip-line"),
        "tip": till.run("tip", "--amount", "4.00"),
        "part": till.run("reverse", "--amount", "10.00"),
        "settle": till.run("settle"),
    }
    for name, words in {
        "cash back": ("PURCHASE + CASH", "OF IT CASH", "5.00 USD", "Signature", "CUSTOMER COPY"),
        "balance": ("BALANCE", " USD"),
        "void": ("*** VOID ***", "VOIDED", "25.00 USD", "Original STAN"),
        "dinner": ("Tip ....", "Total ....", "Signature"),
        "tip": ("OF IT TIP", "4.00 USD", "34.00 USD"),
        "part": ("*** REVERSAL ***", "REVERSED IN PART", "REMAINS", "10.00 USD"),
        "settle": ("SETTLEMENT", "BATCH 000001", "IN BALANCE"),
    }.items():
        assert shown[name].exit_code == 0, shown[name].output
        for word in words:
            assert word in shown[name].stdout, f"{name}: {word}\n{shown[name].stdout}"
        assert "4761739001010010" not in shown[name].stdout
    assert "Signature" not in shown["balance"].stdout
    assert "Signature" not in shown["void"].stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("cash", "--card", "visa"),
        ("balance",),
        ("void",),
        ("complete",),
        ("increment",),
        ("tip",),
        ("tip", "--amount", "1"),
        ("refund",),
        ("refund", "--card", "visa"),
        ("refund", "--rrn", "632810000001"),
        ("reverse", "--amount", "1.00"),
        ("settle", "--claim-amount", "000001"),
        ("settle", "--forget", "000001"),
        ("cash", "--repeat"),
        ("tip", "--amount", "1", "--currency", "XYZ"),
    ],
)
def test_what_cannot_be_asked_for_is_wrong_usage(
    town: HostProcess, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Exit code 2 and a sentence: something is missing, or the journal has nothing of the kind."""
    done = till_of(town, "iso87-ascii", tmp_path).run(*arguments)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    assert done.stderr
