"""The bytes that a connection still has to send, and what became of the answers among them
(INV-23).

Owns the outgoing buffer and where each answer lies in it. Refuses to send: the transport says how
far it got.

An answer is ``sent`` when all its bytes were handed over, ``failed`` when not one was, ``unknown``
in every other case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from switch.model.words import Delivery


class _Mark:
    """Where an answer lies in the stream of outgoing bytes, and since when."""

    __slots__ = ("begin", "end", "key", "laid_ns", "whole")

    def __init__(self, begin: int, end: int, key: str, laid_ns: int, whole: bool) -> None:
        self.begin = begin
        self.end = end
        self.key = key
        self.laid_ns = laid_ns
        self.whole = whole


class Outbox:
    """Outgoing bytes in order."""

    def __init__(self, report: Callable[[str, Delivery], None]) -> None:
        self._report = report
        self._marks: deque[_Mark] = deque()
        self._handed = 0
        self._offered = 0
        self.data = bytearray()
        self.answers = 0

    def lay_out(self, data: bytes, key: str, now_ns: int, *, whole: bool = True) -> None:
        """Append an answer; ``key`` is the request key to report on, or empty. Of one that is not
        ``whole`` nobody can say what the peer makes of it.
        """
        begin = self._handed + len(self.data)
        self.data += data
        self._marks.append(_Mark(begin, begin + len(data), key, now_ns, whole))

    def offering(self, count: int) -> None:
        """So many bytes go to a transport that cannot say how many it took when it fails."""
        self._offered = self._handed + count

    def handed_over(self, count: int) -> None:
        """The transport took so many bytes."""
        del self.data[:count]
        self._handed = handed = self._handed + count
        marks = self._marks
        while marks and marks[0].end <= handed:
            mark = marks.popleft()
            self.answers += 1
            if mark.key:
                self._report(mark.key, Delivery.SENT if mark.whole else Delivery.UNKNOWN)

    def lost(self) -> None:
        """The transport is gone: report on what it did not take."""
        touched = max(self._handed, self._offered)
        for mark in self._marks:
            if mark.key:
                reached = mark.begin < touched
                self._report(mark.key, Delivery.UNKNOWN if reached else Delivery.FAILED)
        self._marks.clear()
        self.data.clear()

    @property
    def oldest_ns(self) -> int | None:
        """When the first answer that is not handed over was laid out."""
        return self._marks[0].laid_ns if self._marks else None
