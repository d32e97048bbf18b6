"""The card's data of one message, from wherever it came: DE 2, track 2, chip data.

Owns their order and their agreement (INV-82). Works on texts, so that nothing is typed twice on the
hot path; the reader types what comes out.
"""

from __future__ import annotations

from switch.wire.map_values import card_tags


class Card:
    """The card's data of one message, from wherever it came."""

    __slots__ = ("expiry", "pan", "said")

    def __init__(self, pan: str, track2: str, expiry: str, chip: str) -> None:
        self.pan = pan
        self.expiry = expiry
        self.said = ""
        if track2:
            self._take_track(track2, "track 2")
        if chip:
            track, number, until = card_tags(bytes.fromhex(chip))
            if track:
                self._take_track(track.rstrip("F"), "tag 57")
            if number:
                self._take(number.rstrip("F"), "tag 5A")
            if not self.expiry:
                self.expiry = until[:4]

    def _take(self, pan: str, place: str) -> None:
        """DE 2, else track 2, else tag 57 or 5A; all must agree (INV-82)."""
        if not self.pan:
            self.pan = pan
        elif self.pan != pan:
            self.said = f"{place} holds another card number"

    def _take_track(self, track: str, place: str) -> None:
        pan, separator, rest = track.partition("=")
        if not separator:
            pan, separator, rest = track.upper().partition("D")
        if not separator:
            self.said = f"{place} has no separator"
            return
        self._take(pan, place)
        if not self.expiry and rest[:4].isdecimal():
            self.expiry = rest[:4]
