"""The books of a store: accounts against postings and holds, merchants against transactions.

Owns the sums. What it keeps grows with the number of accounts, not with that of postings. Reads
and tells; changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

from switch.core.amounts import in_effect
from switch.model.records import Account, Hold, Key, Posting, Transaction
from switch.model.words import Kind, State
from switch.money import Money
from switch.selfcheck.rules import Findings, Source
from switch.store.columns import is_named_well

PAGE: Final = 256
SLACK_US: Final = 2 * 3_600_000_000  # a hold is looked at once an hour
SALES: Final = frozenset({Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION})
HOLDING: Final = (State.APPROVED, State.PARTIAL, State.ACCEPTED, State.PARTLY_REVERSED)
# What moves money without a transaction, and the house's own moves between a merchant's accounts.
_WITHOUT_TRANSACTION: Final = frozenset({"opening", "adjustment"})
_SETTLEMENT: Final = "settlement"
_MERCHANT: Final = "merchant"


class _Sums:
    """One account as its record has it, less what was counted of it so far."""

    __slots__ = ("balance", "currency", "held", "kind")

    def __init__(self, account: Account) -> None:
        self.balance = account.balance_minor
        self.held = account.held_minor
        self.currency = account.currency
        self.kind = account.kind


class Books:
    """The sums over one store. Call the passes in their order."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._accounts: dict[str, _Sums] = {}
        self._positions: Counter[tuple[str, str]] = Counter()  # merchant's account, currency

    def accounts(self) -> None:
        """All accounts: the limits, and the sum over all."""
        findings, totals = self._findings, Counter[str]()
        for account in self._source.find_all(Account):
            self._accounts[account.id] = _Sums(account)
            totals[account.currency] += account.balance_minor
            if account.kind == "cardholder" and account.available_minor < 0:
                short = Money(-account.available_minor, account.currency)
                findings.against("limits", f"account {account.id} is {short} below its limit")
        for currency, minor in totals.items():
            if minor:
                total = Money(minor, currency)
                findings.against("zero", f"all accounts together come to {total}, not to zero")
        findings.examined["limits"] = len(self._accounts)

    def balances(self) -> None:
        """Behind all postings: each account's balance must have come from them."""
        for name, sums in self._accounts.items():
            if sums.balance:
                said = f"account {name}: its balance is {Money(sums.balance, sums.currency)}"
                self._findings.against("balances", f"{said} more than its postings come to")
        self._findings.examined["balances"] = len(self._accounts)

    def posting(self, posting: Posting, transaction: object) -> None:
        """A posting, and what is there under the name of its transaction."""
        self._findings.examined["zero"] += 1
        findings, totals = self._findings, Counter[str]()
        if not is_named_well(posting):
            findings.against("names", f"posting {posting.id} of {posting.transaction}")
        for entry in posting.entries:
            totals[entry.currency] += entry.amount_minor
            sums = self._accounts.get(entry.account)
            if sums is None:
                said = f"posting {posting.id}: there is no account {entry.account}"
                findings.against("balances", said)
            elif sums.currency != entry.currency:
                said = f"posting {posting.id}: account {entry.account} is kept in {sums.currency}"
                findings.against("balances", f"{said}, not {entry.currency}")
            else:
                sums.balance -= entry.amount_minor
                if sums.kind == _MERCHANT and posting.kind != _SETTLEMENT:
                    self._positions[entry.account, entry.currency] += entry.amount_minor
        for currency, minor in totals.items():
            if minor:
                said = f"posting {posting.id} comes to {Money(minor, currency)}, not to zero"
                findings.against("zero", said)
        self._posted(posting, transaction)

    def _posted(self, posting: Posting, transaction: object) -> None:
        findings, key = self._findings, posting.transaction
        findings.examined["posted"] += 1
        if not key:
            if posting.kind not in _WITHOUT_TRANSACTION:
                findings.against("posted", f"posting {posting.id} belongs to no transaction")
        elif not isinstance(transaction, Transaction):
            findings.against("posted", f"posting {posting.id}: there is no transaction {key}")
        elif transaction.state is State.DECLINED and posting.kind not in _WITHOUT_TRANSACTION:
            findings.against("posted", f"posting {posting.id}: its transaction was declined")

    def effect(self, transaction: Transaction) -> None:
        """What a captured transaction has in effect, for the position of its merchant."""
        if transaction.captures and transaction.amount_open is not None:
            sign = 1 if transaction.kind in SALES else -1 if transaction.kind is Kind.REFUND else 0
            currency = transaction.amount_open.currency
            account = f"{_MERCHANT}:{transaction.merchant_id}:{currency}"
            self._positions[account, currency] -= sign * in_effect(transaction)

    def positions(self) -> None:
        """Behind postings and transactions: both must have come to the same."""
        for (account, currency), minor in self._positions.items():
            if minor:
                said = f"account {account} got {Money(minor, currency)} more by postings"
                self._findings.against("positions", f"{said} than its transactions have in effect")
        self._findings.examined["positions"] = len(self._positions)

    def holds(self, now_us: int) -> None:
        """All holds, page by page with their transactions; then what accounts hold."""
        holds = self._source.find_all(Hold)
        while page := list(islice(holds, PAGE)):
            found = self._source.load(Key("transaction", hold.transaction) for hold in page)
            for hold in page:
                self._hold(hold, found[Key("transaction", hold.transaction)], now_us)
            self._findings.examined["holds"] += len(page)
        for name, sums in self._accounts.items():
            if sums.held:
                said = f"account {name}: {Money(sums.held, sums.currency)} more is held"
                self._findings.against("held", f"{said} than its open holds come to")
        self._findings.examined["held"] = len(self._accounts)

    def _hold(self, hold: Hold, transaction: object, now_us: int) -> None:
        findings, is_open = self._findings, hold.state == "open"
        if not is_named_well(hold):
            findings.against("names", f"hold {hold.id} of {hold.transaction}")
        sums = self._accounts.get(hold.account)
        if sums is None:
            findings.against("held", f"hold {hold.id}: there is no account {hold.account}")
        elif is_open:
            sums.held -= hold.amount_minor
        if not isinstance(transaction, Transaction):
            said = f"hold {hold.id}: there is no transaction {hold.transaction}"
            findings.against("holds", said)
        elif is_open:
            self._open(hold, transaction)
            if hold.expires_us + SLACK_US < now_us:
                late_s = (now_us - hold.expires_us) // 1_000_000
                findings.against("holds", f"hold {hold.id} is open {late_s} s after its end")
        elif hold.amount_minor:
            rest = Money(hold.amount_minor, hold.currency)
            findings.against("holds", f"hold {hold.id} is {hold.state} and still has {rest}")

    def _open(self, hold: Hold, transaction: Transaction) -> None:
        rest = Money(hold.amount_minor, hold.currency)
        if transaction.state not in HOLDING:
            said = f"hold {hold.id} is open, its transaction is {transaction.state}"
            self._findings.against("holds", said)
        elif transaction.amount_open != rest:
            said = f"hold {hold.id} has {rest}, its transaction {transaction.amount_open}"
            self._findings.against("holds", said)


def own_postings(transactions: Iterable[Transaction]) -> list[Key]:
    """The postings that these transactions must have made themselves: what captured something."""
    return [
        Key("posting", one.id)
        for one in transactions
        if one.captures and (one.kind in SALES or one.kind is Kind.REFUND) and in_effect(one)
    ]
