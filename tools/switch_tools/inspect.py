"""``isoswitch inspect``: explains one message, whole or broken, in any shipped dialect or by a
spec.

Owns the command line, and the question which dialect fits. Reading, masking and wording are done by
``switch.wire``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from switch.errors import ConfigError
from switch.wire.describe import describe
from switch.wire.describe_text import Paint, plain, text_of
from switch.wire.dialect import load_dialect
from switch.wire.doctor import foreign
from switch.wire.explain import BARE, Explanation, explain, explain_by_spec, explain_framed
from switch.wire.framing import Framing
from switch.wire.spec_dict import load_spec
from switch_tools import hex_input
from switch_tools.which_dialect import Candidate, rank

T = TypeVar("T")

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "head": {"bold": True},
    "dim": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
    "doubt": {"fg": "yellow"},
}


@click.command(
    epilog="""\b
Example: isoswitch inspect 08002020000000000000990000000001 --dialect iso87-binary
From a pipe: echo 08002020000000000000990000000001 | isoswitch inspect -"""
)
@click.argument("message", metavar="HEX|FILE|-")
@click.option("--dialect", metavar="NAME", help="A shipped dialect, or the path of a dialect file.")
@click.option(
    "--spec",
    metavar="FILE.json",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A pyiso8583 spec: the input is the bare message, without framing.",
)
@click.option(
    "--framing",
    metavar="KIND",
    help="How the message is framed, such as binary-2,tpdu-swap; none for not at all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for programs.")
@click.option("--reveal", is_flag=True, help="Show card numbers, tracks and chip data in clear.")
def inspect(
    message: str,
    dialect: str | None,
    spec: Path | None,
    framing: str | None,
    as_json: bool,
    reveal: bool,
) -> None:
    """Explain a message: every field with its value, place and bytes; for a broken one what was
    read, where it stopped and why.

    Input is hex (with spaces, 0x, line ends or as a hex dump), a file with hex or with the bytes
    themselves, or - for standard input. Without --dialect or --spec it says which dialects fit.
    Exit code 0, or 1 for a broken message.
    """
    if dialect is not None and spec is not None:
        raise click.UsageError("--dialect and --spec exclude each other")
    try:
        readings = _readings(message)
        wanted = None if framing is None else Framing.parse(framing, stream=False)
        told = _told(readings, dialect, spec, wanted, reveal)
    except (ConfigError, hex_input.InputError) as failure:
        raise click.UsageError(str(failure)) from None
    click.echo(json.dumps(told, indent=2) if as_json else _text(told))
    if told["error"] is not None:
        raise SystemExit(1)


def _readings(message: str) -> list[bytes]:
    if message == "-":
        return hex_input.from_bytes(sys.stdin.buffer.read(hex_input.MAX_BYTES + 1))
    return hex_input.from_argument(message)


def _told(
    readings: list[bytes],
    dialect: str | None,
    spec: Path | None,
    framing: Framing | None,
    reveal: bool,
) -> dict[str, Any]:
    """The description of the first reading of the input that is good, else of the first."""
    if spec is None and dialect is None:
        return _fitting(readings, framing, reveal)
    known = None if dialect is None else load_dialect(dialect)
    layout = known.layout if known is not None else load_spec(spec or Path())

    def explained(data: bytes) -> Explanation:
        if known is None:
            return explain_by_spec(data, layout, framing or BARE)
        if framing is not None:
            return explain_framed(data, layout, framing)
        return explain(data, layout, known.framing)

    best = _first_good(explained, readings, lambda found: found.fault is None)
    return describe(best, known, reveal=reveal)


def _fitting(readings: list[bytes], framing: Framing | None, reveal: bool) -> dict[str, Any]:
    """The description in the dialect that fits best, and how well the others do."""

    def ranked(data: bytes) -> list[Candidate]:
        return rank(data, framing)

    best = _first_good(ranked, readings, lambda ranks: ranks[0].found.fault is None)
    told = describe(best[0].found, best[0].dialect, reveal=reveal)
    told["dialects"] = [_candidate(one) for one in best]
    if told["error"] is not None and (hint := _no_message(best[0].found.data)):
        told["error"]["hint"] = hint
    return told


def _no_message(data: bytes) -> str:
    """What the input is when it is no message at all, so that no dialect's word on it counts."""
    if not data:
        return "there is nothing to read: give hex, a file, or a pipe with bytes in it"
    alien = foreign(data)
    return f"this looks like {alien}" if alien else ""


def _first_good(
    explain_it: Callable[[bytes], T], readings: list[bytes], good: Callable[[T], bool]
) -> T:
    """What the first good reading gives, else the first reading; later ones only if need be."""
    first = explain_it(readings[0])
    if good(first):
        return first
    others = (explain_it(data) for data in readings[1:])
    return next((one for one in others if good(one)), first)


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "name": one.dialect.name,
        "fits": one.found.fault is None,
        "read": one.found.consumed,
        "of": len(one.found.data),
        "framing": None if one.found.framing is None else str(one.found.framing),
    }


def _text(told: dict[str, Any]) -> str:
    text = text_of(told, _paint())
    if "dialects" not in told:
        return text
    fits = [one["name"] for one in told["dialects"] if one["fits"]]
    if fits:
        others = ", ".join(fits[1:]) or "none"
        return f"fits     {fits[0]} best; also: {others}\n{text}"
    first = told["dialects"][0]
    reads = f"{first['name']} reads {first['read']} of {first['of']} bytes"
    return f"fits     no shipped dialect; {reads}\n{text}"


def _paint() -> Paint:
    """Colours only where a person looks."""
    if not sys.stdout.isatty():
        return plain
    return lambda style, text: click.style(text, **_STYLES[style])
