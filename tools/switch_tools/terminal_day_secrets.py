"""Steps of a script about keys, PINs and codes: what leaves with a request, what is injected.

Owns that part of the notation's meaning. Refuses to keep any of it.
"""

from __future__ import annotations

from typing import Any

from switch.data_folder import state_folder
from switch.values import CardVerification
from switch_tools.cards import CardInHand
from switch_tools.terminal_day_cast import Player
from switch_tools.terminal_day_words import WRONG, Step
from switch_tools.terminal_injecting import Order, first_of, from_switch
from switch_tools.terminal_keys import TMK
from switch_tools.terminal_model import Faults, Presented
from switch_tools.terminal_presenting import OF_CARD, pin_of


def presented(step: Step, card: CardInHand | None) -> Presented:
    """What leaves with the step's request. Raises CardError."""
    code = CardVerification(step.cvv2) if step.cvv2 else None
    if step.cvv2 == OF_CARD:
        code = None if card is None else card.cvv2
    faults: dict[str, Any] = {}
    for wrong in step.wrong:
        faults |= WRONG[wrong]
    return Presented(
        pin=pin_of(step.pin) if step.pin else None,
        pin_format=step.pin_format,
        card_verification=code,
        faults=Faults(**faults),
    )


def inject(player: Player, step: Step) -> None:
    """As a key-injection room does, from the switch of the world. Raises ControlError,
    InjectionRefused.
    """
    keys, aes = player.device.keys, step.key.endswith("-aes")
    order = Order(TMK, aes) if step.key.startswith(TMK) else first_of(player.key_sets, aes=aes)
    if keys is not None:
        keys.put(from_switch(player.data or state_folder(), player.name, order))
