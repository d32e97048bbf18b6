"""What the terminal tells people and programs of an outcome: what matters, the same, and no whole
card number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from switch.model import copies
from switch.model.words import Flow, Kind
from switch.money import Money
from switch_tools.receipt import WIDTH, receipt
from switch_tools.terminal_engine import Outcome, Result
from switch_tools.terminal_lines import Answered, Entry, Sent
from switch_tools.terminal_model import Heard
from switch_tools.terminal_report import as_json, entry_json, entry_line, exit_code, facts

BOUGHT = Sent(
    number=2,
    stan="000002",
    at="2026-11-24T10:00:00.000Z",
    kind=Kind.PURCHASE,
    dialect="iso87-ascii",
    terminal_id="DEMO0001",
    merchant_id="DEMOMERCHANT001",
    amount_minor=1234,
    currency="840",
    card="visa",
    pan_masked="476173******0010",
    pan_sealed="c2VhbGVk",
)
UNDOING = msgspec.structs.replace(BOUGHT, number=3, stan="000003", kind=Kind.REVERSAL, original=2)
YES = Heard(
    ours=True, said="approved", approved=True, code="00", rrn="632810000001", approval_code="A1B2C3"
)
NO = Heard(ours=True, said="insufficient funds", code="51", reason="funds.insufficient")
STRANGE = Heard(ours=False, said="differs in Systems trace audit number", differs=("11",))
ENTRY = Entry(BOUGHT)
TAKEN = Entry(BOUGHT, answered=Answered(number=2, at="", approved=True, amount_minor=1000))


def _of(**values: Any) -> Entry:
    """An answered entry with other values."""
    return replace(TAKEN, sent=msgspec.structs.replace(BOUGHT, **values))


UNDONE = Outcome(
    result=Result.APPROVED, entry=Entry(UNDOING), heard=YES, original=ENTRY, tries=2, repeat=True
)
TIMED_OUT = Outcome(
    result=Result.NO_ANSWER,
    entry=ENTRY,
    why="no answer within 30 s",
    reversal=UNDONE,
    ignored=(STRANGE,),
)
OWED = Outcome(
    result=Result.OWED,
    entry=ENTRY,
    why="no answer within 30 s",
    reversal=replace(UNDONE, result=Result.OWED, heard=None, why="the host hung up"),
)
OUTCOMES = {
    "approved": Outcome(result=Result.APPROVED, entry=ENTRY, heard=YES),
    "declined": Outcome(result=Result.DECLINED, entry=ENTRY, heard=NO),
    "timed out": TIMED_OUT,
    "owed": OWED,
    "reversed": UNDONE,
    "unread": Outcome(result=Result.UNREAD, entry=ENTRY),
    "in part": Outcome(
        result=Result.APPROVED, entry=TAKEN, heard=replace(YES, amount=Money(1000, "840"))
    ),
    "offline": Outcome(result=Result.TOLD_LATER, entry=_of(flow=Flow.ADVICE), why="no host"),
    "tip untold": Outcome(
        result=Result.TOLD_LATER, entry=_of(kind=Kind.TIP_ADJUST, flow=Flow.ADVICE), why="no host"
    ),
    "voided": Outcome(result=Result.APPROVED, entry=_of(kind=Kind.VOID, original=2), heard=YES),
    "reversed in part": Outcome(
        result=Result.APPROVED, entry=_of(kind=Kind.REVERSAL, remaining_minor=500), heard=YES
    ),
    "balance": Outcome(
        result=Result.APPROVED,
        entry=_of(kind=Kind.BALANCE, amount_minor=None),
        heard=replace(YES, balance=Money(-250, "840")),
    ),
    "cash back": Outcome(
        result=Result.APPROVED, entry=_of(kind=Kind.CASHBACK, other_minor=500), heard=YES
    ),
}


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("approved", 0, ["APPROVED", "code 00", "12.34 USD", "A1B2C3", "632810000001"]),
        ("declined", 1, ["DECLINED", "code 51", "insufficient funds"]),
        ("timed out", 3, ["NO ANSWER", "000003", "answered at try 2", "Hand over nothing"]),
        ("timed out", 3, ["Systems trace audit number"]),
        ("owed", 3, ["is not answered (the host hung up)", "before anything new"]),
        ("reversed", 0, ["REVERSED", "Original STAN", "000002", "This was a repeat."]),
        ("unread", 0, ["SENT, ANSWER NOT READ"]),
        ("in part", 0, ["APPROVED IN PART", "AMOUNT 10.00 USD", "ASKED FOR 12.34 USD"]),
        ("offline", 3, ["APPROVED OFFLINE", "not told yet (no host)", "Signature"]),
        ("tip untold", 3, ["NOT YET TOLD", "before anything new"]),
        ("voided", 0, ["*** VOID ***", "VOIDED"]),
        ("reversed in part", 0, ["REVERSED IN PART", "REMAINS 5.00 USD"]),
        ("balance", 0, ["BALANCE -2.50 USD"]),
        ("cash back", 0, ["OF IT CASH 5.00 USD"]),
    ],
)
def test_a_receipt_says_what_became_of_it(name: str, code: int, words: list[str]) -> None:
    """The verdict, its reason, what to do; and the exit code says the same to a script."""
    outcome = OUTCOMES[name]
    text = " ".join(receipt(facts(outcome), "merchant").split())
    for word in words:
        assert word in text
    assert exit_code(outcome) == code
    assert as_json(outcome)["exit"] == code


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
def test_every_outcome_is_plain_json_and_fits_the_paper(outcome: Outcome) -> None:
    """Encodable, with one set of members, nothing sealed in it; receipts of the usual width."""
    said = msgspec.json.decode(msgspec.json.encode(as_json(outcome)))
    assert set(said) == set(as_json(OUTCOMES["approved"]))
    assert said["pan"] == "476173******0010"
    assert "c2VhbGVk" not in str(said)
    text = receipt(facts(outcome), "customer")
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_a_balance_is_told_with_its_currency() -> None:
    """An inquiry states no amount; a program cannot read minor units without the currency."""
    asked = OUTCOMES["balance"]
    sent = copies.replace(asked.entry.sent, amount_minor=None, currency="")
    said = as_json(replace(asked, entry=replace(asked.entry, sent=sent)))
    assert (said["balance_minor"], said["currency"]) == (-250, "840")


def test_json_names_the_fields_that_differed() -> None:
    """So that the author of a host sees which echo is wrong."""
    assert as_json(TIMED_OUT)["ignored"] == [{"said": STRANGE.said, "differs": ["11"]}]
    assert as_json(TIMED_OUT)["reversal"]["original_stan"] == "000002"


def test_the_amount_approved_is_the_one_that_counts() -> None:
    """A partial approval is for less than was asked."""
    partial = replace(YES, amount=Money(1000, "840"))
    outcome = replace(OUTCOMES["approved"], heard=partial)
    assert as_json(outcome)["amount_minor"] == 1000
    assert "10.00 USD" in receipt(facts(outcome), "merchant")


def test_the_repeat_of_what_was_taken_back_hands_over_nothing() -> None:
    """A host answers a repeat as it answered the first, however long ago the reversal was."""
    answered = Answered(number=2, at="", approved=True)
    taken_back = Entry(BOUGHT, answered=answered, reversal=3, undone=True, closed=True)
    repeated = replace(OUTCOMES["approved"], repeat=True, entry=taken_back)
    assert "Hand over nothing" in " ".join(receipt(facts(repeated), "merchant").split())
    repeated = replace(repeated, entry=Entry(BOUGHT, answered=answered))
    assert "Hand over nothing" not in receipt(facts(repeated), "merchant")


def test_a_refused_reversal_sends_to_the_acquirer() -> None:
    """Nothing that a terminal can do about it."""
    refused = replace(UNDONE, result=Result.DECLINED, heard=replace(NO, said="not found"))
    text = receipt(facts(replace(TIMED_OUT, reversal=refused)), "merchant")
    assert "was refused: not found. Call the acquirer." in " ".join(text.split())


@pytest.mark.parametrize(
    ("entry", "standing"),
    [
        (ENTRY, "reversal owed"),
        (Entry(BOUGHT, answered=Answered(number=2, at="", approved=True)), "approved"),
        (
            Entry(BOUGHT, answered=Answered(number=2, at="", approved=False, code="51")),
            "declined 51",
        ),
        (Entry(BOUGHT, reversal=3, undone=True, closed=True), "reversed"),
        (replace(TAKEN, voided=True), "voided"),
        (replace(TAKEN, cut_back=True, tip_minor=9), "approved, reversed in part, with tip"),
        (replace(TAKEN, completed_minor=9), "approved, completed"),
        (replace(TAKEN, refunded_minor=9), "approved, refunded"),
        (replace(_of(flow=Flow.ADVICE), answered=None), "not yet told"),
        (Entry(msgspec.structs.replace(BOUGHT, kind=Kind.ECHO, amount_minor=None)), "no answer"),
    ],
)
def test_the_journal_lists_where_each_request_stands(entry: Entry, standing: str) -> None:
    """For people in a line, for programs as data."""
    assert entry_line(entry).endswith(standing)
    sign_on = replace(entry, sent=msgspec.structs.replace(entry.sent, kind=Kind.SIGN_ON))
    assert entry_line(sign_on)[8:15] == "sign-on"
    assert entry_json(entry)["standing"] == standing
