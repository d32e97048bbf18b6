"""``isoswitch terminals open``: what is open at one terminal.

Owns the command's options; it hangs in the group ``terminals``. Reads a second view of the store.
"""

from __future__ import annotations

from pathlib import Path

import click

from switch.cli_batches import reading, say
from switch.cli_control import data_option, json_option
from switch.inquiry import batch_find, batch_report, batch_text


@click.command("open", epilog="Example: isoswitch terminals open DEMO0001")
@click.argument("terminal")
@data_option
@json_option
def open_states(terminal: str, data: Path | None, as_json: bool) -> None:
    """Show what is open at TERMINAL: its batch, holds, uncertain answers, early reversals."""
    with reading(data) as reader, reader.snapshot():
        told = batch_report.opened(batch_find.open_states(reader, terminal))
    say(told, batch_text.terminal(told), as_json=as_json)
