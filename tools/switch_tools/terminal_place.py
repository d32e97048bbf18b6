"""Where a virtual terminal stands: the place in the demo world, or in a world with a file of its
own, that a command line does not spell out.

Owns which listener, terminal, merchant and cards are meant when nobody says. Refuses to know how a
terminal then talks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from switch.config import Card, Config, Listener, demo_config, load_config
from switch.errors import ConfigError
from switch.server.binding import EVERYWHERE
from switch_tools.cards import IssuerKeys, issuer_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is used where the command line says nothing. ``currency`` is a code of ISO 4217,
    ``framing`` and ``mac_scheme`` are empty for the dialect's own. ``issuers`` are the test keys of
    those who gave out the cards, ``key_sets`` the names of base derivation keys."""

    host: str
    port: int
    dialect: str
    framing: str
    terminal_id: str
    merchant_id: str
    currency: str
    cards: Sequence[Card]
    issuers: Mapping[str, IssuerKeys]
    mac_scheme: str = ""
    key_sets: tuple[str, ...] = ()


def find_place(path: Path | None, dialect: str = "", terminal_id: str = "") -> Place:
    """The place of a terminal in the world of the file, or in the demo world: at the first listener
    of the dialect, as the terminal that has the same place in the list. Raises ConfigError.

    >>> find_place(None, "hypercom").terminal_id
    'DEMO0007'
    """
    config = demo_config() if path is None else load_config(path)
    if not (config.listener and config.terminal and config.merchant):
        said = "a terminal needs a listener, a merchant and a terminal in it"
        raise ConfigError(config.name, said)
    order = _first(config, dialect)
    listener = config.listener[order]
    known = {terminal.id: terminal for terminal in config.terminal}
    chosen = terminal_id or config.terminal[order % len(config.terminal)].id
    terminal = known.get(chosen)
    currency = config.settings.default_currency if terminal is None else terminal.currency
    return Place(
        host="127.0.0.1" if listener.host in EVERYWHERE else listener.host,
        port=listener.port,
        dialect=dialect or _loadable(config, listener),
        framing=listener.framing if dialect in ("", listener.dialect) else "",
        terminal_id=chosen,
        merchant_id=config.merchant[0].id if terminal is None else terminal.merchant,
        currency=currency,
        cards=config.card,
        issuers=issuer_keys(config),
        key_sets=tuple(
            key.name.partition(".")[2] for key in config.key if key.name.startswith("bdk.")
        ),
        mac_scheme=_mac_scheme(
            config, config.settings.enrol_security if terminal is None else terminal.security
        ),
    )


def _mac_scheme(config: Config, security: str) -> str:
    """How MACs are made by those who keep to that security."""
    return next((one.mac_scheme for one in config.security if one.name == security), "")


def _first(config: Config, dialect: str) -> int:
    """The first listener of the dialect; the first of all for one that none speaks."""
    names = [listener.dialect for listener in config.listener]
    return names.index(dialect) if dialect in names else 0


def _loadable(config: Config, listener: Listener) -> str:
    """The listener's dialect; the path of a file counts from the configuration's folder."""
    name = listener.dialect
    return str(config.folder / name) if name.endswith(".toml") else name
