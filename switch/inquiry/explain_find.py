"""Finding a transaction and the records around it, in a second view of the store.

Owns which records belong to a story. Refuses to judge and to print.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from switch.errors import ConfigError, IsoswitchError
from switch.inquiry.explain import History
from switch.model.records import Batch, Difference, Hold, Posting, Reference, Transaction
from switch.store.sqlite_reader import SqliteReader
from switch.wire.dialect import load_dialect
from switch.wire.map_answer import response_codes

STAN_DIGITS = 6
# Whoever looks for the reason of a 30 must learn where it is.
_ELSEWHERE = ": echoes and messages with a wrong field are in the log only"
RECENT = 1_000  # transactions that are read backwards before the columns of all are


class NotFoundError(IsoswitchError):
    """No transaction fits what was asked for."""


def find(
    reader: SqliteReader,
    *,
    key: str = "",
    stan: str = "",
    rrn: str = "",
    terminal: str = "",
    limit: int = 1,
) -> list[Transaction]:
    """The newest transactions that fit all of what is given, at most ``limit``, newest first.

    Raises NotFoundError where there is none.
    """
    if key:
        found = reader.find(Transaction, key)
        if found is None:
            raise NotFoundError(f"there is no transaction with the request key {key!r}{_ELSEWHERE}")
        return [found]
    stan = stan.rjust(STAN_DIGITS, "0") if stan else ""
    wanted = {"stan": stan, "rrn": rrn, "terminal_id": terminal}
    equal = {name: value for name, value in wanted.items() if value}
    chosen = list(islice(_candidates(reader, equal), limit))
    if not chosen:
        said = ", ".join(f"{name} {value}" for name, value in equal.items())
        raise NotFoundError(
            f"no transaction with {said}{_ELSEWHERE}"
            if said
            else "the store holds no transaction yet"
        )
    return chosen


def _candidates(reader: SqliteReader, equal: dict[str, str]) -> Iterator[Transaction]:
    """Newest first. Mostly a new one is asked for, so the recent ones are looked through before the
    columns of all; but a terminal's own lie together in the store.
    """
    seen: set[str] = set()
    if len(equal) < 2 or "terminal_id" not in equal:
        for transaction in islice(reader.newest(), RECENT if equal else None):
            if all(getattr(transaction, name) == value for name, value in equal.items()):
                seen.add(transaction.id)
                yield transaction
    if equal:
        others = [it for it in reader.find_all(Transaction, **equal) if it.id not in seen]
        yield from sorted(others, key=lambda item: item.received_us, reverse=True)


def history(reader: SqliteReader, transaction: Transaction) -> History:
    """The transaction with its original, followers, postings, hold and batch."""
    # A merchant's other terminals may complete and refund, too.
    followers = reader.find_all(Transaction, original_key=transaction.id)
    named = transaction.reference and reader.find(Reference, transaction.reference)
    differences = reader.find_all(Difference, batch=transaction.batch) if transaction.batch else ()
    return History(
        transaction=transaction,
        response_code=response_code(transaction),
        original=_original(reader, transaction),
        followers=sorted(followers, key=lambda item: item.received_us),
        postings=list(reader.find_all(Posting, transaction=transaction.id)),
        hold=reader.find(Hold, transaction.id),
        batch=reader.find(Batch, transaction.batch) if transaction.batch else None,
        differences=[item for item in differences if item.transaction == transaction.id],
        reference=named or None,
    )


def _original(reader: SqliteReader, transaction: Transaction) -> Transaction | None:
    if not transaction.original_key:
        return None
    return reader.find(Transaction, transaction.original_key)


def response_code(transaction: Transaction) -> str:
    """The code that the dialect has for the answer's reason; empty where the dialect is not at
    hand (a house's own file).
    """
    try:
        dialect = load_dialect(transaction.dialect)
    except ConfigError:
        return ""
    return response_codes(dialect, transaction.kind).get(transaction.answer.reason, "")
