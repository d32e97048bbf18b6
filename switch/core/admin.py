"""Administration: an operator's commands as events, decided like any other (INV-01 holds for them).

Owns the table of commands and the ones about terminals and merchants. A command is refused whole
with what was wrong and what to do, or its records are kept whole. Saying it again does no harm: a
``set`` that changes nothing keeps nothing. Refuses to know sockets; who waits for the outcome is a
ticket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from switch.core import admin_card_security, admin_cards, admin_deeds, admin_keys
from switch.core.admin_fields import (
    Field,
    Wrong,
    currency,
    identity,
    one_of,
    read_fields,
    security,
    text,
    yes_or_no,
    zone,
)
from switch.core.admin_told import refused, settled
from switch.core.cutover import COMMAND as CUTOVER
from switch.core.cutover import cutover, of_cutover
from switch.core.needs import Needs, missing
from switch.model.events import OperatorCommand
from switch.model.facts import Decision, Facts
from switch.model.records import Merchant, Record, Terminal, key_of, next_version

MERCHANT_LENGTH: Final = 15
TERMINAL_LENGTH: Final = 16
_STATUS: Final = one_of("active", "inactive")
MERCHANT_FIELDS: Final = {
    "name": Field("name", text(60)),
    "category": Field("category", text(4)),
    "status": Field("status", _STATUS),
    "currency": Field("currency", currency),
    "zone": Field("zone", zone),
}
TERMINAL_FIELDS: Final = {
    "merchant": Field("merchant_id", text(MERCHANT_LENGTH)),
    "status": Field("status", _STATUS),
    "currency": Field("currency", currency),
    "zone": Field("zone", zone),
    "partial_approval": Field("partial_approval", yes_or_no),
    "security": Field("security", security),
}


class Command(NamedTuple):
    """The facts that a command needs, and how it is decided."""

    needs: Callable[[OperatorCommand, Facts], Needs]
    decide: Callable[[OperatorCommand, Facts], Decision]


def of_command(event: OperatorCommand, facts: Facts) -> Needs:
    """What the command needs to know."""
    command = _ALL.get(event.name)
    return () if command is None else command.needs(event, facts)


def command(event: OperatorCommand, facts: Facts) -> Decision:
    """Decide an operator's command."""
    known = _ALL.get(event.name)
    if known is None:
        return refused(event, f"there is no command {event.name[:24]!r}")
    return known.decide(event, facts)


def _of_merchant(event: OperatorCommand, facts: Facts) -> Needs:
    return missing(facts.rows, [key_of(Merchant.TABLE, event.arguments.get("id", ""))])


def _of_terminal(event: OperatorCommand, facts: Facts) -> Needs:
    wanted = [key_of(Terminal.TABLE, event.arguments.get("id", ""))]
    if "merchant" in event.arguments:
        wanted.append(key_of(Merchant.TABLE, event.arguments["merchant"]))
    return missing(facts.rows, wanted)


def add_merchant(event: OperatorCommand, facts: Facts) -> Decision:
    """A new merchant, in the house's currency and zone unless told otherwise."""
    name = event.arguments.get("id", "")
    wanted = read_fields(event.arguments, MERCHANT_FIELDS, facts, ("id",))
    wrong = identity(name, MERCHANT_LENGTH)
    if wrong is None and facts.find(Merchant, name) is not None:
        wrong = Wrong(f"merchant {name} is there already: use set to change it")
    if wrong is not None:
        return refused(event, wrong.said)
    if isinstance(wanted, Wrong):
        return refused(event, wanted.said)
    settings = facts.settings
    content = {"currency": settings.default_currency, "zone": settings.house_zone, **wanted}
    return _kept(event, f"merchant {name}", Merchant(id=name, **content), content)


def set_merchant(event: OperatorCommand, facts: Facts) -> Decision:
    """Change what is named of a merchant."""
    name = event.arguments.get("id", "")
    known = facts.find(Merchant, name)
    if known is None:
        return refused(event, f"there is no merchant {name[:24]!r}: list shows those that are")
    return _set(event, f"merchant {name}", known, MERCHANT_FIELDS, facts)


def add_terminal(event: OperatorCommand, facts: Facts) -> Decision:
    """A new terminal of a merchant that is there, in that one's currency and zone unless told
    otherwise.
    """
    name = event.arguments.get("id", "")
    wanted = read_fields(event.arguments, TERMINAL_FIELDS, facts, ("id",))
    wrong = identity(name, TERMINAL_LENGTH)
    if wrong is None and facts.find(Terminal, name) is not None:
        wrong = Wrong(f"terminal {name} is there already: use set to change it")
    if wrong is None and "merchant" not in event.arguments:
        wrong = Wrong("a terminal belongs to a merchant: name it")
    wrong = wrong or _no_merchant(event, facts)
    if wrong is not None:
        return refused(event, wrong.said)
    if isinstance(wanted, Wrong):
        return refused(event, wanted.said)
    owner = facts.find(Merchant, event.arguments["merchant"])
    assert owner is not None
    content = {"currency": owner.currency, "zone": owner.zone, **wanted}
    return _kept(event, f"terminal {name}", Terminal(id=name, **content), content)


def set_terminal(event: OperatorCommand, facts: Facts) -> Decision:
    """Change what is named of a terminal."""
    name = event.arguments.get("id", "")
    known = facts.find(Terminal, name)
    if known is None:
        return refused(event, f"there is no terminal {name[:24]!r}: list shows those that are")
    wrong = _no_merchant(event, facts)
    if wrong is not None:
        return refused(event, wrong.said)
    return _set(event, f"terminal {name}", known, TERMINAL_FIELDS, facts)


def unlock_terminal(event: OperatorCommand, facts: Facts) -> Decision:
    """Forget the failures of a terminal's cryptography, so that it is listened to again."""
    name = event.arguments.get("id", "")
    known = facts.find(Terminal, name)
    if known is None:
        return refused(event, f"there is no terminal {name[:24]!r}: list shows those that are")
    if not known.crypto_failures:
        return settled(event, (), f"terminal {name} has no failures", {"id": name})
    after = next_version(known, crypto_failures=0, crypto_failures_us=0)
    said = f"terminal {name}: {known.crypto_failures} failures forgotten"
    return settled(event, (after,), said, {"id": name})


def _no_merchant(event: OperatorCommand, facts: Facts) -> Wrong | None:
    """The merchant that is named must be there."""
    owner = event.arguments.get("merchant")
    if owner is None or facts.find(Merchant, owner) is not None:
        return None
    return Wrong(f"there is no merchant {owner[:24]!r}: add it first, or name one that list shows")


def _set(
    event: OperatorCommand,
    what: str,
    known: Merchant | Terminal,
    fields: dict[str, Field],
    facts: Facts,
) -> Decision:
    wanted = read_fields(event.arguments, fields, facts, ("id",))
    if isinstance(wanted, Wrong):
        return refused(event, wanted.said)
    if not wanted:
        return refused(event, f"say what to set: there are {', '.join(fields)}")
    changed = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    if not changed:
        return settled(event, (), f"{what} is so already", {"id": known.id})
    return _kept(event, what, next_version(known, **changed), changed)


def _kept(event: OperatorCommand, what: str, record: Record, content: dict[str, Any]) -> Decision:
    said = ", ".join(f"{name} {value}" for name, value in content.items())
    return settled(event, (record,), f"{what}: {said}", {"id": record.id, **content})


COMMANDS: Final[dict[str, Command]] = {
    "merchants.add": Command(_of_merchant, add_merchant),
    "merchants.set": Command(_of_merchant, set_merchant),
    "terminals.add": Command(_of_terminal, add_terminal),
    "terminals.set": Command(_of_terminal, set_terminal),
    "terminals.unlock": Command(_of_terminal, unlock_terminal),
    "cards.add": Command(admin_cards.of_card, admin_cards.add_card),
    "cards.set": Command(admin_cards.of_card, admin_cards.set_card),
    "cards.reset_pin": Command(admin_cards.of_card, admin_card_security.reset_pin),
    "cards.script": Command(admin_cards.of_card, admin_card_security.queue_script),
    CUTOVER: Command(of_cutover, cutover),
}
# Those of the key desk are no operator's to give: a key comes out of the vault first.
KEY_COMMANDS: Final[dict[str, Command]] = {
    "keys.install": Command(admin_keys.of_key, admin_keys.install),
    "keys.rotate": Command(admin_keys.of_key, admin_keys.rotate),
    "keys.state": Command(admin_keys.of_key, admin_keys.set_state),
    "keys.destroy": Command(admin_keys.of_key, admin_keys.destroy),
    admin_deeds.COMMAND: Command(admin_deeds.of_deed, admin_deeds.deed),
}
_ALL: Final = {**COMMANDS, **KEY_COMMANDS}
