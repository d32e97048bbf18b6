"""Key serial numbers: one counter, one message; what cannot be is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.effects import Tell
from switch.model.facts import Verdict
from switch.model.ksn import AES_COUNTERS, TDES_COUNTERS
from switch.model.records import Card, Device, Key, Terminal
from switch.model.words import Flow, Reason
from tests.core.keyed import BAD, BLOCK, MAC, aes, secure, tdes

if TYPE_CHECKING:
    from tests.core.conftest import Shop

LAST_TDES, LAST_AES = 0x1FF800, 0xFFFF0000


def device(shop: Shop, name: str = tdes(0)) -> Device | None:
    """What is remembered of the device."""
    record = shop.store.get(Key("device", name))
    assert record is None or isinstance(record, Device)
    return record


def failures(shop: Shop) -> int:
    """How often the terminal's cryptography has failed."""
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    return terminal.crypto_failures


def send(shop: Shop, key: str, ksn: str, **more: Any) -> Reason:
    """A purchase with a right MAC."""
    return shop.ask(shop.purchase(key, 100, mac=MAC, ksn=ksn, **more)).reason


def test_a_counter_is_good_for_one_message(shop: Shop) -> None:
    """M-13, SR-PIN-08: in another message it is ksn.replay, without any effect."""
    secure(shop)
    assert send(shop, "K1", tdes(1)) is Reason.APPROVED
    assert send(shop, "K2", tdes(1)) is Reason.KSN_REPLAY
    assert shop.balance("a-visa") == 99_900
    assert failures(shop) == 1
    assert "above 1" in shop.remedy
    assert send(shop, "K3", tdes(2)) is Reason.APPROVED


def test_the_same_message_again_is_a_repeat(shop: Shop) -> None:
    """INV-71: it falls under INV-11; its MAC is checked all the same."""
    secure(shop)
    assert send(shop, "K1", tdes(1)) is Reason.APPROVED
    assert send(shop, "K1", tdes(1)) is Reason.APPROVED
    assert shop.balance("a-visa") == 99_900
    assert failures(shop) == 0
    shop.verdicts["mac"] = BAD
    assert send(shop, "K1", tdes(1)) is Reason.MAC_INVALID


def test_a_repeat_under_a_new_counter_uses_it_up(shop: Shop) -> None:
    """INV-71: no other message can have it afterwards."""
    secure(shop)
    send(shop, "K1", tdes(1))
    assert send(shop, "K1", tdes(2)) is Reason.APPROVED
    assert send(shop, "K2", tdes(2)) is Reason.KSN_REPLAY


def test_the_window(shop: Shop) -> None:
    """M-14: inside it each counter is taken once, outside it none."""
    secure(shop, window=16)
    assert send(shop, "K0", tdes(100)) is Reason.APPROVED
    assert send(shop, "K1", tdes(84)) is Reason.APPROVED
    assert send(shop, "K2", tdes(84)) is Reason.KSN_REPLAY
    assert shop.trail["ksn"] == (False, "was used in another message")
    assert send(shop, "K3", tdes(83)) is Reason.KSN_REPLAY
    assert shop.trail["ksn"] == (False, "is more than 16 behind 64, the device's newest")
    assert send(shop, "K4", tdes(99)) is Reason.APPROVED
    assert send(shop, "K5", tdes(101)) is Reason.APPROVED
    assert send(shop, "K6", tdes(84)) is Reason.KSN_REPLAY
    assert send(shop, "K7", tdes(100)) is Reason.KSN_REPLAY


def test_a_wider_window_brings_nothing_back(shop: Shop) -> None:
    """INV-71: what has fallen out of a window is not known any more, so it stays out."""
    secure(shop, window=4)
    send(shop, "K0", tdes(10))
    send(shop, "K1", tdes(100))
    secure(shop, window=1_000)
    assert send(shop, "K2", tdes(10)) is Reason.KSN_REPLAY
    assert send(shop, "K3", tdes(97)) is Reason.APPROVED
    assert send(shop, "K4", tdes(11)) is Reason.KSN_REPLAY


def test_no_window_at_all(shop: Shop) -> None:
    """Counters only rise."""
    secure(shop, window=0)
    assert send(shop, "K0", tdes(10)) is Reason.APPROVED
    assert send(shop, "K1", tdes(9)) is Reason.KSN_REPLAY
    assert send(shop, "K2", tdes(10)) is Reason.KSN_REPLAY
    assert send(shop, "K3", tdes(11)) is Reason.APPROVED


IMPOSSIBLE = [
    tdes(0),
    tdes(0x7FF),
    tdes(0x1FF801),
    tdes(0x1FFFFF),
    aes(0),
    aes(0x1FFFF),
    aes(0xFFFF0001),
    "FFFF98765432",
    "FFFF9876543210E0000100",
    "not a key serial nr!",
]


@pytest.mark.parametrize("with_mac", [True, False])
@pytest.mark.parametrize("ksn", IMPOSSIBLE)
def test_a_counter_that_cannot_be(shop: Shop, ksn: str, with_mac: bool) -> None:
    """M-15: zero, too many one bits, beyond the last, of no length; nobody is asked."""
    secure(shop)
    more = {"mac": MAC} if with_mac else {"pin_block": BLOCK}
    request = shop.purchase(ksn=ksn, **more)
    assert shop.ask(request).reason is Reason.KSN_INVALID
    assert failures(shop) == 1
    assert shop.remedy
    assert not [key for key in shop.store if key.table == "device"]


@pytest.mark.parametrize(("last", "ksn"), [(LAST_TDES, tdes), (LAST_AES, aes)])
def test_a_device_at_its_end_is_named(shop: Shop, last: int, ksn: Any) -> None:
    """M-15: `ksn.exhausted` names it when its last counter is used, and whenever it goes on."""
    secure(shop)
    for key, counter, reason in (
        ("K1", last, Reason.APPROVED),
        ("K2", last + 1, Reason.KSN_INVALID),
    ):
        assert send(shop, key, ksn(counter)) is reason
        (told,) = [effect for effect in shop.last.effects if isinstance(effect, Tell)]
        assert (told.event, told.data["device"]) == ("ksn.exhausted", ksn(0))


def test_how_many_counters_there_are() -> None:
    """M-15: 1 048 575 and 2 448 023 842."""
    assert (TDES_COUNTERS, AES_COUNTERS) == (1_048_575, 2_448_023_842)


def test_a_key_set_that_nobody_knows(shop: Shop) -> None:
    """M-16: key.unknown; no other key is tried, no counter is used up."""
    secure(shop)
    assert send(shop, "K1", "FFFF1111111111E00001") is Reason.KEY_UNKNOWN
    assert shop.last.trail[-1].saw == "bdk.FFFF111111"
    assert not [key for key in shop.store if key.table == "device"]


def test_the_short_form_of_a_key_serial_number_is_the_same_device(shop: Shop) -> None:
    """8 bytes are 10 without FFFF."""
    secure(shop)
    assert send(shop, "K1", tdes(1)[4:]) is Reason.APPROVED
    assert send(shop, "K2", tdes(1)) is Reason.KSN_REPLAY


@pytest.mark.parametrize(
    ("outcome", "reason", "used"),
    [
        ("good", Reason.APPROVED, True),
        ("bad", Reason.PIN_WRONG, True),
        ("block_invalid", Reason.PIN_BLOCK_INVALID, False),
        ("unknown_key", Reason.KEY_UNKNOWN, False),
    ],
)
def test_without_a_mac_a_pin_block_uses_its_counter_up(
    shop: Shop, outcome: str, reason: Reason, used: bool
) -> None:
    """INV-71: only if it deciphers to one; else anybody could use up another's counters."""
    secure(shop)
    shop.verdicts["pin"] = Verdict(outcome)
    assert shop.ask(shop.purchase(pin_block=BLOCK, ksn=tdes(1))).reason is reason
    assert (device(shop) is not None) is used
    shop.verdicts["pin"] = Verdict("good")
    again = shop.ask(shop.purchase("K2", pin_block=BLOCK, ksn=tdes(1))).reason
    assert again is (Reason.KSN_REPLAY if used else Reason.APPROVED)


def test_a_wrong_mac_uses_nothing_up(shop: Shop) -> None:
    """INV-71: a message whose sender is in doubt has no counter."""
    secure(shop)
    shop.verdicts["mac"] = BAD
    send(shop, "K1", tdes(1))
    assert device(shop) is None


def test_a_number_that_nothing_rests_upon_is_not_looked_at(shop: Shop) -> None:
    """INV-21: a reversal may copy its original's, and is not refused for it."""
    secure(shop)
    assert shop.ask(shop.purchase(pin_block=BLOCK, ksn=tdes(1))).approved
    assert shop.ask(shop.reversal(ksn=tdes(1))).approved
    advice = shop.purchase("K2", flow=Flow.ADVICE, ksn=tdes(1), pin_block=BLOCK)
    assert shop.ask(advice).approved
    assert shop.balance("a-visa") == 99_000


def test_a_declined_message_has_used_its_counter(shop: Shop) -> None:
    """M-13: whatever it was declined for."""
    secure(shop)
    shop.change(Card, "token-0010", status="blocked")
    assert send(shop, "K1", tdes(1)) is Reason.CARD_BLOCKED
    shop.change(Card, "token-0010", status="active")
    assert send(shop, "K2", tdes(1)) is Reason.KSN_REPLAY


def test_two_messages_of_one_batch_with_one_counter(shop: Shop) -> None:
    """INV-71: they are decided in order."""
    secure(shop)
    same = {"mac": MAC, "ksn": tdes(7)}
    answers = shop.batch(shop.purchase("K1", 100, **same), shop.purchase("K2", 100, **same))
    assert [answer.reason for answer in answers] == [Reason.APPROVED, Reason.KSN_REPLAY]
    assert shop.balance("a-visa") == 99_900


def test_a_device_may_move_to_another_terminal(shop: Shop) -> None:
    """Noted and told, not refused: devices are repaired and swapped. Its counters stay used."""
    secure(shop)
    shop.put(replace(shop.store[Key("terminal", "T1")], id="T2"))
    send(shop, "K1", tdes(1))
    assert send(shop, "K2", tdes(1), terminal_id="T2") is Reason.KSN_REPLAY
    assert send(shop, "K3", tdes(2), terminal_id="T2") is Reason.APPROVED
    assert "ksn.device_moved" in shop.told
    assert shop.trail["ksn"] == (True, "the device was last at terminal T1")
    known = device(shop)
    assert known is not None
    assert known.terminal_id == "T2"


def test_the_two_schemes_have_devices_of_their_own(shop: Shop) -> None:
    """TDES and AES DUKPT side by side."""
    secure(shop)
    assert send(shop, "K1", tdes(1)) is Reason.APPROVED
    assert send(shop, "K2", aes(1)) is Reason.APPROVED
    assert {key.id for key in shop.store if key.table == "device"} == {tdes(0), aes(0)}
