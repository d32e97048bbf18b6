"""What became of what a virtual terminal did, and how patient it is.

Plain frozen data, shared by the engine, reports and scripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from switch_tools.terminal_lines import Entry
from switch_tools.terminal_model import Heard
from switch_tools.terminal_targets import TerminalError


class StillOwed(TerminalError):
    """A reversal or an advice is not answered, and a terminal sends nothing new before it is."""

    exit_code = 3


class Result(StrEnum):
    """How an exchange ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"  # and whatever it may have caused is reversed
    OWED = "reversal_owed"  # a reversal is not answered yet: it goes out before anything new
    TOLD_LATER = "advice_owed"  # an advice is not answered yet: it goes out before anything new
    UNREAD = "unread"  # nobody waited for the answer


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the terminal waits. Between reversals it pauses ``pause_s``, doubled each time and
    jittered; advices are repeated in the same way."""

    answer_s: float = 30.0
    reversal_s: float = 10.0
    reversal_tries: int = 10
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request.

    ``heard`` is its answer, ``tries`` how often it left, ``ignored`` what came and did not count as
    an answer, ``reversal`` what became of the reversal that a time-out called for.
    """

    result: Result
    entry: Entry
    heard: Heard | None = None
    why: str = ""
    original: Entry | None = None
    reversal: Outcome | None = None
    repeat: bool = False
    tries: int = 1
    ignored: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a batch: ``closes`` are its reconciliations of this time, ``uploads`` its
    items that were told one by one.

    ``close`` is the reconciliation that decided. ``closed``: the next batch has begun.
    ``balanced``: host and terminal agreed at once. ``counted`` are the host's totals, where it told
    them.
    """

    close: Entry
    closed: bool
    balanced: bool
    counted: str = ""
    closes: tuple[Outcome, ...] = ()
    uploads: tuple[Outcome, ...] = ()
    paid: tuple[Outcome, ...] = ()  # what was owed, and went out first

    @property
    def batch(self) -> int:
        """The number of the batch."""
        return self.close.sent.batch

    @property
    def claimed(self) -> str:
        """The terminal's totals."""
        return self.close.sent.totals

    @property
    def currency(self) -> str:
        """The currency of the totals."""
        return self.close.sent.currency


def verdict(heard: Heard | None) -> Result:
    """Approved or declined, as the host said; else no answer."""
    if heard is None:
        return Result.NO_ANSWER
    return Result.APPROVED if heard.approved else Result.DECLINED
