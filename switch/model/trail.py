"""The decision trail: which checks ran, what each saw and said, which one objected.

Stored with the transaction and printed by ``isoswitch explain``, the log and the console. Texts are
for people and are never sensitive: a PAN only masked, no track, PIN, key.
"""

from __future__ import annotations

from msgspec import Struct


class Check(Struct, frozen=True, gc=False):
    """One step of a decision. ``saw`` is the input in words, ``ok`` whether it passed, ``said`` the
    verdict in words.
    """

    name: str
    saw: str
    ok: bool
    said: str = ""


Trail = tuple[Check, ...]
