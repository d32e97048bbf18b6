"""Scenes of the demonstration about keys: injected, used for PIN, MAC and chip, misused, exchanged.

Owns these scenes and what must come out of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from switch.model.words import EntryMode, Kind
from switch.values import Pin
from switch_tools.demo_counter import Counter, is_approved, is_declined
from switch_tools.terminal_engine import Outcome
from switch_tools.terminal_injecting import Order, first_of, from_switch
from switch_tools.terminal_keys import TAK, TDES_DUKPT, TMK, TPK, Fresh, KeyRing
from switch_tools.terminal_model import Checked, Faults, Presented
from switch_tools.terminal_place import find_place

_BAD_MAC: Final = "mac.invalid"
VERIFIED: Final = Checked(mac="verified", cryptogram="verified")
Lines = Sequence[Mapping[str, Any]]


async def injected(counter: Counter) -> None:
    """A device gets what a key-injection room gives it."""
    counter.stage.scene(
        "A key for the terminal",
        "isoswitch terminal inject: the initial key of a new device under the test key of ANSI\n"
        "X9.24-1, from the switch's vault. A terminal shows check values, never a key.",
    )
    _inject(counter, first_of(find_place(None).key_sets, aes=False))
    counter.stage.expect("the terminal has a key", _keys(counter).has(TDES_DUKPT))


async def all_at_once(counter: Counter) -> None:
    """PIN, MAC and chip data in one purchase."""
    stage = counter.stage
    stage.scene(
        "Purchase with PIN, MAC and chip",
        "isoswitch terminal purchase --card chip-visa --amount 12.34 --entry chip --pin 1234",
    )
    outcome = await _bought(counter, "chip-visa", "1234")
    lines = await _logged(counter, trail=True)
    stage.receipt(outcome)
    stage.expect("it is approved", is_approved(outcome))
    stage.expect("all was checked", _passed(lines, "mac", "ksn", "cryptogram", "pin"))
    believed = outcome.heard is not None and outcome.heard.checked == VERIFIED
    stage.expect("terminal and card believe the answer", believed)


async def wrong_pins(counter: Counter) -> None:
    """Three tries, and no more."""
    stage = counter.stage
    stage.scene("Wrong PIN", "Three tries; whatever comes then, the card's PIN is blocked.")
    tried = [await _bought(counter, "mastercard", pin) for pin in ("1111", "2222", "3333", "1234")]
    stage.logged(await counter.host.decisions(len(tried)))
    codes = [one.heard.code for one in tried if one.heard is not None]
    stage.expect("wrong, wrong, that was the last one", codes[:3] == ["55", "55", "75"])
    stage.expect("the right PIN comes too late", codes[3:] == ["75"])


async def replayed(counter: Counter) -> None:
    """A key serial number serves once."""
    stage = counter.stage
    stage.scene("A key serial number again", "isoswitch terminal purchase ... --replay-ksn")
    outcome = await _bought(counter, "chip-visa", "1234", Faults(replay_ksn=True))
    lines = await _logged(counter)
    stage.expect("it is refused", is_declined(outcome, "63"))
    stage.expect("as a replay", _reason(lines) == "ksn.replay")


async def wrong_macs(counter: Counter) -> None:
    """One bit, and another padding: the switch says what would have fitted."""
    stage = counter.stage
    stage.scene(
        "A MAC that does not fit",
        "One bit is wrong (--bad-mac); then all is right, but for the padding (--pad 2).",
    )
    one_bit = await _bought(counter, "chip-visa", "1234", Faults(mac=True))
    lines = await _logged(counter)
    stage.expect("one bit is enough", is_declined(one_bit, "63") and _reason(lines) == _BAD_MAC)
    padded = await _bought(counter, "chip-visa", "1234", Faults(padding=2))
    lines = await _logged(counter)
    stage.expect("so is another padding", is_declined(padded, "63") and _reason(lines) == _BAD_MAC)
    said = await counter.ask(
        "explain",
        "--terminal", counter.device.identity.terminal_id,
        "--stan", padded.entry.stan,
    )  # fmt: skip
    stage.expect("and the trail names the padding that it had", "padding 2" in said)


async def aes(counter: Counter) -> None:
    """The same in AES."""
    stage = counter.stage
    stage.scene(
        "AES DUKPT, PIN block format 4",
        "isoswitch terminal inject --aes: ANSI X9.24-3, 16 bytes of PIN block, 24 digits of\n"
        "key serial number.",
    )
    _inject(counter, first_of(find_place(None).key_sets, aes=True))
    outcome = await _bought(counter, "chip-unionpay", "1234")
    lines = await _logged(counter, trail=True)
    stage.expect("it is approved", is_approved(outcome))
    stage.expect("PIN and MAC are right", _passed(lines, "mac", "ksn", "pin"))
    wrong = await _bought(counter, "unionpay", "9999")
    await _logged(counter)
    stage.expect("a wrong PIN is a wrong PIN", is_declined(wrong, "55"))
    again = await _bought(counter, "chip-unionpay", "1234", Faults(replay_ksn=True))
    stage.expect("a replay is a replay", _reason(await _logged(counter)) == "ksn.replay")
    stage.expect("and is refused", is_declined(again, "63"))
    other = await _bought(counter, "chip-unionpay", "1234", Faults(padding=2))
    stage.expect("a wrong MAC is a wrong MAC", _reason(await _logged(counter)) == _BAD_MAC)
    stage.expect("and is refused as well", is_declined(other, "63"))


async def exchanged(counter: Counter) -> None:
    """Working keys under a master key, twice; the first ones are accepted for a while."""
    stage = counter.stage
    stage.scene(
        "New working keys",
        "isoswitch terminal inject --tmk, then keys: key blocks under the master key of another\n"
        "terminal. A second exchange, and a message under the keys before it.",
    )
    keys = _keys(counter)
    _inject(counter, Order(TMK))
    first = await counter.do(Kind.KEY_EXCHANGE)
    _told(counter, keys, TPK, TAK)
    before = [_copied(keys, name) for name in (TPK, TAK)]
    bought = await _bought(counter, "chip-visa", "1234")
    await _logged(counter)
    second = await counter.do(Kind.KEY_EXCHANGE)
    _told(counter, keys, TPK, TAK)
    stage.expect("two exchanges", is_approved(first) and is_approved(second))
    stage.expect("traffic under the first keys", is_approved(bought))
    under_new = await _bought(counter, "chip-visa", "1234")
    await _logged(counter)
    stage.expect("traffic under the second", is_approved(under_new))
    keys.put(*before)
    late = await _bought(counter, "chip-visa", "1234")
    lines = await _logged(counter, trail=True)
    stage.expect("the keys before are still accepted", is_approved(late))
    stage.expect("and the trail says so", "key before" in _check(lines, "mac").get("said", ""))


async def _bought(counter: Counter, card: str, pin: str, faults: Faults | None = None) -> Outcome:
    """A purchase of 12.34, read by the chip."""
    presented = Presented(pin=Pin(pin), faults=faults or Faults())
    return await counter.quietly(
        Kind.PURCHASE, card, "12.34", entry_mode=EntryMode.CHIP, presented=presented
    )


async def _logged(counter: Counter, *, trail: bool = False) -> Lines:
    """What the log says to the last decision."""
    lines = await counter.host.decisions(1)
    counter.stage.logged(lines, trail=trail)
    return lines


def _inject(counter: Counter, order: Order) -> None:
    keys = _keys(counter)
    keys.put(from_switch(counter.host.data, counter.device.identity.terminal_id, order))
    _told(counter, keys, order.slot)


def _told(counter: Counter, keys: KeyRing, *names: str) -> None:
    """Check values, as the terminal shows them."""
    for slot in map(keys.slot, names):
        serial = f"  {slot.ksn}" if slot.ksn else ""
        counter.stage.paper(f"{slot.name:<12}{slot.check_value:<12}{serial}")


def _keys(counter: Counter) -> KeyRing:
    assert counter.device.keys is not None
    return counter.device.keys


def _copied(keys: KeyRing, name: str) -> Fresh:
    return Fresh(name, keys.slot(name).algorithm, keys.key(name))


def _check(lines: Lines, name: str) -> Mapping[str, Any]:
    """What the last decision says of one check."""
    trail = lines[-1]["trail"] if lines else ()
    return next((check for check in trail if check["name"] == name), {})


def _passed(lines: Lines, *names: str) -> bool:
    return all(_check(lines, name).get("ok") for name in names)


def _reason(lines: Lines) -> str:
    return str(lines[-1]["reason"]) if lines else ""
