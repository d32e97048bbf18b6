"""The fuzz targets by name: each a function that takes any bytes, and bytes to begin with.

Owns the list. A target is tried by properties in the suite (``test_targets``) and, guided by which
code its bytes reach, by ``run``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.fuzz import chip_data, key_blocks, mac_schemes, pin_blocks, serials


class Target(NamedTuple):
    """``one`` raises whatever should not be; it returns for bytes that are refused as they ought to
    be.
    """

    one: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


TARGETS: Final = {
    "key_blocks": Target(key_blocks.fuzz_one, key_blocks.SEEDS),
    "pin_blocks": Target(pin_blocks.fuzz_one, pin_blocks.SEEDS),
    "chip_data": Target(chip_data.fuzz_one, chip_data.SEEDS),
    "serials": Target(serials.fuzz_one, serials.SEEDS),
    "mac_schemes": Target(mac_schemes.fuzz_one, mac_schemes.SEEDS),
}
