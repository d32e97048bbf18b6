"""What the rest of the program may ask of the vault after a value did not fit.

Owns those questions. Refuses to be a way to a verdict: ``port`` has the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from switch.model.security import KeyUse
from switch.values import ChipData, Pan, PinBlock


class DoctorVault(Protocol):
    """What would have fitted, where a verdict was that something does not: one sentence for people,
    empty where nothing does. Answered for keys marked test alone, with keys marked test alone, and
    asked apart from the verdict, which takes its time whatever was wrong (SR-PIN-04). Changes no
    verdict, raises nothing.
    """

    def why_mac(
        self,
        key: KeyUse,
        scheme: str,
        covered: Sequence[tuple[str, bytes]],
        mac: bytes,
        ksn: str = "",
        *,
        others: Sequence[KeyUse] = (),
    ) -> str:
        """``covered``: the bytes that the MAC should cover first, then what others cover, each with
        what is different in words. ``others``: keys that may have been taken for it, besides those
        that the vault had to do with last.
        """

    def why_pin(
        self,
        pin_key: KeyUse,
        block: PinBlock,
        pan: Pan,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
        others: Sequence[KeyUse] = (),
    ) -> str:
        """With what the block would hold a PIN; never which, nor how long it is."""

    def why_cryptogram(
        self,
        imk: KeyUse,
        profile: str,
        chip: ChipData,
        pan: Pan,
        sequence: str,
        amount_minor: int | None = None,
    ) -> str:
        """With what the cryptogram would fit, or for which profile the chip data is whole.
        ``amount_minor``: what the message asks for beside its chip data.
        """
