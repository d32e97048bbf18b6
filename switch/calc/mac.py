"""``isoswitch calc mac``: MACs of every scheme that the switch knows."""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, chosen, optional, secret
from switch.keys.ciphers import same
from switch.keys.mac import SCHEMES, Scheme, mac
from switch.keys.mac_padding import pad
from switch.keys.steps import Steps

_SCHEME: Final = Input("scheme", "NAME, NAME/PADDING or NAME:BYTES, such as x9.19/2:8.")
_KEY: Final = secret("key", "The key, hex.")
_INPUTS: Final = (
    _SCHEME,
    _KEY,
    secret("second", "The other key of algorithm 3, hex, where it is apart.", required=False),
    optional("data", "What is covered, hex."),
    optional("ascii", "What is covered, as text instead of hex."),
    optional("iv", "First block of a chained MAC, hex [zeros]."),
)
_EXAMPLE: Final = (
    "--scheme x9.19 --key 0123456789ABCDEFFEDCBA9876543210 --ascii 'Now is the time for all '"
)


def data_of(given: Given) -> bytes:
    """What is covered: hex, text, or nothing at all."""
    if given.has("ascii"):
        given.one_of("data", "ascii")
        return given.text("ascii").encode("utf-8")
    return given.hex("data")


def _make(given: Given, steps: Steps) -> Outcome:
    return Outcome({"mac": _mac(given, steps)})


def _check(given: Given, steps: Steps) -> Outcome:
    good = same(_mac(given, steps), given.hex("mac"))
    return Outcome({"mac": "fits" if good else "does not fit"}, good)


def _mac(given: Given, steps: Steps) -> bytes:
    return mac(
        Scheme.parse(given.text("scheme")),
        given.key("key"),
        data_of(given),
        second=given.key("second"),
        iv=given.hex("iv") if given.has("iv") else None,
        steps=steps,
    )


def _pad(given: Given, steps: Steps) -> Outcome:
    data = data_of(given)
    steps.note("data", data)
    return Outcome({"padded": pad(given.number("method"), data, given.number("block"))})


def _schemes(_given: Given, _steps: Steps) -> Outcome:
    """Everything that a dialect or a configuration can name."""
    return Outcome({name: _told(scheme) for name, scheme in SCHEMES.items()})


def _told(scheme: Scheme) -> str:
    keys = " or ".join(map(str, scheme.keys)) or "any number of"
    padding = f", padding {scheme.padding}" if scheme.padding else ""
    return f"{scheme.said}: key of {keys} bytes{padding}, {scheme.length} of {scheme.full} bytes"


CALCULATORS: Final = (
    Calculator("make", "Make a MAC.", _INPUTS, _make, _EXAMPLE),
    Calculator(
        "check",
        "Say whether a MAC fits.",
        (*_INPUTS, Input("mac", "The MAC, hex.")),
        _check,
        f"{_EXAMPLE} --mac A1C72E74",
    ),
    Calculator(
        "pad",
        "Pad data by a method of ISO 9797-1.",
        (
            chosen("method", "Of ISO 9797-1.", ("1", "2", "3")),
            optional("block", "Bytes of a block.", "8", ("8", "16")),
            optional("data", "Hex."),
            optional("ascii", "Text instead of hex."),
        ),
        _pad,
        "--method 2 --data 0123456789",
    ),
    Calculator("schemes", "List the schemes by name.", (), _schemes, ""),
)
