"""Double entry: money moves by postings whose legs sum to zero; balances are their fold.

Owns the names of accounts, postings and the working copies of accounts within one decision. Refuses
to judge whether money may move: the checks have done so. One decision yields one version of each
account it touched, however often it did.
"""

from __future__ import annotations

from typing import Final

from switch.model.facts import Facts
from switch.model.records import Account, Entry, Key, Posting, Record, key_of

_KINDS: Final = frozenset(
    {"merchant", "payable", "suspense", "difference", "opening", "adjustment"}
)


def card_account(token: str) -> str:
    """The account of a card that was enrolled on first sight."""
    return "card:" + token


def merchant_account(merchant_id: str, currency: str) -> str:
    """What the house owes a merchant in one currency."""
    return f"merchant:{merchant_id}:{currency}"


def payable_account(merchant_id: str, currency: str) -> str:
    """What of it was settled: the net of the merchant's closed batches."""
    return f"payable:{merchant_id}:{currency}"


def difference_account(currency: str) -> str:
    """The counterpart of what terminal and host could not agree on at a close."""
    return "difference:" + currency


def suspense_account(currency: str) -> str:
    """Takes what has happened but can be laid at nobody's door yet."""
    return "suspense:" + currency


def opening_account(currency: str) -> str:
    """The counterpart of opening balances."""
    return "opening:" + currency


def adjustment_account(currency: str) -> str:
    """The counterpart of what an operator changed a balance by."""
    return "adjustment:" + currency


def in_words(account: str) -> str:
    """An account for people; a card's is not named, for its token says nothing to them.

    >>> in_words("merchant:SHOP:840"), in_words("card:5f3c"), in_words("suspense:840")
    ('merchant SHOP', "the card's account", 'suspense')
    """
    kind, _, rest = account.partition(":")
    if kind not in _KINDS:
        return "the card's account"
    owner, _, currency = rest.partition(":")
    return f"{kind} {owner}" if currency else kind


def account_key(account_id: str) -> Key:
    """Where an account lives."""
    return key_of("account", account_id)


class Book:
    """The accounts and postings of one decision."""

    __slots__ = ("_accounts", "_facts", "_found", "_postings")

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._accounts: dict[str, Account] = {}  # changed by this decision
        self._found: dict[str, Account | None] = {}  # as they were
        self._postings: list[Posting] = []

    def account(self, account_id: str, currency: str) -> Account:
        """The account as this decision has left it; a new one where there is none."""
        account = self._accounts.get(account_id) or self._find(account_id)
        return _fresh(account_id, currency) if account is None else account

    def _find(self, account_id: str) -> Account | None:
        found = self._found
        if account_id not in found:
            found[account_id] = self._facts.find(Account, account_id)
        return found[account_id]

    def transfer(
        self,
        posting_id: str,
        source: str,
        target: str,
        amount_minor: int,
        currency: str,
        *,
        transaction: str,
        kind: str,
        at_us: int,
        corrects: str = "",
    ) -> None:
        """Post ``amount_minor`` from one account to another (INV-60, INV-61)."""
        self._move(source, currency, -amount_minor, 0)
        self._move(target, currency, amount_minor, 0)
        entries = (Entry(source, -amount_minor, currency), Entry(target, amount_minor, currency))
        self._postings.append(
            Posting(
                id=posting_id,
                transaction=transaction,
                kind=kind,
                entries=entries,
                corrects=corrects,
                business_date=self._facts.business_date,
                posted_us=at_us,
            )
        )

    def post(
        self,
        posting_id: str,
        moves: dict[str, int],
        currency: str,
        *,
        transaction: str,
        kind: str,
        at_us: int,
        corrects: str = "",
    ) -> None:
        """Post what each account gains, or loses where below zero. Accounts that come out even are
        left out, and so is a posting that moves nothing. ValueError unless the sum is zero.
        """
        legs = {account: minor for account, minor in moves.items() if minor}
        if sum(legs.values()):
            raise ValueError(f"posting {posting_id} does not balance")
        if not legs:
            return
        for account, minor in legs.items():
            self._move(account, currency, minor, 0)
        self._postings.append(
            Posting(
                id=posting_id,
                transaction=transaction,
                kind=kind,
                entries=tuple([Entry(account, legs[account], currency) for account in legs]),
                corrects=corrects,
                business_date=self._facts.business_date,
                posted_us=at_us,
            )
        )

    def hold(self, account_id: str, currency: str, amount_minor: int) -> None:
        """Set money of the account aside; a negative amount gives it back."""
        self._move(account_id, currency, 0, amount_minor)

    def _move(self, account_id: str, currency: str, balance: int, held: int) -> None:
        account = self._accounts.get(account_id)
        if account is not None:
            version = account.version
        else:
            account = self._find(account_id)
            version = 1 if account is None else account.version + 1
            account = account or _fresh(account_id, currency)
        if account.currency != currency:
            raise ValueError(f"account {account_id} is kept in {account.currency}, not {currency}")
        self._accounts[account_id] = Account(
            id=account_id,
            version=version,
            kind=account.kind,
            currency=currency,
            balance_minor=account.balance_minor + balance,
            held_minor=account.held_minor + held,
            credit_limit_minor=account.credit_limit_minor,
        )

    def records(self) -> list[Record]:
        """What is to be stored."""
        return [*self._postings, *self._accounts.values()]


def _fresh(account_id: str, currency: str) -> Account:
    """An account that nobody has used yet."""
    kind = account_id.partition(":")[0]
    return Account(id=account_id, kind=kind if kind in _KINDS else "cardholder", currency=currency)
