"""What a reconciliation and a batch upload need to know: the batch, its items, their postings.

Owns these look-ups, which are rare and may be many: a close reads its whole batch.
"""

from __future__ import annotations

from switch.core.batches import (
    CLOSED,
    OUT_OF_BALANCE,
    batch_name,
    items_of,
    members,
    posting_ids,
    uploads,
)
from switch.core.ledger import (
    account_key,
    difference_account,
    merchant_account,
    payable_account,
    suspense_account,
)
from switch.core.naming import merchant_of
from switch.core.needs import Needs, missing, unnamed_merchant
from switch.core.upload import item_id, pointers
from switch.model.events import RequestArrived
from switch.model.facts import Facts, ScanNeed
from switch.model.records import (
    Batch,
    Key,
    Posting,
    Terminal,
    Transaction,
    UploadItem,
    key_of,
)
from switch.model.request import Request


def of_close(event: RequestArrived, facts: Facts) -> Needs:
    """The batch and the one before it; its items and what was uploaded; what each item has posted;
    the accounts that a close moves money between.
    """
    request, rows = event.request, facts.rows
    number = _current_number(request, facts)
    name = batch_name(request.terminal_id, number)
    before = batch_name(request.terminal_id, number - 1)
    scan = members(request.terminal_id, name)
    wanted = [key_of(Batch.TABLE, name), key_of(Batch.TABLE, before)]
    needs = missing(rows, wanted + unnamed_merchant(request, facts)) + _unscanned(facts, scan)
    if needs:
        return needs
    transactions = facts.found(Transaction, **dict(scan.equal))
    wanted = [key_of(Posting.TABLE, post) for found in transactions for post in posting_ids(found)]
    previous = facts.find(Batch, before)
    if previous is not None and previous.state == CLOSED:
        wanted.append(key_of(Transaction.TABLE, previous.closed_by))
    batch = facts.find(Batch, name)
    uploaded = batch is not None and batch.state == OUT_OF_BALANCE
    needs = missing(rows, wanted)
    if uploaded:
        needs += _unscanned(facts, uploads(name))
    if needs:
        return needs
    claims = facts.found(UploadItem, batch=name) if uploaded else ()
    return missing(rows, _accounts(request, facts, transactions, claims))


def of_upload(event: RequestArrived, facts: Facts) -> Needs:
    """The current batch, what was uploaded under that name before, and what the item points at."""
    request = event.request
    name = batch_name(request.terminal_id, _current_number(request, facts))
    wanted = [key_of(Batch.TABLE, name), key_of(UploadItem.TABLE, item_id(name, request))]
    wanted += [key_of("reference", pointer) for pointer in pointers(request, facts)]
    return missing(facts.rows, wanted + unnamed_merchant(request, facts))


def _current_number(request: Request, facts: Facts) -> int:
    """The number of the terminal's current batch; a terminal that is not known yet starts at 1."""
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    return 1 if terminal is None else terminal.batch_number


def _unscanned(facts: Facts, scan: ScanNeed) -> Needs:
    return () if facts.rows.has_scan(scan) else (scan,)


def _accounts(
    request: Request,
    facts: Facts,
    transactions: tuple[Transaction, ...],
    claims: tuple[UploadItem, ...],
) -> list[Key]:
    """Whom the close may owe what: each merchant and currency of an item, and the terminal's own
    merchant in each currency of his claims.
    """
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, facts.settings)
    currency = facts.settings.default_currency if terminal is None else terminal.currency
    merchants = {found.id: found.merchant_id for found in transactions}
    pairs = {(owner, currency)}
    pairs |= {(owner, claim.amount.currency) for claim in claims if claim.amount is not None}
    for item in items_of(transactions, lambda name: facts.find(Posting, name)):
        pairs |= {(merchants[item.key], item.currency), (owner, item.currency)}
    names: set[str] = set()
    for merchant, unit in pairs:
        names |= {
            merchant_account(merchant, unit),
            payable_account(merchant, unit),
            suspense_account(unit),
            difference_account(unit),
        }
    return [account_key(name) for name in sorted(names)]
