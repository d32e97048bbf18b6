"""MACs: judged before all else, owed where a terminal must, made on answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.effects import Reply
from switch.model.facts import Verdict, VerdictNeed
from switch.model.records import FormerKey, Key, SealedKey, Terminal, Transaction
from switch.model.security import KeyUse, MacOrder
from switch.model.words import Flow, Kind, Reason, State
from tests.core.keyed import BAD, BLOCK, GOOD, MAC, secure, tdes

if TYPE_CHECKING:
    from tests.core.conftest import Shop

HOUR_US = 3_600_000_000
TAK, BDK = "terminal.T1.tak", "bdk.FFFF987654"


def order(shop: Shop) -> MacOrder | None:
    """The MAC that the last answer bears."""
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    return None if reply.sealing is None else reply.sealing.mac


def failures(shop: Shop) -> int:
    """How often the terminal's cryptography has failed."""
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    return terminal.crypto_failures


def beside(shop: Shop, key: str = "K1") -> Transaction:
    """What is kept of a message that proves nothing."""
    record = shop.store[Key("transaction", f"{key}|unproven")]
    assert isinstance(record, Transaction)
    return record


def questions(rounds: list[tuple[object, ...]]) -> list[str]:
    """What the vault was asked, in order."""
    return [need.question for some in rounds for need in some if isinstance(need, VerdictNeed)]


def test_a_right_mac_is_answered_with_one_under_the_same_key(shop: Shop) -> None:
    """M-08: whatever the answer is."""
    secure(shop)
    assert shop.ask(shop.purchase(mac=MAC)).approved
    assert shop.trail["mac"] == (True, "right")
    assert [check.saw for check in shop.last.trail if check.name == "mac"] == [f"under {TAK}"]
    assert order(shop) == MacOrder(KeyUse(TAK, f"block of {TAK}"))
    assert shop.ask(shop.purchase("K2", 10_000_000, mac=MAC)).reason is Reason.FUNDS_INSUFFICIENT
    assert order(shop) == MacOrder(KeyUse(TAK, f"block of {TAK}"))


def test_under_dukpt_the_answers_mac_is_under_the_response_key(shop: Shop) -> None:
    """The base derivation key and the very key serial number of the request."""
    secure(shop, mac_scheme="x9.19")
    assert shop.ask(shop.purchase(mac=MAC, ksn=tdes(1))).approved
    assert [check.saw for check in shop.last.trail if check.name == "mac"] == [f"under {BDK}"]
    assert order(shop) == MacOrder(KeyUse(BDK, f"block of {BDK}"), tdes(1), "x9.19")


def test_a_wrong_mac_has_no_effect(shop: Shop) -> None:
    """M-08: mac.invalid, no PIN check, no effect; the answer bears a right MAC. INV-72."""
    secure(shop)
    shop.verdicts["mac"] = Verdict("bad", "padding 2 would fit")
    before = dict(shop.store)
    event = shop.arrived(shop.purchase(mac=MAC, pin_block=BLOCK))
    _, rounds = shop.judge(event)
    assert questions(rounds) == ["mac"]
    assert shop.ask(event.request).reason is Reason.MAC_INVALID
    assert order(shop) == MacOrder(KeyUse(TAK, f"block of {TAK}"))
    assert shop.trail["mac"] == (False, "padding 2 would fit")
    assert shop.remedy
    changed = {key for key, record in shop.store.items() if before.get(key) != record}
    assert changed == {Key("transaction", "K1|unproven"), Key("terminal", "T1")}
    assert beside(shop).state is State.DECLINED
    assert failures(shop) == 1


def test_a_wrong_mac_takes_nobodys_place(shop: Shop) -> None:
    """M-08, M-10: a genuine message under the same key, and the same name, is still the first."""
    secure(shop)
    shop.said["K1"] = {"mac": BAD}
    shop.ask(shop.purchase(mac=MAC))
    shop.ask(shop.purchase(mac=MAC))
    assert beside(shop).version == 2
    shop.said.clear()
    assert shop.ask(shop.purchase(mac=MAC)).approved
    shop.said["K1"] = {"mac": BAD}
    assert shop.ask(shop.purchase(minor=9_999, mac=MAC)).reason is Reason.MAC_INVALID
    shop.said["K2"] = {"mac": BAD}
    shop.ask(shop.purchase("K2", reference="ref-K1", mac=MAC))
    shop.said.clear()
    assert shop.ask(shop.reversal(mac=MAC)).approved
    assert shop.balance("a-visa") == 100_000


@pytest.mark.parametrize(
    ("kind", "flow"),
    [
        *((kind, Flow.REQUEST) for kind in Kind),
        (Kind.PURCHASE, Flow.ADVICE),
        (Kind.COMPLETION, Flow.ADVICE),
        (Kind.REVERSAL, Flow.ADVICE),
    ],
)
@pytest.mark.parametrize("ksn", ["", tdes(1)])
def test_every_kind_of_message_is_held_to_its_mac(
    shop: Shop, kind: Kind, flow: Flow, ksn: str
) -> None:
    """M-08, M-09: sign-on, reconciliation, reversal, advice, upload, echo: none is an exception."""
    secure(shop, mac="required")
    shop.policy = replace(shop.policy, totals="hypercom-63", upload=True)
    shop.ask(shop.purchase("K0", mac=MAC))
    before = {key: record for key, record in shop.store.items() if key.table != "terminal"}
    shop.verdicts["mac"] = BAD
    request = shop.purchase(kind=kind, flow=flow, mac=MAC, ksn=ksn, original="ref-K0")
    assert shop.ask(request).reason is Reason.MAC_INVALID
    assert failures(shop) == 1
    assert order(shop) is not None
    assert shop.ask(replace(request, mac="", request_key="K2")).reason is Reason.MAC_INVALID
    assert order(shop) is not None
    after = {
        key: record
        for key, record in shop.store.items()
        if key.table != "terminal" and not key.id.endswith("|unproven")
    }
    assert after == before
    shop.verdicts["mac"] = GOOD
    assert shop.ask(replace(request, request_key="K3")).reason is not Reason.MAC_INVALID
    assert order(shop) is not None


def test_no_mac_where_one_is_owed(shop: Shop) -> None:
    """M-09: owed is what the dialect's table says, by a terminal whose security requires it; it is
    no failure of cryptography, for nothing was guessed."""
    secure(shop, mac="required")
    assert shop.ask(shop.purchase()).reason is Reason.MAC_INVALID
    assert shop.trail["mac"] == (False, "the message bears none")
    assert order(shop) is not None
    assert failures(shop) == 0
    assert shop.ask(shop.purchase("K2", message_type="0220")).approved
    assert order(shop) is None


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.REVERSAL, Kind.SIGN_ON, Kind.RECONCILIATION])
def test_a_dialect_without_macs_is_no_way_around_them(shop: Shop, kind: Kind) -> None:
    """INV-72: whoever owes MACs comes by no listener that knows none; others do."""
    secure(shop, mac="required")
    shop.policy = replace(shop.policy, macs=frozenset())
    request = shop.purchase(kind=kind, original="ref-K0")
    assert shop.ask(request).reason is Reason.MAC_INVALID
    assert "names no messages" in shop.trail["mac"][1]
    assert order(shop) is None
    assert failures(shop) == 0
    secure(shop, mac="optional")
    shop.policy = replace(shop.policy, macs=frozenset())
    assert shop.ask(replace(request, request_key="K2")).reason is not Reason.MAC_INVALID


def test_a_mac_that_is_not_owed_is_checked_unless_it_is_never_looked_at(shop: Shop) -> None:
    """M-09: the terminal's security decides."""
    secure(shop, mac="optional")
    shop.verdicts["mac"] = BAD
    request = shop.purchase(mac=MAC, message_type="0999")
    assert shop.ask(request).reason is Reason.MAC_INVALID
    secure(shop, mac="none")
    shop.verdicts["mac"] = BAD
    assert shop.ask(request).approved
    assert order(shop) is None
    assert "mac" not in shop.trail


def test_a_terminal_without_security_is_asked_for_nothing(shop: Shop) -> None:
    """Whatever its messages bear is not looked at."""
    secure(shop)
    shop.change(Terminal, "T1", security="")
    shop.verdicts["mac"] = BAD
    _, rounds = shop.judge(shop.arrived(shop.purchase(mac=MAC)))
    assert questions(rounds) == []
    assert shop.ask(shop.purchase(mac=MAC)).approved


def test_a_security_that_is_not_configured_lets_nothing_through(shop: Shop) -> None:
    """INV-06: a terminal names one that a reload has taken away."""
    secure(shop)
    shop.settings = replace(shop.settings, securities={})
    assert shop.ask(shop.purchase()).reason is Reason.KEY_UNKNOWN
    assert "not configured" in shop.trail["mac"][1]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("bad", Reason.MAC_INVALID),
        ("unknown_key", Reason.KEY_UNKNOWN),
        ("unusable", Reason.KEY_UNKNOWN),
        ("absent", Reason.KEY_UNKNOWN),
        ("anything else", Reason.KEY_UNKNOWN),
    ],
)
def test_only_a_good_verdict_lets_a_mac_through(shop: Shop, outcome: str, reason: Reason) -> None:
    """INV-72: whatever else the vault says."""
    secure(shop)
    shop.verdicts["mac"] = Verdict(outcome)
    assert shop.ask(shop.purchase(mac=MAC)).reason is reason


@pytest.mark.parametrize("ksn", ["", tdes(1)])
@pytest.mark.parametrize("state", ["pre_active", "deactivated", "destroyed", "none"])
def test_no_key_no_approval_and_no_other_key_is_tried(shop: Shop, ksn: str, state: str) -> None:
    """M-16, INV-72: key.unknown, for both kinds of keys; nobody is asked."""
    secure(shop)
    name = BDK if ksn else TAK
    if state == "none":
        del shop.store[Key("key", name)]
    else:
        shop.change(SealedKey, name, state=state)
    request = shop.purchase(mac=MAC, ksn=ksn)
    _, rounds = shop.judge(shop.arrived(request))
    assert questions(rounds) == []
    assert shop.ask(request).reason is Reason.KEY_UNKNOWN
    assert name in shop.last.trail[-1].saw
    assert order(shop) is None
    assert failures(shop) == 0


def test_a_key_set_that_the_number_may_be_meant_for_is_told(shop: Shop) -> None:
    """M-16: with the digits swapped in each byte there would be a key; the trail says so, and the
    message is refused all the same.
    """
    secure(shop)
    swapped = "FFFF89674523010E0010"
    assert shop.ask(shop.purchase(mac=MAC, ksn=swapped)).reason is Reason.KEY_UNKNOWN
    said = shop.last.trail[-1].said
    assert "swapped it would be FFFF9876543210E00001, and there is its key set" in said
    del shop.store[Key("key", BDK)]
    assert shop.ask(shop.purchase("K2", mac=MAC, ksn=swapped)).reason is Reason.KEY_UNKNOWN
    assert shop.last.trail[-1].said == "there is no such key"


def test_keys_of_a_terminal_that_has_failed_are_looked_up(shop: Shop) -> None:
    """It may take one for another, which the vault is to find out; others are spared the rows."""
    secure(shop)
    own = {Key("key", f"terminal.T1.{role}") for role in ("tmk", "tpk", "tak")}
    for failed, wanted in ((0, {Key("key", TAK)}), (1, own)):
        shop.change(Terminal, "T1", crypto_failures=failed)
        _, rounds = shop.judge(shop.arrived(shop.purchase(mac=MAC)))
        fetched = {need for some in rounds for need in some if isinstance(need, Key)}
        assert fetched & own == wanted
        assert questions(rounds) == ["mac"]
    _, rounds = shop.judge(shop.arrived(shop.purchase(pin_block=BLOCK)))
    fetched = {need for some in rounds for need in some if isinstance(need, Key)}
    assert own <= fetched
    assert questions(rounds) == ["pin"]


def test_a_message_without_a_key_serial_number_is_told_what_it_is_under(shop: Shop) -> None:
    """M-16: who forgot the number reads that it was looked for."""
    secure(shop)
    del shop.store[Key("key", TAK)]
    assert shop.ask(shop.purchase(mac=MAC)).reason is Reason.KEY_UNKNOWN
    assert "without a key serial number" in shop.last.trail[-1].said
    assert "or a key serial number" in shop.remedy
    secure(shop, dukpt=False)
    del shop.store[Key("key", TAK)]
    assert shop.ask(shop.purchase("K2", mac=MAC)).reason is Reason.KEY_UNKNOWN
    assert "key serial number" not in shop.remedy


@pytest.mark.parametrize(("ksn", "off"), [("", "session"), (tdes(1), "dukpt")])
def test_a_way_of_keying_that_is_off(shop: Shop, ksn: str, off: str) -> None:
    """Each can be switched off for a terminal."""
    secure(shop, **{off: False})
    assert shop.ask(shop.purchase(mac=MAC, ksn=ksn)).reason is Reason.KEY_UNKNOWN
    assert shop.remedy


def test_a_repeat_must_prove_who_it_is_as_well(shop: Shop) -> None:
    """INV-11, INV-02: the same answer, sealed anew under what the repeat names; not for anybody."""
    secure(shop)
    first = shop.ask(shop.purchase(mac=MAC, ksn=tdes(1)))
    assert shop.ask(shop.purchase(mac=MAC, ksn=tdes(2))) == first
    assert order(shop) == MacOrder(KeyUse(BDK, f"block of {BDK}"), tdes(2))
    shop.verdicts["mac"] = BAD
    assert shop.ask(shop.purchase(mac=MAC, ksn=tdes(2))).reason is Reason.MAC_INVALID
    assert failures(shop) == 1
    shop.verdicts["mac"] = GOOD
    assert shop.ask(shop.purchase(mac=MAC)) == first
    assert shop.balance("a-visa") == 99_000


def test_a_repeat_is_asked_for_its_mac_alone(shop: Shop) -> None:
    """INV-70: neither PIN nor card is verified again."""
    secure(shop)
    request = shop.purchase(mac=MAC, pin_block=BLOCK)
    shop.ask(request)
    _, rounds = shop.judge(shop.arrived(request))
    assert questions(rounds) == ["mac"]


def test_the_answer_is_under_the_key_that_verified(shop: Shop) -> None:
    """During the overlap the terminal may not have the new key yet."""
    secure(shop)
    former = (FormerKey("old", "11", 10), FormerKey("older", "22", 10))
    shop.change(SealedKey, TAK, former=former)
    shop.verdicts["mac"] = Verdict("good", data={"former": "1"})
    shop.ask(shop.purchase(mac=MAC))
    assert order(shop) == MacOrder(KeyUse(TAK, "old"))
    assert shop.trail["mac"] == (True, "right, under the key before")
    shop.verdicts["mac"] = Verdict("good", data={"former": "2"})
    shop.ask(shop.purchase("K2", mac=MAC))
    assert order(shop) == MacOrder(KeyUse(TAK, "older"))


def test_failures_of_a_terminal_are_counted_durably(shop: Shop) -> None:
    """SR-PIN-06: at the limit every message is refused until the window ends; the right ones in
    between do not reset it; two in one batch count as two."""
    secure(shop, failures=4)
    shop.wall_us = 1_000
    shop.said = {f"B{number}": {"mac": BAD} for number in range(9)}
    shop.batch(*(shop.purchase(f"B{number}", mac=MAC) for number in range(3)))
    assert shop.ask(shop.purchase("K1", mac=MAC)).approved
    assert failures(shop) == 3
    shop.ask(shop.purchase("B3", mac=MAC))
    assert failures(shop) == 4
    assert "terminal.locked" in shop.told
    for request in (
        shop.purchase("K2", mac=MAC),
        shop.purchase("K3"),
        shop.purchase("K1", mac=MAC),
        shop.reversal(of="K1", mac=MAC),
        shop.purchase("K4", flow=Flow.ADVICE),
    ):
        _, rounds = shop.judge(shop.arrived(request))
        assert questions(rounds) == []
        assert shop.ask(request).reason is Reason.TERMINAL_INACTIVE
    assert failures(shop) == 4
    assert shop.remedy
    shop.wall_us += HOUR_US - 1
    assert shop.ask(shop.purchase("K5", mac=MAC)).reason is Reason.TERMINAL_INACTIVE
    shop.wall_us += 1
    assert shop.ask(shop.purchase("K5", mac=MAC)).approved
    shop.ask(shop.purchase("B4", mac=MAC))
    assert failures(shop) == 1


def test_a_batch_that_was_planned_before_the_last_failure(shop: Shop) -> None:
    """SR-PIN-06: its messages are decided in order, so the limit holds for the ones behind."""
    secure(shop, failures=1)
    shop.said = {"B0": {"mac": BAD}}
    answers = shop.batch(shop.purchase("B0", mac=MAC), shop.purchase("K1", mac=MAC))
    assert [answer.reason for answer in answers] == [
        Reason.MAC_INVALID,
        Reason.TERMINAL_INACTIVE,
    ]


def test_any_number_of_failures(shop: Shop) -> None:
    """SR-PIN-06: a limit of 0 is none."""
    secure(shop, failures=0)
    shop.verdicts["mac"] = BAD
    for number in range(30):
        assert shop.ask(shop.purchase(f"K{number}", mac=MAC)).reason is Reason.MAC_INVALID


def test_a_newcomer_is_held_to_what_newcomers_keep_to(shop: Shop) -> None:
    """The demo world: terminals are enrolled with a security."""
    secure(shop, mac="required")
    shop.enrol()
    shop.settings = replace(shop.settings, enrol_security="s")
    request = shop.purchase(terminal_id="T9")
    assert shop.ask(request).reason is Reason.MAC_INVALID
    terminal = shop.store[Key("terminal", "T9")]
    assert isinstance(terminal, Terminal)
    assert terminal.security == "s"
    ksn: dict[str, Any] = {"mac": MAC, "ksn": tdes(5)}
    assert shop.ask(shop.purchase("K2", terminal_id="T9", **ksn)).approved
