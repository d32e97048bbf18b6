"""The made world of secured purchases: terminals with keys, cards with PIN and chip, and their
messages with PIN block, MAC, key serial number and cryptogram.

Owns what is added to the configuration of the bench, and the frames, which are made before a
measurement because they cost more than the switch's work on them. Refuses to know sockets. All
keys are those of the demo world: published ones. All calculations are ``switch.keys``'.
"""

from __future__ import annotations

import tomllib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import islice
from typing import Final, NamedTuple, Protocol

from switch.errors import IsoswitchError
from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import BlockCipher, CipherName
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.mac import mac
from switch.keys.pin_cipher import encipher
from switch.model.ksn import Ksn, parse
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.mac_cover import MacCover
from switch_tools.bench_samples import ASCII
from switch_tools.bench_world import (
    MERCHANT,
    MOST_TERMINALS,
    Bought,
    buyers,
    card_numbers,
    framed,
)
from switch_tools.bench_world import configuration as plain_configuration

PLAIN: Final = "without PIN and MAC"
SESSION: Final = "PIN and MAC, working keys"
TDES: Final = "PIN and MAC, TDES DUKPT"
CHIP: Final = "PIN, MAC and chip, TDES DUKPT"
AES: Final = "PIN and MAC, AES DUKPT"
SECURED: Final = (SESSION, TDES, CHIP, AES)
VARIANTS: Final = (PLAIN, *SECURED)

PIN: Final = "1234"
PROFILE: Final = "visa-cvn18"
SEQUENCE: Final = "01"
ISSUER: Final = "bench"
TDES_SCHEME: Final = "x9.19:8"
AES_SCHEME: Final = "cmac-aes:8"
_FILL: Final = "0" * 16  # of PIN blocks of format 4, which would be random
_HEADS: Final = {SESSION: "WORK", TDES: "DUKP", CHIP: "CHIP", AES: "ADUK"}
_SECURITY: Final = """
[[security]]
name = "tdes"
mac = "required"

[[security]]
name = "aes"
mac = "required"
mac_scheme = "{scheme}"
"""
_KEY: Final = """
[[key]]
name = "{name}"
algorithm = "{algorithm}"
value = "{value}"
"""
_TERMINAL: Final = """
[[terminal]]
id = "{terminal}"
merchant = "{merchant}"
security = "{security}"

[[card]]
name = "{terminal}"
pan = "{pan}"
expiry = "4912"
balance = "1000000.00"
issuer = "{issuer}"
pin = "{pin}"
{more}
"""
# The demo's keys, and what they are called here.
_BORROWED: Final = {
    "bdk.FFFF987654": "bdk.FFFF987654",
    "bdk.12345678": "bdk.12345678",
    "issuer.demo.pvk": f"issuer.{ISSUER}.pvk",
    "issuer.demo.imk_ac": f"issuer.{ISSUER}.imk_ac",
}
_TPK: Final = "terminal.DEMO0001.tmk"
_TAK: Final = "issuer.demo.cvk"


class DemoKey(NamedTuple):
    """A test key as the demo's configuration has it."""

    algorithm: str
    value: str

    @property
    def clear(self) -> bytes:
        """Its bytes."""
        return bytes.fromhex(self.value)


def demo_keys() -> dict[str, DemoKey]:
    """The demo's keys by name."""
    demo = tomllib.loads(resources.files("switch").joinpath("demo.toml").read_text("utf-8"))
    return {key["name"]: DemoKey(key["algorithm"], key["value"]) for key in demo["key"]}


def terminal_names(variant: str) -> list[str]:
    """Ids of all terminals of a secured variant."""
    return [f"{_HEADS[variant]}{number:04d}" for number in range(1, MOST_TERMINALS + 1)]


def _pans(variant: str) -> list[str]:
    """No card is the plain purchases' or another variant's."""
    first = MOST_TERMINALS * VARIANTS.index(variant)
    return list(islice(card_numbers(), first, first + MOST_TERMINALS))


def configuration() -> str:
    """The configuration file of the measured switch: that of plain purchases, and more."""
    demo = demo_keys()
    parts = [plain_configuration(), _SECURITY.format(scheme=AES_SCHEME)]
    keys = {name: demo[borrowed] for borrowed, name in _BORROWED.items()}
    for terminal in terminal_names(SESSION):
        keys[f"terminal.{terminal}.tpk"] = demo[_TPK]
        keys[f"terminal.{terminal}.tak"] = demo[_TAK]
    parts += [
        _KEY.format(name=name, algorithm=key.algorithm, value=key.value)
        for name, key in keys.items()
    ]
    for variant in SECURED:
        chip = f'chip = "{PROFILE}"\nsequence = "{SEQUENCE}"' if variant == CHIP else ""
        parts += [
            _TERMINAL.format(
                terminal=terminal,
                merchant=MERCHANT,
                security="aes" if variant == AES else "tdes",
                pan=pan,
                issuer=ISSUER,
                pin=PIN,
                more=chip,
            )
            for terminal, pan in zip(terminal_names(variant), _pans(variant), strict=True)
        ]
    return "".join(parts)


class MessageKeys(NamedTuple):
    """The keys of one message and of its answer."""

    ksn: str
    pin: bytes
    request: bytes
    response: bytes


class _Device(Protocol):
    def key(self, counter: int, purpose: str, /) -> bytearray: ...


@dataclass(slots=True)
class Dukpt:
    """Keys of a device, counter by counter."""

    device: _Device
    ksn: Ksn

    def next(self) -> MessageKeys:
        """The keys of the next counter."""
        self.ksn = ksn = self.ksn.advanced()
        made = [
            bytes(self.device.key(ksn.counter, purpose))
            for purpose in ("pin", "mac_request", "mac_response")
        ]
        return MessageKeys(str(ksn), *made)


@dataclass(slots=True)
class Worked:
    """Working keys: the same for all messages."""

    keys: MessageKeys

    def next(self) -> MessageKeys:
        """Again."""
        return self.keys


class Guarded:
    """One terminal that secures its messages, with its card."""

    def __init__(
        self, terminal: str, pan: str, keys: Dukpt | Worked, card: ChipCard | None, aes: bool
    ) -> None:
        self.terminal = terminal
        self.stan = 0
        self._pan = pan
        self._keys = keys
        self._card = card
        self._cipher: CipherName = "AES" if aes else "TDES"
        self._scheme = AES_SCHEME if aes else TDES_SCHEME
        self._format, self._fill = (4, _FILL) if aes else (0, "")
        dialect = load_dialect(ASCII.dialect)
        self._codec, self._cover = Codec(dialect.layout), MacCover(dialect)
        track2 = ASCII.request["35"].replace(ASCII.request["2"], pan)
        self._fields = {**ASCII.request, "2": pan, "35": track2, "41": terminal}
        self._made = 0
        self._frames: deque[bytes] = deque()
        self._unheard: deque[bytes] = deque()  # response keys of what was sent and not checked
        self._heard: list[bytes] = []

    def prepare(self, count: int) -> None:
        """Make the next purchases."""
        while len(self._frames) < count:
            self._made += 1
            keys = self._keys.next()
            self._frames.append(self._frame(keys))
            self._unheard.append(keys.response)

    def next_frame(self) -> bytes:
        """The next purchase."""
        self.stan += 1
        return self._frames.popleft()

    def heard(self, answer: bytes) -> None:
        """An answer, to be checked when nothing is measured."""
        self._heard.append(answer)

    def check(self) -> None:
        """Raises IsoswitchError unless all answers bear a right MAC, and what a chip has waited
        for.
        """
        for answer in self._heard:
            body = answer[2:]
            fields = self._codec.decode(body)
            made = mac(self._scheme, self._unheard.popleft(), self._cover.input(body))
            if made != self._cover.mac(fields) or (self._card is not None and "55" not in fields):
                raise IsoswitchError(f"{self.terminal}: an answer is not sealed as it should be")
        self._heard.clear()

    def _frame(self, keys: MessageKeys) -> bytes:
        number = f"{self._made:06d}"
        block = self._pin_block(keys.pin)
        fields = {
            **self._fields,
            "11": number,
            "37": ASCII.request["37"][:6] + number,
            "52" if len(block) == 16 else "125": block,
        }
        if keys.ksn:
            fields["61"] = keys.ksn
        if self._card is not None:
            fields |= {"23": f"0{SEQUENCE}", "55": self._chip_data(self._card)}
        order = sorted(fields, key=lambda key: int(key) if key.isdecimal() else 0)
        make = partial(mac, self._scheme, keys.request)
        ordered = {key: fields[key] for key in order}
        return framed(self._cover.sign(self._codec, ordered, make))

    def _pin_block(self, key: bytes) -> str:
        cipher = BlockCipher(self._cipher, key)
        return encipher(cipher, self._format, PIN, self._pan, self._fill).hex().upper()

    def _chip_data(self, card: ChipCard) -> str:
        told = TerminalData(
            amount_minor=int(ASCII.request["4"]),
            currency=ASCII.request["49"],
            country="840",
            date="260728",
            unpredictable=self._made.to_bytes(4, "big"),
        )
        return card.chip_data(told, self._made).hex().upper()


def bought(codec: Codec, terminals: int = MOST_TERMINALS) -> Mapping[str, Sequence[Bought]]:
    """So many terminals of each variant, ready to buy."""
    demo = demo_keys()
    keys: dict[str, Callable[[int], Dukpt | Worked]] = {
        SESSION: lambda _: Worked(
            MessageKeys("", demo[_TPK].clear, demo[_TAK].clear, demo[_TAK].clear)
        ),
        TDES: lambda number: tdes_device(demo["bdk.FFFF987654"].clear, number),
        CHIP: lambda number: tdes_device(demo["bdk.FFFF987654"].clear, MOST_TERMINALS + number),
        AES: lambda number: aes_device(demo["bdk.12345678"].clear, number),
    }
    made: dict[str, Sequence[Bought]] = {PLAIN: buyers(codec)[:terminals]}
    for variant in SECURED:
        pairs = islice(zip(terminal_names(variant), _pans(variant), strict=True), terminals)
        made[variant] = [
            Guarded(
                terminal,
                pan,
                keys[variant](number),
                _card(demo, pan) if variant == CHIP else None,
                variant == AES,
            )
            for number, (terminal, pan) in enumerate(pairs, 1)
        ]
    return made


def _card(demo: Mapping[str, DemoKey], pan: str) -> ChipCard:
    return ChipCard(PROFILE, pan, SEQUENCE, bytearray(demo["issuer.demo.imk_ac"].clear))


def tdes_device(bdk: bytes, number: int) -> Dukpt:
    """A device of TDES DUKPT before its first message."""
    ksn = parse(f"FFFF987654{number << 1:05X}00000")
    return Dukpt(dukpt_tdes.TdesDevice(dukpt_tdes.initial_key(bdk, ksn), ksn), ksn)


def aes_device(bdk: bytes, number: int) -> Dukpt:
    """A device of AES DUKPT before its first message."""
    ksn = parse(f"12345678{number:08X}00000000")
    return Dukpt(dukpt_aes.AesDevice(dukpt_aes.initial_key(bdk, ksn), ksn), ksn)
