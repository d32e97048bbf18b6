"""Explains the messages of a virtual terminal as they pass: a line for each field, card data
covered.

Owns a short form for following an exchange. The long form, with offsets and bytes, is ``isoswitch
inspect``'s; what fields mean and what may be shown is ``switch.wire.describe``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from switch.wire.describe import describe
from switch.wire.dialect import Dialect
from switch.wire.explain import explain_bare

NAME_WIDTH: Final = 42
_BITMAPS: Final = ("p", "1")


def field_lines(body: bytes, dialect: Dialect) -> Iterator[str]:
    """The fields of a message, and what is wrong with it where it cannot be read to its end."""
    told = describe(explain_bare(body, dialect.layout), dialect)
    for number, item in told["fields"].items():
        if number not in _BITMAPS:
            yield _line(number, item)
    if told["error"] is not None:
        yield f"fault: {told['error']['reason']}, at byte {told['error']['at']}"


def _line(number: str, item: dict[str, Any]) -> str:
    words = f"  ({item['words']})" if item.get("words") else ""
    shown = item.get("canonical", item["value"])
    return f"{number:>3}  {item['name'][:NAME_WIDTH]:<{NAME_WIDTH}}  {shown}{words}"


def tracer(dialect: Dialect) -> Callable[[bool, bytes], None]:
    """Prints each message of an exchange on standard error: ours, or the host's."""

    def watch(ours: bool, body: bytes) -> None:
        click.echo(f"{'->' if ours else '<-'} {len(body)} bytes", err=True)
        for line in field_lines(body, dialect):
            click.echo(f"   {line}", err=True)

    return watch
