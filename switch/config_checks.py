"""Mistakes that lie between settings: each names the setting that is to be changed, and says why.

Owns what must fit together. A single value that is wrong by itself never gets here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from switch.config_file import Config
from switch.config_keys_checks import key_mistakes
from switch.config_risk_checks import risk_mistakes
from switch.config_scripts_checks import rule_mistakes
from switch.config_types import Mistake
from switch.money import Money, MoneyError


def contradictions(config: Config) -> Iterator[Mistake]:
    """Mistakes that lie between settings."""
    if config.server.answer_s >= config.server.terminal_s:
        said = (
            "must be below server.terminal_s, or a terminal gives up before it is answered (INV-05)"
        )
        yield ("server", "answer_s"), f"server.answer_s: {said}"
    yield from _twice("listener", [listener.name for listener in config.listener], "name")
    ports = [f"{item.host}:{item.port}" if item.port else "" for item in config.listener]
    yield from _twice("listener", ports, "port")
    yield from _twice("merchant", [merchant.id for merchant in config.merchant], "id")
    yield from _twice("terminal", [terminal.id for terminal in config.terminal], "id")
    yield from _twice("card", [card.name for card in config.card], "name")
    yield from _twice("card", [card.pan for card in config.card], "pan")
    merchants = {merchant.id for merchant in config.merchant}
    for place, terminal in enumerate(config.terminal):
        if terminal.merchant not in merchants:
            said = f"terminal.{place}.merchant: there is no merchant {terminal.merchant!r}"
            yield ("terminal", place, "merchant"), said
    settings = config.settings
    if settings.enrol_unknown and settings.enrol_merchant not in merchants:
        said = "settings.enrol_merchant: enrolment needs the id of a merchant"
        yield ("settings", "enrol_merchant"), said
    for place, card in enumerate(config.card):
        if not any(card.pan.starts_with(prefix) for prefix in settings.test_ranges):
            said = f"card.{place}.pan: is in none of settings.test_ranges"
            yield ("card", place, "pan"), said
        if card.name.isdigit():  # it could be called by no command, and names are shown
            said = f"card.{place}.name: it reads as a card number: take a word"
            yield ("card", place, "name"), said
    yield from _twice("security", [security.name for security in config.security], "name")
    yield from _twice("key", [key.name for key in config.key], "name")
    yield from _twice("officer", [officer.name for officer in config.officer], "name")
    yield from key_mistakes(config)
    yield from _twice("risk", [rule.name for rule in config.risk], "name")
    yield from risk_mistakes(config)
    yield from rule_mistakes(config)
    yield from _amounts(config)


def _amounts(config: Config) -> Iterator[Mistake]:
    """Amounts with more decimals than their currency has."""
    settings = config.settings
    amounts: list[tuple[tuple[str | int, ...], str, str]] = [
        (("card", place, name), getattr(card, name), card.currency)
        for place, card in enumerate(config.card)
        for name in (
            "balance",
            "credit_limit",
            "per_transaction_limit",
            "daily_limit",
            "cash_limit",
        )
    ]
    amounts += [
        (("settings", name), getattr(settings, name), settings.default_currency)
        for name in ("enrol_balance", "enrol_per_transaction_limit", "enrol_daily_limit")
    ]
    for path, text, currency in amounts:
        try:
            Money.parse(text, currency)
        except MoneyError as failure:
            yield path, f"{'.'.join(map(str, path))}: {failure}"


def _twice(section: str, values: list[Any], name: str) -> Iterator[Mistake]:
    seen: dict[Any, int] = {}
    for place, value in enumerate(values):
        if value and seen.setdefault(value, place) != place:
            said = f"{section}.{place}.{name}: {value} is taken by {section}.{seen[value]}"
            yield (section, place, name), said
