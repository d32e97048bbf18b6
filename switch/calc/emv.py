"""``isoswitch calc emv``: keys of chip cards, cryptograms, answers to them, issuer scripts."""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import (
    Calculator,
    Given,
    Input,
    Outcome,
    Value,
    chosen,
    optional,
    secret,
)
from switch.calc.inputs import InputRefused
from switch.keys.check_value import check_value
from switch.keys.emv_chip import (
    cryptogram_input,
    read_chip,
    response_key,
    transaction_key,
    transaction_of,
)
from switch.keys.emv_cryptogram import application_cryptogram, check_cryptogram
from switch.keys.emv_keys import METHODS, OPTIONS, card_key, common, session_key
from switch.keys.emv_profiles import NAMES, profile_of
from switch.keys.emv_response import response_cryptogram, response_mac
from switch.keys.emv_script import STYLES, pin_change, script_mac
from switch.keys.emv_tags import ISSUER_DATA
from switch.keys.mac_padding import pad
from switch.keys.steps import Steps

_IMK: Final = "0123456789ABCDEFFEDCBA9876543210"
_SESSION: Final = "3E736BF8D37664348A04E3ABE00DEFC1"
_ARQC: Final = "4B46013359B7A58B"
_MASTER: Final = secret("imk", "The issuer's master key, hex, 16 bytes.")
_PAN: Final = Input("pan", "The card number.")
_PSN: Final = optional("psn", "PAN sequence number.", "00")
_OPTION: Final = optional("option", "How the card's key is derived.", "A", OPTIONS)
_KEY: Final = secret("key", "The session key, or the card's where there is none, hex.")
_TLV: Final = Input("tlv", "Chip data as in a message, BER-TLV, hex.")
_PROFILE: Final = optional("profile", "How keys and cryptogram are made.", "auto", NAMES)
_CHIP: Final = (
    "9F2608{}9F2701809F10070601{}03A0A0009F3704123456789F360200019505000000000082021800"
    "9A032509259C01009F02060000000010009F03060000000000009F1A0209785F2A020978"
)


def _card_key(given: Given, steps: Steps) -> Outcome:
    option = given.choice("option", OPTIONS)
    key = card_key(given.key("imk"), given.digits("pan"), given.digits("psn"), option, steps=steps)
    return Outcome({"card key": key, "check value": check_value("TDES", key)})


def _session_key(given: Given, steps: Steps) -> Outcome:
    method, card = given.choice("method", METHODS), given.key("card-key")
    if given.has("diversification"):
        if method != "common":
            raise InputRefused("--diversification", "only the method common takes a whole value")
        key = common(card, given.hex("diversification"))
    else:
        key = session_key(method, card, given.hex("atc"), given.hex("un"), steps=steps)
    return Outcome({"session key": key, "check value": check_value("TDES", key)})


def _cryptogram(given: Given, steps: Steps) -> Outcome:
    padding = int(given.text("padding"))
    made = application_cryptogram(given.key("key"), given.hex("data"), padding, steps=steps)
    if not given.has("arqc"):
        return Outcome({"cryptogram": made})
    good = check_cryptogram(given.key("key"), given.hex("data"), padding, given.hex("arqc"))
    return Outcome({"cryptogram": "fits" if good else "does not fit"}, good)


def _data(given: Given, _steps: Steps) -> Outcome:
    values = read_chip(given.hex("tlv"))
    pan = given.digits("pan")
    profile = profile_of(given.choice("profile", NAMES), values.get(ISSUER_DATA, b""), pan)
    data = cryptogram_input(profile, values)
    return Outcome({"profile": profile.name, "data": data, "padded": pad(profile.padding, data, 8)})


def _check(given: Given, steps: Steps) -> Outcome:
    """A whole transaction: its chip data against the issuer's master key, and the answer to it."""
    pan, values = given.digits("pan"), read_chip(given.hex("tlv"))
    chip = transaction_of(values, given.choice("profile", NAMES), pan)
    option = chip.profile.option
    card = card_key(given.key("imk"), pan, given.digits("psn"), option, steps=steps)
    key = transaction_key(card, chip)
    steps.note("session key", key)
    made = application_cryptogram(key, chip.data, chip.profile.padding, steps=steps)
    steps.note("cryptogram", made)
    good = check_cryptogram(key, chip.data, chip.profile.padding, chip.cryptogram)
    found: dict[str, Value] = {
        "profile": chip.profile.name,
        "kind": chip.kind,
        "counter": str(chip.counter),
        "cryptogram": "fits" if good else "does not fit",
    }
    if good:
        found["answer"] = _answer(
            chip.profile.response, response_key(card, chip), chip.cryptogram, given, steps
        )
    return Outcome(found, good)


def _response(given: Given, steps: Steps) -> Outcome:
    method = 1 if given.one_of("arc", "csu") == "arc" else 2
    return Outcome({"response": _answer(method, given.key("key"), given.hex("arqc"), given, steps)})


def _answer(method: int, key: bytearray, arqc: bytes, given: Given, steps: Steps) -> bytes:
    if method == 1:
        return response_cryptogram(key, arqc, given.hex("arc"), steps=steps)
    return response_mac(key, arqc, given.hex("csu"), given.hex("more"), steps=steps)


def _script_mac(given: Given, steps: Steps) -> Outcome:
    size = given.number("length")
    return Outcome({"mac": script_mac(given.key("key"), given.hex("command"), size, steps=steps)})


def _pin_change(given: Given, steps: Steps) -> Outcome:
    command = pin_change(
        given.choice("style", STYLES),
        given.key("key"),
        given.digits("pin"),
        card=given.key("card-key"),
        current=given.digits("current"),
        steps=steps,
    )
    return Outcome({"command": command.header, "data": command.data})


_CODES: Final = (
    optional("csu", "Method 2: card status update, hex, 4 bytes.", "00820000"),
    optional("more", "Method 2: proprietary data, hex, up to 8 bytes."),
)
CALCULATORS: Final = (
    Calculator(
        "card-key",
        "A card's key from the issuer's.",
        (_MASTER, _PAN, _PSN, _OPTION),
        _card_key,
        f"--imk {_IMK} --pan 4111111111111111",
    ),
    Calculator(
        "session-key",
        "A transaction's key from the card's.",
        (
            chosen("method", "How.", METHODS),
            secret("card-key", "The card's key, hex."),
            optional("atc", "Transaction counter, hex, 2 bytes."),
            optional("un", "Unpredictable number, hex, 4 bytes: mastercard."),
            optional("diversification", "A whole value instead, hex, 8 bytes: common."),
        ),
        _session_key,
        "--method common --card-key 31089464674C73EC851A6E0737029D19 --atc 0001",
    ),
    Calculator(
        "cryptogram",
        "An ARQC, TC or AAC over data; with --arqc, whether that one fits.",
        (
            _KEY,
            Input("data", "What it is made over, hex."),
            optional("padding", "Method of ISO 9797-1.", "2", ("1", "2")),
            optional("arqc", "A cryptogram to compare with, hex."),
        ),
        _cryptogram,
        f"--key {_SESSION} --data 0123456789ABCDEF0123456789ABCDEF --arqc {_ARQC}",
    ),
    Calculator(
        "data",
        "What a cryptogram is made over, out of chip data.",
        (_TLV, _PROFILE, optional("pan", "The card number: its brand, for auto.")),
        _data,
        f"--tlv {_CHIP.format('0000000000000000', '12')} --pan 4111111111111111",
    ),
    Calculator(
        "check",
        "Check the cryptogram in chip data, and make the answer to it.",
        (
            _MASTER,
            _PAN,
            _PSN,
            _TLV,
            _PROFILE,
            optional("arc", "Method 1: response code, hex.", "3030"),
            *_CODES,
        ),
        _check,
        f"--imk {_IMK} --pan 4111111111111111 --tlv {_CHIP.format('964232532F5B9A32', '12')}",
    ),
    Calculator(
        "response",
        "The cryptogram of an answer: ARPC by method 1 (--arc) or 2 (--csu).",
        (
            _KEY,
            Input("arqc", "The card's cryptogram, hex."),
            optional("arc", "Method 1: response code, hex, 2 bytes (3030 is 00)."),
            optional("csu", "Method 2: card status update, hex, 4 bytes."),
            optional("more", "Method 2: proprietary data, hex, up to 8 bytes."),
        ),
        _response,
        f"--key F84315C7B95BD3B0C74694922C3808B0 --arqc {_ARQC} --arc 0000",
    ),
    Calculator(
        "script-mac",
        "The MAC of an issuer script's command.",
        (
            secret("key", "The session key for integrity, hex."),
            Input("command", "The command with all that is covered, hex."),
            optional("length", "Bytes of the MAC, 4 to 8.", "8"),
        ),
        _script_mac,
        "--key 38758097AE8C9410581945610D85986B --command 8424000008",
    ),
    Calculator(
        "pin-change",
        "The command that gives a card a new PIN, without its MAC.",
        (
            chosen("style", "Whose.", STYLES),
            secret("key", "The session key for confidentiality, hex."),
            secret("pin", "The new PIN."),
            secret("card-key", "visa: the card's key for cryptograms, hex.", required=False),
            secret("current", "visa: the old PIN, where the card checks it.", required=False),
        ),
        _pin_change,
        "--style mastercard --key 9EE6A89276B008516226F8CE75FD8C02 --pin 9999",
    ),
)
