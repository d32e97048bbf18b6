"""Keys on their way into a virtual terminal: asked of a running switch, or typed from a key sheet.

Owns what is asked for and what is taken. Test keys only. Refuses to keep a key: that is
``terminal_keys``'.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from switch.keys.ciphers import wipe
from switch.keys.clear_keys import combine
from switch.keys.port import KeyRefused
from switch.model import ksn as ksn_words
from switch.model.security import AES_SET_DIGITS, TDES_SET_DIGITS, base_key, terminal_key
from switch.server.asking import ask
from switch_tools.terminal_key_blocks import check_value_of, fit_to_inject
from switch_tools.terminal_keys import AES_DUKPT, TDES_DUKPT, Fresh
from switch_tools.terminal_refusal import TerminalError

_TDES_COUNTER_BITS: Final = 21
_TDES_DIGITS: Final = 20
_AES_DIGITS: Final = 24
# A command and its arguments -> the answer of the switch that works in the folder.
Ask = Callable[..., dict[str, Any]]


class InjectionRefused(TerminalError):
    """A key that cannot be injected: the switch, or the terminal, says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which key: the slot that it goes into, and of an initial key the key serial number."""

    slot: str
    aes: bool = False
    ksn: str = ""

    @property
    def algorithm(self) -> str:
        """As X9.143 writes it."""
        return "A" if self.aes else "T"


def initial_order(ksi: str, ksn: str) -> Order:
    """The initial key of a device: of that key serial number, or of a new device of the key set
    (10 hex digits: TDES, 8: AES). Raises InjectionRefused.

    >>> initial_order("", "FFFF9876543210E00007").ksn
    'FFFF9876543210E00000'
    """
    try:
        serial = ksn_words.parse(ksn or _new_device(ksi))
    except ksn_words.KsnRefused as failure:
        raise InjectionRefused(str(failure)) from None
    return Order(AES_DUKPT if serial.aes else TDES_DUKPT, serial.aes, serial.device)


def first_of(key_sets: Sequence[str], *, aes: bool) -> Order:
    """The initial key of a new device of a world's first key set. Raises InjectionRefused."""
    named = next((one for one in key_sets if (len(one) == AES_SET_DIGITS) is aes), "")
    if not named:
        said = f"has no base key for {'AES' if aes else 'TDES'}: name one with --bdk or --ksn"
        raise InjectionRefused(f"the world {said}")
    return initial_order(named, "")


def _new_device(ksi: str) -> str:
    """A key serial number of a device that nobody has met: its number is chance."""
    if len(ksi) == AES_SET_DIGITS:
        return (ksi + os.urandom(4).hex()).upper().ljust(_AES_DIGITS, "0")
    if len(ksi) != TDES_SET_DIGITS:
        said = f"{TDES_SET_DIGITS} hex digits (TDES) or {AES_SET_DIGITS} (AES)"
        raise InjectionRefused(f"a key set has {said}, this one has {len(ksi)}")
    rest = int.from_bytes(os.urandom(5), "big") >> _TDES_COUNTER_BITS << _TDES_COUNTER_BITS
    return f"{ksi}{rest:010X}".upper()


def from_switch(folder: Path, terminal_id: str, order: Order, asking: Ask = ask) -> Fresh:
    """A key of the switch that works in ``folder``. Raises ControlError, InjectionRefused."""
    if order.ksn:
        told = asking(
            folder,
            "keys.initial_key",
            arguments={"name": base_key(order.ksn), "ksn": order.ksn},
        )
    else:
        name = terminal_key(terminal_id, order.slot)
        told = asking(folder, "keys.inject", arguments={"name": name, "algorithm": order.algorithm})
    if not told.get("ok"):
        raise InjectionRefused(f"the switch gives no key: {told.get('error', 'it says nothing')}")
    key = bytearray.fromhex(told["key"])
    if check_value_of(order.algorithm, key) != told["check_value"]:
        wipe(key)
        raise InjectionRefused("the key that came has another check value than the switch says")
    return Fresh(order.slot, order.algorithm, key, order.ksn)


def from_sheet(order: Order, components: Sequence[str]) -> Fresh:
    """A key in hex, or as components that are XORed. Raises InjectionRefused."""
    parts: list[bytearray] = []
    try:
        parts += map(bytearray.fromhex, components)
        key = combine(parts) if len(parts) > 1 else bytearray(parts[0])
        fit_to_inject(order.algorithm, key)
    except ValueError:
        raise InjectionRefused("a key is written as hex digits, two for a byte") from None
    except KeyRefused as failure:
        raise InjectionRefused(str(failure)) from None
    finally:
        wipe(*parts)
    return Fresh(order.slot, order.algorithm, key, order.ksn)
