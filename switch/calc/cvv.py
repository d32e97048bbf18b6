"""``isoswitch calc cvv``: CVV, CVV2, iCVV, dCVV, CVC3."""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, chosen, optional, secret
from switch.keys.card_verification import (
    ORDERS,
    SERVICE_CODES,
    cvc3,
    decimalized,
    dynamic_value,
    fits,
    made_for,
)
from switch.keys.emv_keys import OPTIONS, card_key
from switch.keys.steps import Steps

_KINDS: Final = tuple(SERVICE_CODES)
_INPUTS: Final = (
    chosen("kind", "cvv of the stripe, cvv2 on the back, icvv in the chip.", _KINDS),
    secret("cvk", "The key, A and B, hex, 16 bytes."),
    Input("pan", "The card number."),
    Input("expiry", "YYMM, as on the track."),
    optional("service-code", "Of the stripe; counts for cvv alone."),
    optional("order", "In which the issuer feeds the expiry in.", "YYMM", ORDERS),
)
_EXAMPLE: Final = (
    "--kind cvv --cvk 0123456789ABCDEFFEDCBA9876543210 --pan 4123456789012 --expiry 8701 "
    "--service-code 101"
)
_CARD: Final = (
    Input("pan", "The card number."),
    optional("psn", "PAN sequence number.", "00"),
    optional("option", "How the card's key is derived.", "A", OPTIONS),
)


def _made(given: Given, steps: Steps) -> Outcome:
    key, pan, expiry, code, kind, order = _read(given)
    used = expiry if order == "YYMM" else expiry[2:] + expiry[:2]
    decimalized(key, pan, used, SERVICE_CODES[kind] or code, steps=steps)
    return Outcome({kind: made_for(key, pan, expiry, code, kind, order)})


def _check(given: Given, _steps: Steps) -> Outcome:
    key, pan, expiry, code, kind, order = _read(given)
    good = fits(key, pan, expiry, code, given.text("code").strip(), kind, order)
    return Outcome({kind: "fits" if good else "does not fit"}, good)


def _read(given: Given) -> tuple[bytearray, str, str, str, str, str]:
    kind, order = given.choice("kind", _KINDS), given.choice("order", ORDERS)
    expiry, code = given.digits("expiry"), given.digits("service-code")
    return given.key("cvk"), given.digits("pan"), expiry, code, kind, order


def _dcvv(given: Given, steps: Steps) -> Outcome:
    made = dynamic_value(
        given.key("imk"),
        given.digits("pan"),
        given.digits("psn"),
        given.digits("expiry"),
        given.digits("service-code"),
        given.digits("atc"),
        option=given.choice("option", OPTIONS),
        steps=steps,
    )
    return Outcome({"dcvv": made})


def _cvc3(given: Given, steps: Steps) -> Outcome:
    option = given.choice("option", OPTIONS)
    card = card_key(given.key("imk"), given.digits("pan"), given.digits("psn"), option, steps=steps)
    atc, unpredictable = given.hex("atc"), given.hex("un")
    return Outcome({"cvc3": cvc3(card, given.hex("track"), atc, unpredictable, steps=steps)})


CALCULATORS: Final = (
    Calculator("make", "Make a card verification value.", _INPUTS, _made, _EXAMPLE),
    Calculator(
        "check",
        "Say whether a card verification value fits.",
        (*_INPUTS, secret("code", "The three digits.")),
        _check,
        f"{_EXAMPLE} --code 370",
    ),
    Calculator(
        "dcvv",
        "Visa's dynamic CVV of a contactless stripe.",
        (
            secret("imk", "The issuer's master key for it, hex."),
            *_CARD,
            Input("expiry", "Four digits, in the order used."),
            Input("service-code", "Three digits."),
            Input("atc", "The transaction counter, four digits."),
        ),
        _dcvv,
        "--imk 0123456789ABCDEF0123456789ABCDEF --pan 4111111111111111 --expiry 1225 "
        "--service-code 001 --atc 0001",
    ),
    Calculator(
        "cvc3",
        "Mastercard's dynamic CVC3.",
        (
            secret("imk", "The issuer's master key for it, hex."),
            *_CARD,
            secret("track", "The static track image, hex."),
            Input("atc", "The transaction counter, hex, 2 bytes."),
            Input("un", "The unpredictable number, hex, 4 bytes."),
        ),
        _cvc3,
        "--imk 01234567899876543210012345678998 --pan 5123456789012345 "
        "--track 5123456789012345D35121010000000000000F --atc 005E --un 00000899",
    ),
)
