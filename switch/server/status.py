"""What a running switch says of itself when it is asked how it is.

Owns the words and the warnings. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from switch.server.binding import is_loopback
from switch.server.engine import Engine
from switch.server.plan import Port


def engine_status(engine: Engine) -> dict[str, Any]:
    """What is under way, and what is wrong."""
    return {
        "trouble": engine.trouble,
        "settings_version": engine.settings.version,
        "in_flight": engine.in_flight,
        "decided": engine.decided,
    }


def port_status(ports: Iterable[tuple[Port, int]]) -> dict[str, Any]:
    """The open listeners, and what of them is not as it should be."""
    opened = list(ports)
    return {
        "warnings": [
            f"listener {port.name} takes plain text from other hosts"
            for port, _ in opened
            if port.tls is None and not is_loopback(port.host)
        ],
        "listeners": [
            {
                "name": port.name,
                "host": port.host,
                "port": bound,
                "dialect": port.dialect,
                "tls": port.tls is not None,
            }
            for port, bound in opened
        ],
    }
