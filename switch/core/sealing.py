"""What the vault adds to an answer when it is written: its MAC, what the chip is told, keys.

Owns which of it an answer bears. A MAC is made wherever the request bore one or owed one and its
key is known, on declines too, on that of a wrong MAC as well (M-08); under the key that has
verified the request's. Refuses to make any of it, and to store it: a repeat is sealed anew, under
the keys that it names itself.
"""

from __future__ import annotations

from switch.core.terms import NONE, REQUIRED, Refusal, key_name, key_use, must_bear_mac, terms_of
from switch.model.facts import Facts
from switch.model.request import Request
from switch.model.security import ChipOrder, KeyOrder, MacOrder, Sealing, Security


def mac_order(request: Request, facts: Facts, security: Security | None) -> MacOrder | None:
    """The MAC of the answer; ``None`` where it bears none."""
    if security is None or not (request.mac or security.mac == REQUIRED) or security.mac == NONE:
        return None
    if not request.mac and not must_bear_mac(request.message_type, facts.policy.macs, security):
        return None
    name = key_name(request, security, "tak")
    if isinstance(name, Refusal):
        return None
    key = key_use(name, facts, facts.verdicts.get("mac"))
    return None if key is None else MacOrder(key, request.ksn, security.mac_scheme)


def sealing(
    request: Request,
    facts: Facts,
    security: Security | None,
    chip: ChipOrder | None = None,
    keys: KeyOrder | None = None,
) -> Sealing | None:
    """All that the answer is sealed with; ``None`` where that is nothing."""
    mac = mac_order(request, facts, security)
    if mac is None and chip is None and keys is None:
        return None
    return Sealing(mac, chip, keys)


def concerns(request: Request, facts: Facts) -> bool:
    """Whether the answer to such a message bears a MAC, if the sender's terms say so."""
    bears = request.mac or request.message_type in facts.policy.macs
    return bool(request.terminal_id and bears)


def unjudged(request: Request, facts: Facts) -> Sealing | None:
    """The seal of an answer for which no check was asked."""
    return sealing(request, facts, terms_of(request, facts))
