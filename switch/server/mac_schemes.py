"""MAC schemes held against the fields that would bear their MACs, or refused with file and line.

Owns what scheme and field must agree about: whoever finds it out with the first answer cannot send
that answer. Refuses to know how a MAC is made.

A security is for terminals of every listener, so its scheme is wrong only where no listener's
dialect can bear it.
"""

from __future__ import annotations

from collections.abc import Iterable

from switch.config import Config
from switch.errors import ConfigError
from switch.keys.mac import Scheme
from switch.keys.port import KeyRefused
from switch.wire.dialect_data import Dialect
from switch.wire.mac_cover import mac_room


def refuse_unfit_dialect(dialect: Dialect, where: str) -> None:
    """Raises ConfigError where the dialect's own scheme is none, or its MACs do not fit."""
    if not dialect.mac.scheme:
        return
    said = f"dialect {dialect.name!r}: [mac] scheme"
    try:
        scheme = Scheme.parse(dialect.mac.scheme)
    except KeyRefused as failure:
        raise ConfigError(where, f"{said}: {failure}") from None
    fault = misfit(scheme, dialect)
    if fault:
        raise ConfigError(where, f"{said}: {fault}")


def refuse_unfit_securities(config: Config, dialects: Iterable[Dialect]) -> None:
    """Raises ConfigError for a security whose MACs no dialect that is spoken here can bear."""
    spoken = [dialect for dialect in dialects if mac_room(dialect)]
    for place, security in enumerate(config.security):
        if not security.mac_scheme or security.mac == "none" or not spoken:
            continue
        scheme = Scheme.parse(security.mac_scheme)
        faults = [f"{dialect.name}: {misfit(scheme, dialect)}" for dialect in spoken]
        if all(misfit(scheme, dialect) for dialect in spoken):
            said = f"security.{place}.mac_scheme: fits no dialect here: {'; '.join(faults)}"
            raise ConfigError(config.where("security", place, "mac_scheme"), said)


def misfit(scheme: Scheme, dialect: Dialect) -> str:
    """Why MACs of that scheme do not fit into the dialect's field; empty where they do."""
    room, wanted = mac_room(dialect), scheme.length
    if wanted <= room:
        return ""
    carried = f"{wanted} bytes of MAC"
    if dialect.mac.text:
        carried += f" in {2 * wanted} characters"
    shorter = Scheme.parse(scheme.name)._replace(padding=scheme.padding, length=room)
    try:
        remedy = Scheme.parse(shorter.written).written
    except KeyRefused:
        return f"{scheme.written} makes {carried}, and the field bears {room}: name another scheme"
    return f"{scheme.written} makes {carried}, and the field bears {room}: write {remedy}"
