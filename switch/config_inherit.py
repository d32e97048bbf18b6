"""What a table of the configuration takes over from another where it says nothing itself.

Owns whose currency is whose. Works on tables as they were parsed and refuses to judge them: what is
no table, or no currency, is left to the check of the whole.
"""

from __future__ import annotations

from typing import Any

from switch.money import MoneyError, currency_number


def inherit_currency(table: dict[str, Any]) -> None:
    """Who names no currency has that of the house, and a terminal that of its merchant."""
    house = _entry(table.get("settings")).get("default_currency")
    merchants: dict[str, Any] = {}
    for section in ("merchant", "card", "terminal"):
        rows = table.get(section)
        for row in map(_entry, rows if isinstance(rows, list) else ()):
            currency = merchants.get(str(row.get("merchant")), house)
            if "currency" not in row and _is_currency(currency):
                row["currency"] = currency
            if section == "merchant":
                merchants[str(row.get("id"))] = row.get("currency")


def _entry(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_currency(value: Any) -> bool:
    """A mistake is told once, where it was made, not wherever it would be inherited."""
    try:
        return bool(currency_number(value))
    except (MoneyError, AttributeError):
        return False
