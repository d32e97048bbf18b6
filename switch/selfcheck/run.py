"""``selfcheck``: every invariant that a store by itself can show (INV-96), in a few passes.

Owns the order of the passes and the report. Works on a store that runs and on one that is stopped:
what it reads is one moment of it. Memory grows with the number of accounts and with the
transactions of the busiest terminal, not with those of the store. Refuses to repair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from switch.errors import ConfigError
from switch.model.records import Account, Card, Configured, Key, Merchant, Obligation, Terminal
from switch.selfcheck.batches import Batches, PolicyOf
from switch.selfcheck.books import Books
from switch.selfcheck.rules import RULES, Findings, Source
from switch.selfcheck.secured import devices, keys
from switch.selfcheck.transactions import Transactions
from switch.wire.dialect import load_dialect

_TABLES = {kind.TABLE for kind in (Card, Merchant, Terminal)}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; ``sequence`` is the newest row of the journal that was seen."""

    sequence: int
    findings: Findings

    @property
    def sound(self) -> bool:
        """Whether everything holds."""
        return self.findings.sound

    def data(self) -> dict[str, Any]:
        """For programs."""
        found = self.findings
        return {
            "ok": self.sound,
            "journal": self.sequence,
            "rules": [
                {
                    "name": rule.name,
                    "cites": list(rule.cites),
                    "promise": rule.promise,
                    "examined": found.examined[rule.name],
                    "violations": found.violations[rule.name],
                    "findings": found.said(rule.name),
                }
                for rule in RULES
            ],
        }


@lru_cache(maxsize=64)
def policy_of(dialect: str) -> str | None:
    """The totals policy of a dialect; none where it is not at hand (a house's own file)."""
    try:
        return load_dialect(dialect).policy.totals
    except ConfigError:
        return None


def selfcheck(source: Source, *, tolerance_bp: int = 0, policies: PolicyOf = policy_of) -> Report:
    """Check all rules. ``tolerance_bp``: how far completions may exceed what was authorized, as
    configured, in hundredths of a percent. The caller holds a snapshot. Raises what the source
    raises.
    """
    findings = Findings()
    sequence, now_us = source.head()
    for said in source.verify():
        findings.against("store", said)
    findings.examined["store"] = sequence
    if findings.sound:  # what a damaged store says of the rest means nothing
        books = Books(source, findings)
        batches = Batches(source, findings, policies)
        transactions = Transactions(source, findings, books, batches, tolerance_bp)
        books.accounts()
        transactions.all()
        books.balances()
        books.holds(now_us)
        books.positions()
        transactions.followers()
        transactions.unfinished(now_us)
        transactions.references()
        batches.differences()
        keys(source, findings)
        devices(source, findings)
        _world(source, findings)
    return Report(sequence, findings)


def _world(source: Source, findings: Findings) -> None:
    """What is configured and enrolled leads to what is there."""
    for card in source.find_all(Card):
        _there(source, findings, "card", card.id, Key(Account.TABLE, card.account))
    for terminal in source.find_all(Terminal):
        _there(source, findings, "terminal", terminal.id, Key(Merchant.TABLE, terminal.merchant_id))
    for said in source.find_all(Configured):
        table, _, record_id = said.id.partition("|")
        if table in _TABLES:
            _there(source, findings, "configured", said.id, Key(table, record_id))
    for owed in source.find_all(Obligation):
        _there(source, findings, "obligation", owed.id, Key("transaction", owed.transaction))


def _there(source: Source, findings: Findings, what: str, name: str, key: Key) -> None:
    findings.examined["world"] += 1
    if source.absent([key]):
        findings.against("world", f"{what} {name}: there is no {key.table} {key.id}")
