"""The way from an initial key to the key of one counter, which both kinds of DUKPT walk alike: one
step for each 1 bit of the counter, from the highest to the lowest.

Owns the walk and what is kept of it. Refuses to know how a step is made. Two counters that begin
with the same bits share the beginning of their ways: the way to the newest counter is kept, and the
next counter mostly costs a step or two. What is kept is bounded by the number of 1 bits, and is
overwritten like every key.
"""

from __future__ import annotations

from typing import Generic, Protocol, Self, TypeVar

from switch.keys.ciphers import Uncopied
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps


class Node(Protocol):
    """A key on the way, and the bits of the counter that led to it."""

    @property
    def counter(self) -> int:
        """The 1 bits walked so far; 0 at the initial key."""

    def child(self, counter: int, steps: Steps | None) -> Self:
        """The next key: one step down, to the counter with one more bit at its right."""

    def wipe(self) -> None:
        """Overwrite the key."""


N = TypeVar("N", bound=Node)


class Path(Uncopied, Generic[N]):
    """The way to one counter at a time."""

    __slots__ = ("_nodes",)

    def __init__(self, root: N) -> None:
        self._nodes = [root]

    def at(self, counter: int, steps: Steps | None = None) -> N:
        """The key of the counter; the way to it is kept until another is asked for.

        With ``steps`` the whole way is walked again, so that all of it is shown. Raises KeyRefused
        once it was wiped.
        """
        nodes = self._nodes
        if not nodes:
            raise KeyRefused("the keys of this device were wiped: begin again with its initial key")
        kept = counter if steps is None else 0
        while not _leads(nodes[-1].counter, kept):
            nodes.pop().wipe()
        missing = counter ^ nodes[-1].counter
        while missing:
            bit = 1 << missing.bit_length() - 1
            missing ^= bit
            node = nodes[-1]
            nodes.append(node.child(node.counter | bit, steps))
        return nodes[-1]

    def wipe(self) -> None:
        """Overwrite all keys; the path is of no use any more."""
        for node in self._nodes:
            node.wipe()
        self._nodes.clear()


def _leads(walked: int, counter: int) -> bool:
    """Whether the way to the counter comes by here: the bits down to the lowest one walked agree.

    >>> _leads(0b1000, 0b1011), _leads(0b1000, 0b11000), _leads(0, 0b1)
    (True, False, True)
    """
    return walked == 0 or walked ^ counter < walked & -walked
