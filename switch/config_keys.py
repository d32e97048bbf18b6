"""``[[security]]``, ``[[key]]`` and ``[[officer]]``: how terminals are secured, which test keys the
world begins with, and who may handle live keys.

Owns names and shapes. A key stands here in clear, so it can only be a test key; it is read into a
type that prints masked, and no refusal repeats it. What must fit together is judged by
``config_keys_checks``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from switch.config_types import Name, Section
from switch.keys.emv_profiles import NAMES as PROFILES
from switch.keys.mac import Scheme
from switch.keys.port import KeyRefused, KeySpec
from switch.model.key_roles import SIZES, Role, names_in_words, role_of
from switch.model.security import Security as SecurityWords
from switch.values import ClearKey, Pin

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_LENGTHS: Final = sorted({size.length for size in SIZES.values()})
_MICROSECONDS: Final = 1_000_000
LONGEST_S: Final = 31 * 86_400


def _clear_key(text: object) -> ClearKey:
    """Hex digits, gaps allowed as a key sheet prints them; ValueError without them."""
    digits = text.replace(" ", "") if isinstance(text, str) else ""
    if not _HEX.fullmatch(digits):
        raise ValueError("a key is written as hex digits in quotes")
    if len(digits) not in [2 * length for length in _LENGTHS]:
        counts = ", ".join(str(2 * length) for length in _LENGTHS)
        raise ValueError(f"a key has {counts} hex digits, this one has {len(digits)}")
    return ClearKey(digits.upper())


def _pin(text: object) -> Pin:
    """4 to 12 digits (SR-PIN-04); ValueError without them."""
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and 4 <= len(text) <= 12):
        raise ValueError("a PIN is written as 4 to 12 digits in quotes")
    return Pin(text)


def _key_name(text: str) -> str:
    if role_of(text) is None:
        raise ValueError(f"no key is called that: names are {names_in_words()}")
    return text


def _sequence(text: str) -> str:
    if text and not (len(text) == 2 and text.isascii() and text.isdigit()):
        raise ValueError("a PAN sequence number has two digits")
    return text


def _scheme(text: str) -> str:
    try:
        return Scheme.parse(text).written if text else ""
    except KeyRefused as failure:
        raise ValueError(str(failure)) from None


def _profile(text: str) -> str:
    if text and text not in PROFILES:
        raise ValueError(f"there is no chip profile {text[:24]!r}: there are {', '.join(PROFILES)}")
    return text


def _token_hash(text: str) -> str:
    if len(text) != 64 or not _HEX.fullmatch(text):
        raise ValueError(
            "a token's hash is 64 hex digits: isoswitch keys officer NAME makes a token and this"
        )
    return text.lower()


KeyName = Annotated[str, AfterValidator(_key_name)]
KeyValue = Annotated[
    ClearKey,
    PlainValidator(_clear_key),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-Fa-f ]+$"}),
]
PinValue = Annotated[
    Pin,
    PlainValidator(_pin),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4,12}$"}),
]
SequenceNumber = Annotated[str, AfterValidator(_sequence)]
MacScheme = Annotated[str, AfterValidator(_scheme)]
ChipProfile = Annotated[str, AfterValidator(_profile)]
TokenHash = Annotated[str, AfterValidator(_token_hash)]
PinMethod = Literal["visa-pvv", "ibm-3624"]
Algorithm = Literal["tdes-2", "tdes-3", "aes-128", "aes-192", "aes-256", "des", "hmac", "sm4"]
Working = Literal["tdes-2", "tdes-3", "aes-128", "aes-192", "aes-256", "unionpay", "sm4"]


def _seconds(default: float, description: str) -> Any:
    return Field(default=default, ge=0, le=LONGEST_S, strict=False, description=description)


class Security(Section):
    """What terminals that name it must keep to."""

    name: Name
    dukpt: bool = Field(default=True, description="messages with a key serial number are taken")
    session: bool = Field(default=True, description="so are those under working keys")
    mac: Literal["required", "optional", "none"] = Field(
        default="optional", description="optional: checked where it is there; none: never looked at"
    )
    mac_scheme: MacScheme = Field(default="", description="empty: the one that the dialect names")
    pin_formats: tuple[Annotated[int, Field(ge=0, le=4)], ...] = Field(
        default=(0, 3, 4), strict=False, description="of ISO 9564-1"
    )
    window: Annotated[int, Field(ge=0, le=1024)] = Field(
        default=16, description="how far a counter may be behind its device's newest (M-14)"
    )
    failures: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=20, description="of cryptography, a terminal and window; 0: any number (SR-PIN-06)"
    )
    failures_window_s: float = _seconds(3600, "in which failures are counted")
    overlap_s: float = _seconds(600, "how long keys before an exchange are still accepted")
    exchange: Literal["tr31", "cryptogram"] = Field(
        default="tr31", description="how working keys are handed out"
    )
    working: Working = Field(default="tdes-2", description="what working keys are made")

    def words(self) -> SecurityWords:
        """The same in the words of the core."""
        return SecurityWords(
            name=self.name,
            dukpt=self.dukpt,
            session=self.session,
            mac=self.mac,
            mac_scheme=self.mac_scheme,
            pin_formats=self.pin_formats,
            window=self.window,
            failures=self.failures,
            failures_window_us=round(self.failures_window_s * _MICROSECONDS),
            overlap_us=round(self.overlap_s * _MICROSECONDS),
            exchange=self.exchange,
            working=self.working,
        )


class ConfiguredKey(Section):
    """A test key in clear. It is installed where there is none of its name, and again where this
    says another one than the last time."""

    name: KeyName
    algorithm: Algorithm
    value: KeyValue
    usage: str = Field(
        default="", description="as X9.143 writes it, such as M6; empty: the usual one of its name"
    )

    @property
    def role(self) -> Role:
        """What its name says that it is for."""
        role = role_of(self.name)
        assert role is not None  # the name was read
        return role

    @property
    def used_as(self) -> str:
        """The usage, said or usual."""
        return self.usage or self.role.usual(SIZES[self.algorithm].algorithm)

    @property
    def spec(self) -> KeySpec:
        """What it is, as it is told to the vault."""
        algorithm, length = SIZES[self.algorithm]
        return KeySpec(self.used_as, algorithm, length, self.role.mode)


class Officer(Section):
    """Who may handle live keys, together with a second one (SR-KEY-07). Known by a token, of which
    only the hash stands here."""

    name: Name
    token_hash: TokenHash = Field(description="SHA-256 of the token, hex")
