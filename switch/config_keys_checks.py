"""Mistakes that lie between keys, securities, officers and whoever names them.

Owns what must fit together there. No sentence repeats a key or a PIN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from switch.config_file import Config
from switch.config_keys import ConfiguredKey
from switch.config_types import Mistake
from switch.keys.ciphers import wipe
from switch.keys.clear_keys import refuse_unfit
from switch.keys.permissions import check_spec, kind
from switch.keys.port import KeyRefused
from switch.model.key_roles import SIZES

PIN_ROLES: Final = {"visa-pvv": "pvk", "ibm-3624": "ibm"}
FEWEST_OFFICERS: Final = 2
WRAPPING: Final = {"tr31": "K1", "cryptogram": "K0"}  # usage of a terminal master key, by exchange


def key_mistakes(config: Config) -> Iterator[Mistake]:
    """Mistakes that lie between settings about keys."""
    yield from _named_securities(config)
    yield from _keys(config)
    yield from _masters(config)
    yield from _cards(config)
    yield from _officers(config)
    settings = config.settings
    if settings.enrol_issuer and settings.enrol_pin is None:
        said = "settings.enrol_issuer: the cards of an issuer have a PIN: say enrol_pin"
        yield ("settings", "enrol_issuer"), said
    if settings.enrol_pin is not None and not settings.enrol_issuer:
        said = "settings.enrol_pin: a PIN is verified by an issuer: say enrol_issuer"
        yield ("settings", "enrol_pin"), said


def _named_securities(config: Config) -> Iterator[Mistake]:
    known = [security.name for security in config.security]
    have = f"there is {', '.join(known)}" if known else "there is no [[security]]"
    for place, terminal in enumerate(config.terminal):
        if terminal.security and terminal.security not in known:
            path = ("terminal", place, "security")
            yield path, f"terminal.{place}.security: no security is called that; {have}"
    chosen = config.settings.enrol_security
    if chosen and chosen not in known:
        yield ("settings", "enrol_security"), f"settings.enrol_security: none is called so; {have}"
    for place, security in enumerate(config.security):
        if not security.dukpt and not security.session:
            said = f"security.{place}.session: without it and without dukpt no key could be used"
            yield ("security", place, "session"), said


def _keys(config: Config) -> Iterator[Mistake]:
    for place, key in enumerate(config.key):
        wanted = SIZES[key.algorithm].length
        if key.used_as not in key.role.usages:
            usages = ", ".join(key.role.usages)
            said = f"key.{place}.usage: a key called {key.name} is for {usages}"
            yield ("key", place, "usage"), said
        elif key.value.length != wanted:
            digits = f"{2 * wanted} hex digits, this one has {2 * key.value.length}"
            yield (
                ("key", place, "value"),
                f"key.{place}.value: a key of {key.algorithm} has {digits}",
            )
        else:
            for name, said in _unfit(key):
                yield ("key", place, name), f"key.{place}.{name}: {said}"


def _masters(config: Config) -> Iterator[Mistake]:
    """A terminal master key hands working keys out in one form, and its security says which."""
    securities = {security.name: security for security in config.security}
    named = {terminal.id: terminal.security for terminal in config.terminal}
    for place, key in enumerate(config.key):
        owner, _, role = key.name.removeprefix("terminal.").rpartition(".")
        if role != "tmk" or key.used_as not in WRAPPING.values():
            continue
        security = securities.get(named.get(owner, config.settings.enrol_security))
        if security is None or not security.session or key.used_as == WRAPPING[security.exchange]:
            continue
        said = f"security {security.name} hands working keys out as {security.exchange}"
        where = "usage" if key.usage else "name"
        usage = f'usage = "{WRAPPING[security.exchange]}"'
        yield ("key", place, where), f"key.{place}.{where}: {said}, which takes {usage}"


def _unfit(key: ConfiguredKey) -> Iterator[tuple[str, str]]:
    """Why the vault would not take it, told where it stands."""
    try:
        spec = check_spec(key.spec)
    except KeyRefused as failure:
        yield "algorithm", str(failure)
        return
    clear = bytearray.fromhex(key.value.reveal())
    try:
        refuse_unfit(kind(spec), clear, single_des=spec.algorithm == "D")
    except KeyRefused as failure:
        yield "value", str(failure)
    finally:
        wipe(clear)


def _cards(config: Config) -> Iterator[Mistake]:
    known = {key.name for key in config.key}
    for place, card in enumerate(config.card):
        checked = [name for name in ("pin", "chip", "verification") if getattr(card, name)]
        if checked and not card.issuer:
            said = f"card.{place}.{checked[0]}: is judged by an issuer's keys: say issuer"
            yield ("card", place, checked[0]), said
        verifies = f"issuer.{card.issuer}.{PIN_ROLES[card.pin_method]}"
        if card.issuer and card.pin is not None and verifies not in known:
            said = f"card.{place}.pin: is verified by the key {verifies}, and no [[key]] is it"
            yield ("card", place, "pin"), said


def _officers(config: Config) -> Iterator[Mistake]:
    """Two persons have two tokens, and dual control needs two."""
    if len(config.officer) == FEWEST_OFFICERS - 1:
        said = "officer.0: live keys take two officers (SR-KEY-07): name a second one, or none"
        yield ("officer", 0), said
    seen: dict[str, int] = {}
    for place, officer in enumerate(config.officer):
        if seen.setdefault(officer.token_hash, place) != place:
            said = f"officer.{place}.token_hash: is the token of officer.{seen[officer.token_hash]}"
            yield ("officer", place, "token_hash"), said
