"""Fields to meaning and back, for one dialect: the only door between field numbers and the words of
the trade.

Owns the composition of the host's and the terminal's side. Decides nothing and keeps nothing: all
it knows was prepared when it was made, so one object serves all connections.
"""

from __future__ import annotations

from collections.abc import Mapping

from switch.errors import ConfigError, Fault
from switch.model.copies import replace
from switch.model.events import Moment
from switch.model.request import Answer, Problem, Request
from switch.wire.dialect_data import Dialect
from switch.wire.mac_cover import MacCover
from switch.wire.map_answer import AnswerWriter
from switch.wire.map_message import MessageTypes
from switch.wire.map_request import RequestReader
from switch.wire.map_terminal import TerminalSide
from switch.wire.map_told import AnswerReader, TerminalAnswer
from switch.wire.map_totals import Totals

__all__ = ["Mapper", "TerminalAnswer"]


class Mapper:
    """The mapping of one dialect.

    >>> from switch.wire.dialect import load_dialect
    >>> mapper = Mapper(load_dialect("iso87-ascii"))
    >>> echo = mapper.request({"t": "0800", "11": "000123", "41": "DEMO0001", "70": "301"})
    >>> echo.kind.value, echo.request_key
    ('echo', 'DEMO0001|0800|000123||||')
    """

    def __init__(self, dialect: Dialect) -> None:
        if dialect.reading_only:
            raise ConfigError(f"dialect {dialect.name}", "can only be used to read messages")
        types = MessageTypes(dialect)
        self.dialect = dialect
        totals = Totals(dialect)
        self._reader = RequestReader(dialect, types, totals)
        self._writer = AnswerWriter(dialect, types, totals)
        self.cover = MacCover(dialect)
        self._terminal = TerminalSide(dialect, types, totals, self.cover)
        self._heard = AnswerReader(dialect, types, self._reader, totals)

    def request(self, fields: Mapping[str, str]) -> Request:
        """What a decoded message asks for. Never raises for what a codec of the dialect has
        decoded.
        """
        return self._reader.request(fields)

    def broken(self, fields: Mapping[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        """What can be said of a message that decoded only as far as ``fields``; ``None``: say
        nothing (M-01).
        """
        return self._reader.broken(fields, fault)

    def answer(
        self, fields: Mapping[str, str], request: Request, answer: Answer, now: Moment
    ) -> dict[str, str]:
        """The fields of the answer to ``fields``, which were read as ``request``."""
        return self._writer.answer(fields, request, answer, now)

    def sealed(
        self, fields: Mapping[str, str], chip: bytes = b"", keys: str = ""
    ) -> dict[str, str]:
        """The fields of an answer with what the vault adds: chip data for the card (BER-TLV) and
        working keys (``switch.wire.key_data``). EncodeError where the dialect has no field for it.
        """
        return self._writer.sealed(fields, chip, keys)

    def compose(self, request: Request) -> dict[str, str]:
        """A terminal's message that asks for this. EncodeError where the dialect cannot say it."""
        return self._terminal.compose(request)

    def named(self, request: Request) -> Request:
        """The request as a host reads it: with its names and its code. It may leave out what a
        message must have, such as the original of a follower.
        """
        return replace(self._reader.request(self._terminal.named(request)[0]), kind=request.kind)

    def read_answer(self, sent: Mapping[str, str], received: Mapping[str, str]) -> TerminalAnswer:
        """What a host answered to ``sent``, and whether it is an answer to it at all (INV-16)."""
        return self._heard.read(sent, received)
