"""Key exchange: new working keys for a terminal, the ones before for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.exchange import MOST_FORMER
from switch.model.copies import replace
from switch.model.effects import Reply, Silence
from switch.model.facts import Verdict, VerdictNeed
from switch.model.records import FormerKey, Key, SealedKey, Terminal
from switch.model.security import KeyOrder, KeyUse, MacOrder
from switch.model.words import Flow, Kind, Reason
from tests.core.keyed import BAD, MAC, secure, tdes

if TYPE_CHECKING:
    from tests.core.conftest import Shop

TMK, TPK, TAK = (f"terminal.T1.{role}" for role in ("tmk", "tpk", "tak"))
OVERLAP_US = 600_000_000


def made(number: int) -> Verdict:
    """New keys, as the vault tells of them."""
    data: dict[str, str] = {}
    for role, usage in (("tpk", "P0"), ("tak", "M3")):
        data |= {
            role: f"{role} {number}",
            f"{role}_check": f"{number:06d}",
            f"{role}_usage": usage,
            f"{role}_algorithm": "T",
            f"{role}_mode": "B",
            f"{role}_exportability": "E",
            f"{role}_length": "16",
            f"{role}_mark": "test",
        }
    return Verdict("made", data=data)


def exchange(shop: Shop, key: str, number: int = 1, **more: Any) -> Reason:
    """An exchange for which the vault makes these keys."""
    shop.verdicts["working_keys"] = made(number)
    shape = {"message_type": "0800", **more}
    return shop.ask(shop.request(shape.pop("kind", Kind.KEY_EXCHANGE), key, **shape)).reason


def order(shop: Shop) -> KeyOrder | None:
    """The keys that the last answer hands out."""
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    return None if reply.sealing is None else reply.sealing.keys


def key(shop: Shop, name: str) -> SealedKey:
    """A key at rest."""
    record = shop.store[Key("key", name)]
    assert isinstance(record, SealedKey)
    return record


def test_new_keys_are_stored_and_handed_out(shop: Shop) -> None:
    """SR-KEY-14: who has made them, when; the ones before are accepted for the overlap."""
    secure(shop)
    shop.wall_us = 5
    assert exchange(shop, "X1") is Reason.APPROVED
    working = (("tpk", KeyUse(TPK, "tpk 1")), ("tak", KeyUse(TAK, "tak 1")))
    assert order(shop) == KeyOrder(KeyUse(TMK, f"block of {TMK}"), working)
    found = key(shop, TPK)
    assert (found.block, found.check_value, found.usage, found.length) == (
        "tpk 1",
        "000001",
        "P0",
        16,
    )
    assert (found.generation, found.made_by, found.made_us) == (2, "exchange X1", 5)
    assert found.former == (FormerKey(f"block of {TPK}", "", 5 + OVERLAP_US),)
    assert "000001" in shop.trail["keys"][1]


def test_a_repeat_hands_out_the_same_keys(shop: Shop) -> None:
    """INV-11: nothing is made for it, whatever the vault would say."""
    secure(shop)
    exchange(shop, "X1")
    first, records = order(shop), (key(shop, TPK), key(shop, TAK))
    assert exchange(shop, "X1", 2) is Reason.APPROVED
    assert order(shop) == first
    assert (key(shop, TPK), key(shop, TAK)) == records
    _, rounds = shop.judge(shop.arrived(shop.request(Kind.KEY_EXCHANGE, "X1")))
    assert not [need for some in rounds for need in some if isinstance(need, VerdictNeed)]


def test_former_keys_are_few_and_end(shop: Shop) -> None:
    """INV-95: the newest ones first; what is over is forgotten."""
    secure(shop)
    for number in range(1, 6):
        shop.wall_us = number
        exchange(shop, f"X{number}", number)
    shop.wall_us = 4 + OVERLAP_US
    exchange(shop, "X9", 9)
    assert [former.block for former in key(shop, TPK).former] == ["tpk 5", "tpk 4"]


@pytest.mark.parametrize("exchanges", range(1, 9))
def test_the_key_before_a_row_of_lost_answers_stays_accepted(shop: Shop, exchanges: int) -> None:
    """A terminal that got none of the answers has it still: for the whole overlap, however often it
    has asked.
    """
    secure(shop)
    for number in range(1, exchanges + 1):
        exchange(shop, f"X{number}", number)
    blocks = [former.block for former in key(shop, TPK).former]
    assert len(blocks) == min(exchanges, MOST_FORMER)
    assert blocks[-1] == f"block of {TPK}"
    newest = [f"tpk {number}" for number in range(exchanges - 1, 0, -1)]
    assert blocks[:-1] == newest[: len(blocks) - 1]


@pytest.mark.parametrize("kind", [Kind.KEY_EXCHANGE, Kind.SIGN_ON])
def test_nothing_is_made_for_what_is_never_answered(shop: Shop, kind: Kind) -> None:
    """INV-06: nobody would learn the keys; what the terminal has stays the current one."""
    secure(shop)
    shop.policy = replace(shop.policy, signon_keys=True)
    shop.verdicts["working_keys"] = made(1)
    event = shop.arrived(shop.request(kind, "X1", flow=Flow.NOTIFICATION, message_type="0820"))
    decision, rounds = shop.judge(event)
    assert not [need for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert not [record for record in decision.records if isinstance(record, SealedKey)]
    assert [type(effect) for effect in decision.effects] == [Silence]


def test_no_overlap(shop: Shop) -> None:
    """Where the terminal's security wants none."""
    secure(shop, overlap_us=0)
    exchange(shop, "X1")
    assert key(shop, TPK).former == ()


def test_the_form_is_the_securitys(shop: Shop) -> None:
    """Key blocks, or bare cryptograms as the UnionPay line wants."""
    secure(shop, exchange="cryptogram")
    exchange(shop, "X1")
    told = order(shop)
    assert told is not None
    assert told.form == "cryptogram"


@pytest.mark.parametrize("state", ["deactivated", "destroyed", "none"])
def test_no_master_key(shop: Shop, state: str) -> None:
    """M-16: key.unknown, and nothing is made."""
    secure(shop)
    if state == "none":
        del shop.store[Key("key", TMK)]
    else:
        shop.change(SealedKey, TMK, state=state)
    request = shop.request(Kind.KEY_EXCHANGE, "X1")
    _, rounds = shop.judge(shop.arrived(request))
    assert not [need for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert exchange(shop, "X1") is Reason.KEY_UNKNOWN
    assert TMK in shop.remedy
    assert order(shop) is None
    assert key(shop, TPK).generation == 1


def test_a_vault_that_cannot(shop: Shop) -> None:
    """INV-06: no keys, no approval."""
    secure(shop)
    shop.verdicts["working_keys"] = Verdict("unusable", "the key is no key-encrypting key")
    assert shop.ask(shop.request(Kind.KEY_EXCHANGE, "X1")).reason is Reason.KEY_UNKNOWN
    assert "key-encrypting" in shop.trail["keys"][1]


@pytest.mark.parametrize("change", [{"session": False}, None])
def test_a_terminal_that_has_no_working_keys(shop: Shop, change: dict[str, Any] | None) -> None:
    """transaction.invalid, with what would change it."""
    secure(shop, **(change or {}))
    if change is None:
        shop.change(Terminal, "T1", security="")
    assert exchange(shop, "X1") is Reason.TRANSACTION_INVALID
    assert shop.remedy == "a security with working keys for the terminal"


def test_an_unknown_terminal_gets_none(shop: Shop) -> None:
    """M-19."""
    secure(shop)
    assert exchange(shop, "X1", terminal_id="T9") is Reason.TERMINAL_UNKNOWN


@pytest.mark.parametrize("ksn", ["", tdes(3)])
def test_an_exchange_is_held_to_its_mac(shop: Shop, ksn: str) -> None:
    """M-08: no key is made for who cannot prove himself; a right one is answered under its key."""
    secure(shop, mac="required")
    shop.policy = replace(shop.policy, macs=frozenset({"0800"}))
    assert exchange(shop, "X1", ksn=ksn) is Reason.MAC_INVALID
    shop.verdicts["mac"] = BAD
    event = shop.arrived(shop.request(Kind.KEY_EXCHANGE, "X1", mac=MAC, ksn=ksn))
    _, rounds = shop.judge(event)
    asked = [need.question for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert asked == ["mac"]
    shop.verdicts["mac"] = Verdict("good")
    assert exchange(shop, "X1", mac=MAC, ksn=ksn) is Reason.APPROVED
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    assert reply.sealing is not None
    name = "bdk.FFFF987654" if ksn else TAK
    assert reply.sealing.mac == MacOrder(KeyUse(name, f"block of {name}"), ksn)


def test_two_exchanges_of_one_batch(shop: Shop) -> None:
    """In order: the second's keys are the current ones, the first's are former."""
    secure(shop)
    shop.said = {"X1": {"working_keys": made(1)}, "X2": {"working_keys": made(2)}}
    shop.batch(*(shop.request(Kind.KEY_EXCHANGE, name) for name in ("X1", "X2")))
    found = key(shop, TPK)
    assert (found.block, found.generation, found.former[0].block) == ("tpk 2", 3, "tpk 1")


def test_a_sign_on_brings_keys_where_the_dialect_says_so(shop: Shop) -> None:
    """As terminals of the UnionPay line have it; a repeat brings the same."""
    secure(shop)
    assert exchange(shop, "S1", kind=Kind.SIGN_ON) is Reason.APPROVED
    assert order(shop) is None
    shop.policy = replace(shop.policy, signon_keys=True)
    assert exchange(shop, "S2", kind=Kind.SIGN_ON) is Reason.APPROVED
    first = order(shop)
    assert first is not None
    assert first.working[0] == ("tpk", KeyUse(TPK, "tpk 1"))
    assert exchange(shop, "S2", 7, kind=Kind.SIGN_ON) is Reason.APPROVED
    assert order(shop) == first
    assert exchange(shop, "S3", kind=Kind.SIGN_OFF) is Reason.APPROVED
    assert order(shop) is None


def test_a_sign_on_that_can_bring_no_keys_is_a_sign_on(shop: Shop) -> None:
    """For want of a master key, of working keys, or of any security; not for want of a vault."""
    secure(shop)
    shop.policy = replace(shop.policy, signon_keys=True)
    shop.verdicts["working_keys"] = Verdict("unusable")
    assert shop.ask(shop.request(Kind.SIGN_ON, "S1")).reason is Reason.KEY_UNKNOWN
    del shop.store[Key("key", TMK)]
    assert exchange(shop, "S2", kind=Kind.SIGN_ON) is Reason.APPROVED
    assert "no terminal master key" in shop.trail["keys"][1]
    secure(shop, session=False)
    assert exchange(shop, "S3", kind=Kind.SIGN_ON) is Reason.APPROVED
    shop.change(Terminal, "T1", security="")
    assert exchange(shop, "S4", kind=Kind.SIGN_ON) is Reason.APPROVED
    assert order(shop) is None
