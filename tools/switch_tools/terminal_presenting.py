"""Options of the ``isoswitch terminal`` commands about PIN, verification code, and what is to be
wrong with a message on purpose.

Owns names, helps and refusals. A PIN here is a test card's: it may stand on the command line, in a
file or in the environment, is asked for otherwise, and is kept by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, wraps
from pathlib import Path
from typing import Any, Final

import click

from switch.values import CardVerification, Pin
from switch_tools.cards import CardError, CardInHand
from switch_tools.terminal_model import Faults, Presented

PIN_VARIABLE: Final = "ISOSWITCH_PIN"
ASK: Final = "ask"
OF_CARD: Final = "card"

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presenting:
    """What the command line says about it."""

    pin: str | None
    pin_file: Path | None
    pin_format: str | None
    cvv2: str | None
    bad_mac: bool
    pad: int | None
    bad_pin_block: bool
    replay_ksn: bool
    bad_arqc: bool

    def __repr__(self) -> str:
        return "Presenting()"


_OPTIONS: Final = (
    click.option(
        "--pin",
        envvar=PIN_VARIABLE,
        metavar="DIGITS|ask",
        help=f"The card holder's PIN; 'ask' asks for it [{PIN_VARIABLE} of the environment].",
    ),
    click.option(
        "--pin-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A file that holds the PIN.",
    ),
    click.option(
        "--pin-format",
        type=click.Choice(["0", "1", "3", "4"]),
        help="Of the PIN block, as ISO 9564-1 has it [0, under AES 4].",
    ),
    click.option(
        "--cvv2",
        metavar="DIGITS|card",
        help="The code in print on the card; 'card' takes a test card's own.",
    ),
    click.option("--bad-mac", is_flag=True, help="For testers: one bit of the MAC is wrong."),
    click.option(
        "--pad",
        type=click.IntRange(1, 3),
        metavar="1|2|3",
        help="For testers: the MAC's input is padded by this method of ISO 9797-1.",
    ),
    click.option(
        "--bad-pin-block", is_flag=True, help="For testers: the PIN block deciphers to none."
    ),
    click.option(
        "--replay-ksn",
        is_flag=True,
        help="For testers: the key serial number of the message before is used again. Behind one "
        "whose MAC was refused it is taken: that message has not used it up.",
    ),
    click.option("--bad-arqc", is_flag=True, help="For testers: the chip's cryptogram is wrong."),
)


def presenting_options(command: Command) -> Command:
    """Add the options; the command gets them as one ``presenting``."""

    @wraps(command)  # with the options that it has already
    def gathered(*rest: Any, **values: Any) -> Any:
        ours = {name: values.pop(name) for name in Presenting.__dataclass_fields__}
        return command(*rest, presenting=Presenting(**ours), **values)

    return reduce(lambda done, option: option(done), reversed(_OPTIONS), gathered)


def presented(asked: Presenting, card: CardInHand | None) -> Presented:
    """What leaves with the request. Raises UsageError."""
    return Presented(
        pin=_pin(asked),
        pin_format=None if asked.pin_format is None else int(asked.pin_format),
        card_verification=None if asked.cvv2 is None else _cvv2(asked.cvv2, card),
        faults=Faults(
            mac=asked.bad_mac,
            padding=asked.pad or 0,
            pin_block=asked.bad_pin_block,
            replay_ksn=asked.replay_ksn,
            cryptogram=asked.bad_arqc,
        ),
    )


def pin_of(digits: str) -> Pin:
    """A PIN that people wrote. Raises ValueError, which shows nothing of it."""
    if not (digits.isascii() and digits.isdecimal() and 4 <= len(digits) <= 12):
        raise ValueError("a PIN has 4 to 12 digits")
    return Pin(digits)


def _pin(asked: Presenting) -> Pin | None:
    text = asked.pin
    if asked.pin_file is not None:
        text = asked.pin_file.read_text().strip()
    if text == ASK:
        text = click.prompt("PIN", hide_input=True, err=True)
    if not text:
        return None
    try:
        return pin_of(text)
    except ValueError as failure:
        raise click.BadParameter(str(failure), param_hint="--pin") from None


def _cvv2(text: str, card: CardInHand | None) -> CardVerification:
    if text == OF_CARD and card is not None:
        try:
            return card.cvv2
        except CardError as failure:
            raise click.UsageError(str(failure)) from None
    if not (text.isascii() and text.isdecimal() and len(text) in (3, 4)):
        raise click.BadParameter("a CVV2 has 3 or 4 digits", param_hint="--cvv2")
    return CardVerification(text)
