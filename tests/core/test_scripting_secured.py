"""Scripted rules and secured messages: a rule shapes an answer, it proves nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.model.copies import replace
from switch.model.effects import Reply
from switch.model.records import Key
from switch.model.scripts import Script, book_of
from switch.model.words import Kind, Reason
from tests.core.keyed import BAD, MAC, secure

if TYPE_CHECKING:
    from tests.core.conftest import Shop


def scripted(shop: Shop, reason: Reason) -> None:
    """A rule that decides everything so."""
    rule = Script(name="a", place="x.toml:1", reason=reason)
    shop.settings = replace(shop.settings, scripts=book_of([rule]))


def is_sealed(shop: Shop) -> bool:
    """Whether the last answer bears a MAC."""
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    return reply.sealing is not None and reply.sealing.mac is not None


@pytest.mark.parametrize("reason", [Reason.APPROVED, Reason.SCRIPTED])
def test_a_scripted_answer_bears_a_mac(shop: Shop, reason: Reason) -> None:
    """M-08: approved or declined, where the request bore one."""
    secure(shop)
    scripted(shop, reason)
    assert shop.ask(shop.purchase(mac=MAC)).reason is reason
    assert is_sealed(shop)
    assert shop.ask(shop.request(Kind.ECHO, "E1", mac=MAC)).reason is reason
    assert is_sealed(shop)
    assert shop.ask(shop.purchase("K2", message_type="0999")).reason is reason
    assert not is_sealed(shop)


def test_no_rule_approves_what_is_not_proven(shop: Shop) -> None:
    """INV-72: a wrong MAC is refused, whatever a rule would have."""
    secure(shop)
    scripted(shop, Reason.APPROVED)
    shop.verdicts["mac"] = BAD
    assert shop.ask(shop.purchase(mac=MAC)).reason is Reason.MAC_INVALID
    assert is_sealed(shop)
    assert Key("transaction", "K1") not in shop.store
    assert shop.balance("a-visa") == 100_000
