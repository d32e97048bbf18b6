"""Postings beside their transactions: both are read in the order of their names, each once.

Owns the walk. A posting's name begins with its transaction's (``switch.store.columns``), so what
belongs to a page of transactions comes up with it; one that does not is looked up by name, so that
nothing rests on good names. Refuses to judge: each posting goes to the books with its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.model.records import Key, Posting, Record, Transaction
from switch.selfcheck.books import PAGE, Books
from switch.selfcheck.rules import Source
from switch.store.columns import LAST


class Postings:
    """All postings of a store, handed to its books on the way."""

    def __init__(self, source: Source, books: Books) -> None:
        self._source = source
        self._books = books
        self._postings = source.find_all(Posting)
        self._next = next(self._postings, None)

    def beside(self, page: Sequence[Transaction]) -> dict[Key, Record | None]:
        """The postings that these transactions, the next ones by name, have made."""
        end = page[-1].id + LAST
        own = {one.id: one for one in page}
        found: dict[Key, Record | None] = {}
        strangers: list[Posting] = []
        while self._next is not None and self._next.id < end:
            posting, self._next = self._next, next(self._postings, None)
            transaction = own.get(posting.transaction)
            if transaction is None:
                self._stranger(posting, strangers)
            else:
                found[posting.key] = posting
                self._books.posting(posting, transaction)
        self._look_up(strangers)
        return found

    def rest(self) -> None:
        """Those behind the last transaction."""
        strangers: list[Posting] = []
        while self._next is not None:
            self._stranger(self._next, strangers)
            self._next = next(self._postings, None)
        self._look_up(strangers)

    def _stranger(self, posting: Posting, strangers: list[Posting]) -> None:
        strangers.append(posting)
        if len(strangers) == PAGE:
            self._look_up(strangers)

    def _look_up(self, strangers: list[Posting]) -> None:
        named = {posting.transaction for posting in strangers if posting.transaction}
        found = self._source.load([Key(Transaction.TABLE, name) for name in named])
        for posting in strangers:
            self._books.posting(posting, found.get(Key(Transaction.TABLE, posting.transaction)))
        strangers.clear()
