"""Whether the time that a refused PIN block takes tells why it was refused (SR-PIN-04).

Owns the causes, the interleaved rounds and what their times are held against: controls, which are
one of the causes measured again. Texts must be equal, else there is nothing to measure.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from switch.errors import IsoswitchError
from switch.keys.ciphers import BlockCipher, xor
from switch.keys.pin_cipher import encipher
from switch.model.facts import Verdict
from switch.model.security import KeyUse
from switch.values import Pan, PinBlock
from switch_tools.bench_vault import METHOD, PAN, BenchVault

CALLS: Final = 12  # of each cause in each round
REFERENCE: Final = "another key"
CONTROLS: Final = tuple(f"control {number}" for number in range(1, 6))
# What is wrong with these can be seen without a key.
SEEN: Final = frozenset(
    {"half a block", "two blocks", "no block", "no hex", "a number that is none"}
)
_OTHER_PAN: Final = "4761739001010119"
_FILL: Final = "5A" * 8
# PIN fields that hold no PIN: format 0 and 3 are XORed with the PAN's behind it.
_MALFORMED: Final = {
    "control nibble of no format": "F41234FFFFFFFFFF",
    "another format": "241234FFFFFFFFFF",
    "a PIN of no digits": "00FFFFFFFFFFFFFF",
    "a PIN of 3 digits": "03123FFFFFFFFFFF",
    "a PIN of 13 digits": "0D1234567890123F",
    "a letter in the PIN": "04123AFFFFFFFFFF",
    "a letter in front of the PIN": "04A234FFFFFFFFFF",
    "a digit in the fill": "041234FFFFFFFFF0",
    "digits in all of the fill": "0412340000000000",
}
_MALFORMED_4: Final = {
    "control nibble of no format": "F41234AAAAAAAAAA",
    "another format": "041234AAAAAAAAAA",
    "a PIN of no digits": "40AAAAAAAAAAAAAA",
    "a PIN of 3 digits": "43123AAAAAAAAAAA",
    "a PIN of 13 digits": "4D1234567890123A",
    "a letter in the PIN": "44123AAAAAAAAAAA",
    "a letter in front of the PIN": "44A234AAAAAAAAAA",
    "a digit in the fill": "441234AAAAAAAAA0",
    "digits in all of the fill": "4412340000000000",
}

Ask = Callable[[], Verdict]


@dataclass(frozen=True, slots=True)
class TimingFigure:
    """Blocks of one kind, ``where`` something is wrong: in the block, which only the key tells, or
    around it, which whoever sends it sees himself. Nanoseconds by the clock of one refusal.

    ``farthest`` is the cause whose quartiles over all rounds are farthest from those of the
    reference; ``noise_ns`` how far the farthest of the controls is, which are the reference
    measured again.
    """

    blocks: str
    where: str
    causes: int
    refusal_ns: float
    farthest: str
    difference_ns: float
    noise_ns: float

    @property
    def times(self) -> float:
        """How many times the noise the largest difference is."""
        return self.difference_ns / max(self.noise_ns, 1.0)


def measure(folder: Path, rounds: int) -> list[TimingFigure]:
    """Blocks under TDES and under AES. Raises IsoswitchError where two causes are told apart in
    words.
    """
    bench = BenchVault(folder)
    try:
        figures = []
        for blocks, aes in (("format 0, TDES", False), ("format 4, AES", True)):
            asked = causes(bench, aes=aes)
            figures += _measured(blocks, asked, rounds)
        return figures
    finally:
        bench.close()


def causes(bench: BenchVault, *, aes: bool) -> dict[str, Ask]:
    """All that can be wrong with a block, as questions to the vault. Raises IsoswitchError unless
    all are answered in the same words.
    """
    key = bench.keys.zpk_aes if aes else bench.keys.tpk
    clear = bench.clear["zpk_aes" if aes else "tpk"]
    cipher = BlockCipher("AES" if aes else "TDES", clear)
    right = encipher(cipher, 4 if aes else 0, "1234", PAN, _FILL if aes else "")
    blocks = {name: _enciphered(cipher, field) for name, field in _fields(aes).items()}
    other = BlockCipher(cipher.name, os.urandom(16))
    blocks |= {
        REFERENCE: bytes(other.decrypt(right)),
        "random bytes": os.urandom(len(right)),
        "half a block": right[: len(right) // 2],
        "two blocks": right * 2,
        "no block": b"",
    }
    asked: dict[str, Ask] = {
        name: _question(bench, key, block.hex().upper(), PAN) for name, block in blocks.items()
    }
    asked["no hex"] = _question(bench, key, "X" * (2 * len(right)), PAN)
    asked["another card"] = _question(bench, key, right.hex().upper(), _OTHER_PAN)
    asked["a number that is none"] = _question(bench, key, right.hex().upper(), "12")
    if not aes:
        good = encipher(cipher, 1, "1234", fill="5" * 10)
        asked["a format that is not taken"] = _question(bench, key, good.hex().upper(), PAN)
    said = {(verdict.outcome, verdict.said) for verdict in (ask() for ask in asked.values())}
    if len(said) != 1 or {outcome for outcome, _ in said} != {"block_invalid"}:
        raise IsoswitchError(f"PIN blocks are not all refused in the same words: {sorted(said)}")
    return asked


def _fields(aes: bool) -> Mapping[str, str]:
    return _MALFORMED_4 if aes else _MALFORMED


def _enciphered(cipher: BlockCipher, field: str) -> bytes:
    """A block as a device would encipher it that fills in the PIN field like this."""
    raw = bytes.fromhex(field)
    if cipher.name == "TDES":
        return bytes(cipher.encrypt(xor(raw, bytes.fromhex(f"0000{PAN[-13:-1]}"))))
    pan_part = bytes.fromhex(f"{len(PAN) - 12}{PAN}".ljust(32, "0"))
    return bytes(cipher.encrypt(xor(cipher.encrypt(raw + bytes.fromhex(_FILL)), pan_part)))


def _question(bench: BenchVault, key: KeyUse, block: str, pan: str) -> Ask:
    vault, pvk, reference = bench.vault, bench.keys.pvk, bench.reference
    asked_of, enciphered = Pan(pan), PinBlock(block)
    return lambda: vault.check_pin(key, enciphered, asked_of, METHOD, reference, pvk)


def _measured(blocks: str, asked: Mapping[str, Ask], rounds: int) -> list[TimingFigure]:
    """In each round every cause in turn, beginning with another one each time; of a cause the
    median of its calls.
    """
    names = [*asked, *CONTROLS]
    jobs = {**asked, **dict.fromkeys(CONTROLS, asked[REFERENCE])}
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            took = [_call_ns(jobs[name]) for _ in range(CALLS)]
            if number:  # the first round warms up
                found[name].append(median(took))
    apart = {name: _apart(some, found[REFERENCE]) for name, some in found.items()}
    noise_ns = max(apart[name] for name in CONTROLS)
    figures = []
    for where, causes_there in (
        ("in the block", asked.keys() - SEEN),
        ("around it", asked.keys() & SEEN),
    ):
        farthest = max(causes_there, key=apart.__getitem__)
        refusal_ns, count = median(found[REFERENCE]), len(causes_there)
        figures.append(
            TimingFigure(blocks, where, count, refusal_ns, farthest, apart[farthest], noise_ns)
        )
    return figures


def _apart(some: Sequence[float], others: Sequence[float]) -> float:
    """The largest difference of two distributions at a quartile."""
    pairs = zip(quantiles(some), quantiles(others), strict=True)
    return max(abs(one - other) for one, other in pairs)


def _call_ns(ask: Ask) -> int:
    before_ns = time.perf_counter_ns()
    ask()
    return time.perf_counter_ns() - before_ns
