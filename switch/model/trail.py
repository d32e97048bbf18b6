"""The decision trail: which checks ran, what each saw and said, which one objected.

Stored with the transaction and printed by ``isoswitch explain``, the log and the console. Texts are
for people and are never sensitive: a PAN only masked, no track, PIN, key.
"""

from __future__ import annotations

from msgspec import Struct


class Check(Struct, frozen=True, gc=False, omit_defaults=True):
    """One step of a decision. ``saw`` is the input in words, ``ok`` whether it passed, ``said`` the
    verdict in words. Like records it leaves its defaults out of the JSON.
    """

    name: str
    saw: str
    ok: bool
    said: str = ""
    remedy: str = ""  # of an objection: what would have changed the outcome, in words


class Counted(Struct, frozen=True, gc=False):
    """A counter that a decision looked at or moved, for ``explain``. ``limit`` 0: none; ``unit`` is
    a currency's number, or empty for a count.
    """

    name: str
    before: int
    after: int
    limit: int = 0
    unit: str = ""


Trail = tuple[Check, ...]
