"""An operator's commands about how a card is secured: whose keys judge it, its PIN tries, scripts.

Owns what they write. Refuses PINs and keys: a PIN is known by its reference, which the vault makes.
"""

from __future__ import annotations

import re
from typing import Final

from switch.core.admin_fields import Field, digits, one_of, text, yes_or_no
from switch.core.admin_told import refused, settled
from switch.core.pins import TRIES, VERIFYING
from switch.model.events import OperatorCommand
from switch.model.facts import Decision, Facts
from switch.model.records import Card, next_version

MOST_SCRIPTS: Final = 8  # that wait for one card (INV-95)
SCRIPT: Final = re.compile(
    r"application-block|application-unblock|card-block|pin-unblock"
    r"|put-data:[0-9A-F]{2}(?:[0-9A-F]{2})?:(?:[0-9A-F]{2}){1,32}"
)
SECURITY_FIELDS: Final = {
    "issuer": Field("issuer", text(60)),
    "sequence": Field("sequence", digits(2)),
    "pin_method": Field("pin_method", one_of("", *VERIFYING)),
    "pin_reference": Field("pin_reference", digits(*range(4, 13))),
    "chip": Field("chip", text(40)),
    "verification": Field("verification", yes_or_no),
}


def reset_pin(event: OperatorCommand, facts: Facts) -> Decision:
    """Let the card's PIN be tried again."""
    known = facts.find(Card, event.arguments.get("card", ""))
    if known is None:
        return refused(event, "there is no such card: list shows those that are")
    data = {"card": known.id, "pin_tries_left": TRIES}
    if known.pin_tries_left == TRIES:
        return settled(event, (), "no PIN try of the card is used", data)
    after = next_version(known, pin_tries_left=TRIES)
    return settled(event, (after,), f"card: {TRIES} PIN tries again", data)


def queue_script(event: OperatorCommand, facts: Facts) -> Decision:
    """Let an issuer script wait for the card's next chip transaction. ``script`` names its command;
    empty takes back all that wait.
    """
    known = facts.find(Card, event.arguments.get("card", ""))
    if known is None:
        return refused(event, "there is no such card: list shows those that are")
    script = event.arguments.get("script")
    if script is None:
        return refused(event, "say which script: a command by name, or nothing to take all back")
    if script and not known.chip:
        return refused(event, "no chip of this card is known: set its chip first")
    if script and not SCRIPT.fullmatch(script):
        said = "application-block, application-unblock, card-block, pin-unblock, put-data:TAG:VALUE"
        return refused(event, f"{script[:24]!r} is no script: there are {said}")
    if script and len(known.scripts) >= MOST_SCRIPTS:
        return refused(event, f"{MOST_SCRIPTS} scripts wait for the card: take them back first")
    scripts = (*known.scripts, script) if script else ()
    data = {"card": known.id, "scripts": list(scripts)}
    if scripts == known.scripts:
        return settled(event, (), "no script waits for the card", data)
    count = "1 script waits" if len(scripts) == 1 else f"{len(scripts)} scripts wait"
    said = f"card: {count} for its next chip transaction"
    return settled(event, (next_version(known, scripts=scripts),), said, data)
