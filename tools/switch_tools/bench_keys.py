"""What the key room does in a second: derivations, and the questions of the live path to its vault.

Owns the operations and their yardstick, which is the smallest thing that any of them is made of: a
TDES cipher under a new key, used for one block. Refuses to measure anything that the live path does
not call.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import BlockCipher
from switch.keys.key_block import padding_length, unwrap, wrap
from switch.keys.key_block_header import Header
from switch.model.facts import Verdict
from switch.model.ksn import Counter, Ksn, parse
from switch_tools.bench_rounds import Job, in_turn, ratio
from switch_tools.bench_secured_world import AES_SCHEME, PROFILE, SEQUENCE, TDES_SCHEME
from switch_tools.bench_vault import METHOD, BenchVault, Message

YARDSTICK: Final = "yardstick: a new TDES cipher, one block"
COUNTERS: Final = range(1, 1024)  # five 1 bits on average, ten at most
SLICE_S: Final = 0.02
TDES_KSN: Final = "FFFF9876543210E00000"
AES_KSN: Final = "123456789012345600000000"


@dataclass(frozen=True, slots=True)
class KeysFigure:
    """An operation: CPU microseconds of one, how many that makes in a second of CPU time, and how
    many times the yardstick, round by round.
    """

    operation: str
    us: float
    per_second: float
    times: float


def measure(folder: Path, rounds: int, slice_s: float = SLICE_S) -> list[KeysFigure]:
    """All operations in turn."""
    bench = BenchVault(folder)
    try:
        jobs = {
            YARDSTICK: _job(_new_cipher),
            **_derivations(),
            **_questions(bench),
            **_blocks(bench),
        }
        found = in_turn(jobs, rounds, slice_s)
    finally:
        bench.close()
    return [
        KeysFigure(name, median(us), 1e6 / median(us), ratio(us, found[YARDSTICK]))
        for name, us in found.items()
    ]


def _job(piece: Callable[[], object]) -> Job:
    def job(count: int) -> None:
        for _ in range(count):
            piece()

    return job


def _new_cipher(key: bytes = bytes(range(16)), block: bytes = bytes(8)) -> None:
    BlockCipher("TDES", key).encrypt(block)


def _derivations() -> dict[str, Job]:
    """``plain``: from the initial key; ``kept``: the next counter, the way to the last one kept."""
    tdes, aes = parse(TDES_KSN), parse(AES_KSN)
    ik = os.urandom(16)
    walks: dict[str, tuple[Callable[[int], object], Ksn]] = {
        "TDES DUKPT, PIN key, plain": (
            lambda at: dukpt_tdes.working_key(ik, tdes.at(at), "pin"),
            tdes,
        ),
        "TDES DUKPT, PIN key, way kept": (_kept(dukpt_tdes.TdesDevice(ik, tdes)), tdes),
        "AES DUKPT, PIN key, plain": (
            lambda at: dukpt_aes.working_key(ik, aes.at(at), "pin"),
            aes,
        ),
        "AES DUKPT, PIN key, way kept": (_kept(dukpt_aes.AesDevice(ik, aes)), aes),
    }
    return {name: _walked(derive, ksn) for name, (derive, ksn) in walks.items()}


def _kept(device: dukpt_tdes.TdesDevice | dukpt_aes.AesDevice) -> Callable[[int], object]:
    return lambda counter: device.key(counter, "pin")


def _walked(derive: Callable[[int], object], ksn: Ksn) -> Job:
    counters = cycle([at for at in COUNTERS if ksn.at(at).worth is Counter.GOOD])
    return _job(lambda: derive(next(counters)))


def _questions(bench: BenchVault) -> dict[str, Job]:
    """The vault's own questions; each must be answered as it is on the live path."""
    vault, keys, pan, data = bench.vault, bench.keys, bench.pan, bench.data
    tdes, aes = bench.messages(aes=False), bench.messages(aes=True)
    session_mac = vault.make_mac(keys.tak, TDES_SCHEME, data)

    def verified(it: Message, wide: bool) -> Verdict:
        key = keys.bdk_aes if wide else keys.bdk
        return vault.check_pin(key, it.block, pan, METHOD, bench.reference, keys.pvk, ksn=it.ksn)

    def checked(it: Message, wide: bool) -> Verdict:
        key, scheme = (keys.bdk_aes, AES_SCHEME) if wide else (keys.bdk, TDES_SCHEME)
        return vault.check_mac(key, scheme, it.data, it.mac, it.ksn)

    def session_pin() -> Verdict:
        return vault.check_pin(keys.tpk, bench.block, pan, METHOD, bench.reference, keys.pvk)

    translated = vault.translate_pin
    return {
        "PIN verification, PVV, PIN key": _good(session_pin),
        "PIN verification, PVV, TDES DUKPT": _each(tdes, lambda it: verified(it, False)),
        "PIN verification, PVV, AES DUKPT": _each(aes, lambda it: verified(it, True)),
        "PIN translation, TDES to TDES": _job(
            lambda: translated(keys.tpk, bench.block, pan, keys.zpk, 0)
        ),
        "PIN translation, TDES to AES": _job(
            lambda: translated(keys.tpk, bench.block, pan, keys.zpk_aes, 4)
        ),
        "PIN translation, TDES DUKPT to TDES": _walk(
            tdes, lambda it: translated(keys.bdk, it.block, pan, keys.zpk, 0, ksn=it.ksn)
        ),
        "MAC check, X9.19, MAC key": _good(
            lambda: vault.check_mac(keys.tak, TDES_SCHEME, data, session_mac)
        ),
        "MAC made, X9.19, MAC key": _job(lambda: vault.make_mac(keys.tak, TDES_SCHEME, data)),
        "MAC check, X9.19, TDES DUKPT": _each(tdes, lambda it: checked(it, False)),
        "MAC made, X9.19, TDES DUKPT": _walk(
            tdes, lambda it: vault.make_mac(keys.bdk, TDES_SCHEME, it.data, it.ksn)
        ),
        "MAC check, CMAC, AES DUKPT": _each(aes, lambda it: checked(it, True)),
        "MAC made, CMAC, AES DUKPT": _walk(
            aes, lambda it: vault.make_mac(keys.bdk_aes, AES_SCHEME, it.data, it.ksn)
        ),
        "ARQC check": _good(
            lambda: vault.check_cryptogram(keys.imk, PROFILE, next(bench.chips), pan, SEQUENCE)
        ),
        "ARQC check and ARPC": _good(lambda: _both(bench)),
    }


def _both(bench: BenchVault) -> Verdict:
    """As an approval does it: the cryptogram is checked, then answered."""
    vault, imk, pan, chip = bench.vault, bench.keys.imk, bench.pan, next(bench.chips)
    verdict = vault.check_cryptogram(imk, PROFILE, chip, pan, SEQUENCE)
    vault.chip_answer(imk, PROFILE, chip, pan, SEQUENCE, "00")
    return verdict


def _good(ask: Callable[[], Verdict]) -> Job:
    def piece() -> None:
        assert ask().outcome == "good"

    return _job(piece)


def _each(messages: list[Message], ask: Callable[[Message], Verdict]) -> Job:
    waiting = cycle(messages)
    return _good(lambda: ask(next(waiting)))


def _walk(messages: list[Message], ask: Callable[[Message], object]) -> Job:
    waiting = cycle(messages)
    return _job(lambda: ask(next(waiting)))


def _blocks(bench: BenchVault) -> dict[str, Job]:
    """A key's block opened for the first time, and asked for again."""
    kbpk, key = os.urandom(32), os.urandom(16)
    header = Header("D", "P0", "T", "E", exportability="E")
    block = wrap(kbpk, header, key, os.urandom(padding_length(header, len(key))))
    return {
        "key block, version D, cold": _job(lambda: unwrap(kbpk, block)),
        "key block, version D, warm": _job(lambda: bench.vault.attributes(bench.keys.tak)),
    }
