"""How ``isoswitch keys`` asks the running switch: options, secrets, tables and key sheets.

Owns how secrets are read: from a prompt, a file or standard input, never from an argument, which
others could see. Refuses to know what the commands mean.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from switch.cli_control import data_option, json_option, send
from switch.errors import IsoswitchError

F = TypeVar("F", bound=Callable[..., None])
ALGORITHMS: Final = ("tdes-2", "tdes-3", "aes-128", "aes-192", "aes-256", "des", "hmac", "sm4")


class SecretError(IsoswitchError):
    """A secret that could not be read."""


def options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order in which the help shows them."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_FILE: Final = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
COMMON: Final = (
    click.option("--officer", is_flag=True, help="Ask for your token: a live key needs it."),
    click.option("--token-file", type=_FILE, help="Read the token there; - is standard input."),
    data_option,
    json_option,
)
SPEC: Final = (
    click.option("--algorithm", type=click.Choice(ALGORITHMS), default="tdes-2", show_default=True),
    click.option("--usage", metavar="XX", help="As X9.143 writes it; the usual one of the name."),
    click.option(
        "--exportability",
        type=click.Choice(["E", "S", "N"]),
        help="E in key blocks, S in bare cryptograms too, N never.",
    ),
    click.option("--live", is_flag=True, help="Mark it live: two officers."),
)
FROM_FILE: Final = click.option(
    "--from-file", type=_FILE, help="Read it there; - is standard input."
)


def asked(
    ctx: click.Context,
    command: str,
    given: dict[str, Any],
    secrets: dict[str, str] | None = None,
    *,
    final: bool = True,
    **words: object,
) -> dict[str, Any] | None:
    """Send a command; the answer, or ``None`` when it was printed already."""
    hidden = dict(secrets or {})
    if given["officer"] or given["token_file"]:
        hidden["token"] = read_secret("Your token", given["token_file"])
    texts = {name: text for name, value in words.items() if (text := _text(value))}
    more: dict[str, object] = {"secrets": hidden} if hidden else {}
    return send(ctx, given["data"], command, given["as_json"], final=final, arguments=texts, **more)


def _text(value: object) -> str:
    """A word of the line; empty for what was not given."""
    if value is None or value is False:
        return ""
    return "yes" if value is True else str(value)


def read_secret(prompt: str, file: Path | None) -> str:
    """A secret, from whoever sits there, from standard input, or from a file that nobody else can
    read (SR-GEN-04). Raises SecretError.
    """
    if file is not None and str(file) != "-":
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"{file}: others can read it: run chmod 600 on it")
        return file.read_text("utf-8").strip()
    if file is None and sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True)).strip()
    return sys.stdin.readline().strip()


def say(answer: dict[str, Any] | None) -> None:
    """What became of it, where that is not printed yet."""
    if answer is not None:
        check = answer.get("check_value")
        click.echo(answer["said"] + (f", check value {check}" if check else ""))


def pages(
    ctx: click.Context, command: str, name: str, given: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """All rows of a list, page by page."""
    after = ""
    while True:
        answer = asked(ctx, command, given, final=False, after=after)
        assert answer is not None
        yield from answer[name]
        after = answer["next"]
        if not after:
            return


def moment(at_us: int) -> str:
    """Wall time in UTC, to the second."""
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def table(rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def sheet_lines(name: str, answer: dict[str, Any]) -> Iterator[str]:
    """The lines of a key sheet."""
    yield f"KEY SHEET: TEST KEY ONLY   {answer['said']}"
    yield ""
    if "ksn" in answer:
        yield f"base derivation key   {name}"
        yield f"key serial number     {answer['ksn']}"
    else:
        yield f"key                   {name}"
    parts = answer["components"]
    for number, part in enumerate(parts, 1):
        yield f"component {number} of {len(parts)}      {_grouped(part['value'])}"
        yield f"  its check value     {part['check_value']}"
    yield f"check value of all    {answer['check_value']}"
    if len(parts) > 1:
        yield ""
        yield "The key is all components XORed."


def spec_words(given: dict[str, Any]) -> dict[str, Any]:
    """What a new key is to be."""
    return {word: given[word] for word in ("algorithm", "usage", "exportability", "live")}


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
