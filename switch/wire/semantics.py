"""The names that a dialect may give to fields, parts and tags, and what each name demands.

Owns which values are sensitive: a dialect cannot bring in a track, a PIN block or a card number
untyped, because the standard's elements and EMV's tags that hold one must bear its name. Refuses to
know encodings and dialects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switch.wire.layout import Content


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name demands: the contents it may have (empty: any), and whether its value must never
    be shown.
    """

    content: frozenset[Content] = frozenset()
    sensitive: bool = False


_FREE: Final = Meaning()
_DIGITS: Final = Meaning(frozenset({Content.N}))
_SECRET: Final = Meaning(sensitive=True)
_BYTES: Final = Meaning(frozenset({Content.B}))

# Reconciliation totals of ISO 8583, in the order of the standard (1987 and 1993: elements 74-83,
# 86-89, 97).
TOTALS: Final = (
    "credits_number",
    "credits_reversal_number",
    "debits_number",
    "debits_reversal_number",
    "transfers_number",
    "transfers_reversal_number",
    "inquiries_number",
    "authorizations_number",
    "credits_amount",
    "credits_reversal_amount",
    "debits_amount",
    "debits_reversal_amount",
    "net_amount",
)

MEANINGS: Final[dict[str, Meaning]] = {
    "pan": Meaning(frozenset({Content.N}), sensitive=True),
    "pan_extended": _SECRET,
    "track1": _SECRET,
    "track2": Meaning(frozenset({Content.Z}), sensitive=True),
    "track3": Meaning(frozenset({Content.Z}), sensitive=True),
    "expiry": Meaning(frozenset({Content.N}), sensitive=True),
    "pin_block": Meaning(frozenset({Content.B}), sensitive=True),
    "pin_block_long": Meaning(frozenset({Content.B}), sensitive=True),
    "chip": Meaning(frozenset({Content.B}), sensitive=True),
    "card_verification": _SECRET,
    "key_data": _SECRET,
    "security_code": _SECRET,
    "mac": _BYTES,
    "ksn": _FREE,
    "security_info": _FREE,
    "processing_code": _FREE,
    "amount": _DIGITS,
    "amount_original": _DIGITS,
    "amount_remaining": _DIGITS,
    "amounts_more": _FREE,
    "currency": _FREE,
    "transmitted_at": _DIGITS,
    "stan": _DIGITS,
    "local_time": _DIGITS,
    "local_date": _DIGITS,
    "settlement_date": _DIGITS,
    "merchant_category": _DIGITS,
    "entry_mode": _FREE,
    "card_sequence": _DIGITS,
    "function_code": _DIGITS,
    "nii": _DIGITS,
    "condition_code": _DIGITS,
    "reason_code": _DIGITS,
    "network_code": _DIGITS,
    "acquirer_id": _DIGITS,
    "forwarder_id": _DIGITS,
    "rrn": _FREE,
    "approval_code": _FREE,
    "response_code": _FREE,
    "response_text": _FREE,
    "terminal_id": _FREE,
    "merchant_id": _FREE,
    "batch_number": _FREE,
    "invoice": _FREE,
    "totals": _FREE,
    "settlement_code": _DIGITS,
    "indicators": _FREE,
    "original_message": _DIGITS,
    "original_stan": _DIGITS,
    "original_transmitted_at": _DIGITS,
    "original_local_time": _DIGITS,
    **dict.fromkeys(TOTALS, _FREE),
}

# Elements that hold something sensitive in every edition of the standard, whatever a house makes of
# the others.
SENSITIVE_ELEMENTS: Final[dict[int, str]] = {
    2: "pan",
    35: "track2",
    36: "track3",
    45: "track1",
    52: "pin_block",
}

# EMV book 3, annex A, and EMV contactless book C-2 (9F6B is track 2 there): data objects that are
# never shown.
SENSITIVE_TAGS: Final[dict[str, str]] = {
    "56": "track1",
    "57": "track2",
    "5A": "pan",
    "5F24": "expiry",
    "99": "pin_block",
    "9F1F": "track1",
    "9F20": "track2",
    "9F6B": "track2",
}


def is_sensitive(meaning: str) -> bool:
    """Whether values of that name are never shown.

    >>> is_sensitive("track2"), is_sensitive("stan")
    (True, False)
    """
    known = MEANINGS.get(meaning)
    return known is not None and known.sensitive


def tag_is_sensitive(tag: str) -> bool:
    """Whether the value of a BER-TLV tag (upper-case hex) is never shown.

    >>> tag_is_sensitive("57"), tag_is_sensitive("9F26")
    (True, False)
    """
    return tag in SENSITIVE_TAGS
