"""Codes of ISO 8583 in words, for people: what a message type, a bitmap and the usual codes say.

Owns the plain meaning that the standard gives; a dialect's own words (``Dialect.in_words``) come
first. Nothing is ever decided by these texts.
"""

from __future__ import annotations

from typing import Final

from switch.money import CURRENCIES

_VERSIONS: Final = {"0": "ISO 8583:1987", "1": "ISO 8583:1993", "2": "ISO 8583:2003"}
_CLASSES: Final = {
    "1": "authorization",
    "2": "financial",
    "3": "file action",
    "4": "reversal",
    "5": "reconciliation",
    "6": "administrative",
    "7": "fee collection",
    "8": "network management",
}
_FUNCTIONS: Final = {
    "0": "request",
    "1": "answer",
    "2": "advice",
    "3": "advice answer",
    "4": "notification",
    "5": "notification acknowledgement",
    "6": "instruction",
    "7": "instruction acknowledgement",
}
_ORIGINS: Final = {
    "0": "acquirer",
    "1": "acquirer, repeat",
    "2": "issuer",
    "3": "issuer, repeat",
    "4": "other",
    "5": "other, repeat",
}
_TRANSACTIONS: Final = {
    "00": "purchase",
    "01": "cash",
    "02": "debit adjustment",
    "09": "purchase with cashback",
    "20": "refund",
    "21": "deposit",
    "22": "credit adjustment",
    "30": "available funds",
    "31": "balance",
    "40": "transfer",
}
_ENTRY_MODES: Final = {
    "00": "unspecified",
    "01": "keyed",
    "02": "magnetic stripe",
    "03": "bar code",
    "04": "optical",
    "05": "chip",
    "07": "contactless chip",
    "09": "remote chip",
    "10": "credential on file",
    "79": "keyed after a chip failure",
    "80": "magnetic stripe after a chip failure",
    "81": "electronic commerce",
    "90": "magnetic stripe, whole track",
    "91": "contactless magnetic stripe",
    "95": "chip, data unreliable",
}
_ANSWERS: Final = {
    "00": "approved",
    "01": "refer to card issuer",
    "03": "invalid merchant",
    "04": "pick up card",
    "05": "do not honour",
    "06": "error",
    "08": "approved with identification",
    "10": "approved for a partial amount",
    "12": "invalid transaction",
    "13": "invalid amount",
    "14": "no such card",
    "15": "no such issuer",
    "19": "enter again",
    "21": "no action taken",
    "25": "original not found",
    "30": "format error",
    "39": "no credit account",
    "40": "function not supported",
    "41": "lost card",
    "43": "stolen card",
    "51": "not enough funds",
    "52": "no such account",
    "54": "expired card",
    "55": "wrong PIN",
    "56": "no card record",
    "57": "not permitted to cardholder",
    "58": "not permitted to terminal",
    "59": "suspected fraud",
    "61": "amount limit exceeded",
    "62": "restricted card",
    "63": "security violation",
    "65": "count limit exceeded",
    "68": "answer came too late",
    "75": "PIN tries exceeded",
    "76": "wrong original",
    "77": "batch or totals do not match",
    "78": "trace not found",
    "80": "batch number not found",
    "89": "bad terminal id",
    "90": "cutover in progress",
    "91": "issuer or switch inoperative",
    "92": "no route",
    "94": "duplicate",
    "95": "totals do not match: upload follows",
    "96": "system malfunction",
    "97": "bad MAC or PIN key",
}
_ACTIONS: Final = {
    "0": "approved",
    "1": "declined",
    "2": "declined, keep the card",
    "3": "file action",
    "4": "reversal",
    "5": "reconciliation",
    "6": "administrative",
    "7": "fee collection",
    "8": "network management",
    "9": "request not performed",
}
_NETWORK: Final = {
    "001": "sign-on",
    "002": "sign-off",
    "101": "key change",
    "161": "key exchange",
    "201": "cutover",
    "301": "echo",
}


def message_type_words(mti: str) -> str:
    """A message type in words.

    >>> message_type_words("0210")
    'ISO 8583:1987 financial answer (acquirer)'
    """
    version = _VERSIONS.get(mti[:1], f"version {mti[:1]}")
    kind = _CLASSES.get(mti[1:2], f"class {mti[1:2]}")
    function = _FUNCTIONS.get(mti[2:3], f"function {mti[2:3]}")
    return f"{version} {kind} {function} ({_ORIGINS.get(mti[3:4], f'origin {mti[3:4]}')})"


def bitmap_fields(value: str, base: int = 0) -> list[int]:
    """The field numbers that a bitmap in hex names, ``base`` 0 for the first one, 64 for the
    second.

    >>> bitmap_fields("3020000000808001")
    [3, 4, 11, 41, 49, 64]
    """
    width = 4 * len(value)
    bits = int(value or "0", 16)
    return [base + k for k in range(1, width + 1) if bits >> (width - k) & 1]


def amount_words(digits: str, currency: str) -> str:
    """An amount in minor units as people write it; empty for a currency that is not known.

    >>> amount_words("000000001230", "840"), amount_words("000000001230", "392")
    ('12.30 USD', '1230 JPY')
    """
    known = CURRENCIES.get(currency)
    if known is None or not (digits.isascii() and digits.isdecimal()):
        return ""
    letters, exponent = known
    text = digits.lstrip("0").rjust(exponent + 1, "0")
    whole, cents = text[: len(text) - exponent], text[len(text) - exponent :]
    return f"{whole}.{cents} {letters}" if exponent else f"{whole} {letters}"


def field_words(number: str, value: str, mti: str) -> str:
    """What the usual codes say: empty for other fields, or where the standard's use is not met.

    >>> (
    ...     field_words("39", "51", "0210"),
    ...     field_words("22", "051", "0200"),
    ...     field_words("49", "978", "0200"),
    ... )
    ('not enough funds', 'chip', 'EUR')
    """
    if number == "3" and len(value) == 6:
        return _TRANSACTIONS.get(value[:2], "")
    if number == "22" and len(value) == 3:
        return _ENTRY_MODES.get(value[:2], "")
    if number == "39" and len(value) == 2:
        return _ANSWERS.get(value, "")
    if number == "39" and len(value) == 3 and mti[:1] == "1":
        return _ACTIONS.get(value[:1], "")
    if number == "70" and len(value) == 3:
        return _NETWORK.get(value, "")
    if number in ("49", "50", "51") and value in CURRENCIES:
        return CURRENCIES[value][0]
    return ""
