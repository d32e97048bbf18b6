"""The bounds of the engine (INV-95).

Owns their defaults; what happens at each is said in ``switch.config``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Bounds of the engine (INV-95): at the first, requests are answered ``busy`` at once (S-09);
    ``answer_s`` after its arrival a request is not approved any more (INV-05)."""

    in_flight: int = 1024
    batch: int = 256
    deliveries: int = 65_536
    rows: int = 8192
    answer_s: float = 20.0
