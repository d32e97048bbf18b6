"""``isoswitch transitions``: the transition table and the state diagram, printed from the code.

Owns how they are written down for people (a table, a Mermaid diagram) and for programs (JSON).
Knows no transition itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

import click

from switch.core.leads import edges, handlers, leads_of
from switch.core.table import STIMULI, label, rows
from switch.model.words import State

_FORMATS = ("table", "mermaid", "json")


@click.command(
    epilog="Example: isoswitch transitions --format mermaid > states.mmd",
    short_help="Print the transition table and the state diagram.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="table",
    show_default=True,
    help="A table and the changes of state, a Mermaid state diagram, or all of it as JSON.",
)
def transitions(form: str) -> None:
    """What follows when something happens to a transaction in a state, as the core decides it."""
    printed = {"table": _table, "mermaid": _mermaid, "json": _json}[form]
    click.echo("\n".join(printed()))


def _table() -> Iterator[str]:
    """States in which the same is done, and what is done about which stimuli; then the changes."""
    reached = {State.NEW, *(edge.target for edge in edges())}
    yield "What is done, by state and stimulus (what is not named cannot happen):"
    for states, done in _alike():
        yield ""
        unreached = "" if any(state in reached for state in states) else " (nothing leads here)"
        yield ", ".join(states) + (f"{unreached}:" if done else ": nothing can happen")
        width = max(map(len, done), default=0)
        for handler, names in done.items():
            yield from _listed(f"  {handler:<{width}}  ", names)
    yield ""
    yield "Changes of state, and what brings them about:"
    yield ""
    changes = list(_changes())
    width = max(len(state) for state, _, _ in changes)
    target_width = max(len(target) for _, target, _ in changes)
    for state, target, names in changes:
        yield from _listed(f"  {state:<{width}} -> {target:<{target_width}}  ", names)


def _alike() -> Iterator[tuple[list[State], dict[str, list[str]]]]:
    """Groups of states with the same row of the table: handlers and their stimuli."""
    groups: list[tuple[list[State], dict[str, list[str]]]] = []
    for state, pairs in groupby(rows(), key=lambda row: row[0]):
        done: dict[str, list[str]] = {}
        for _, stimulus, handler in pairs:
            if handler != "impossible":
                done.setdefault(handler, []).append(stimulus)
        alike = next((states for states, same in groups if same == done), None)
        if alike is None:
            groups.append(([state], done))
        else:
            alike.append(state)
    yield from groups


def _listed(head: str, names: list[str], width: int = 100) -> Iterator[str]:
    """The names behind a head, wrapped and indented below each other."""
    line = head
    for place, name in enumerate(names):
        part = name if place == len(names) - 1 else f"{name}, "
        if len(line) + len(part.rstrip()) > width and line.strip():
            yield line.rstrip()
            line = " " * len(head)
        line += part
    yield line


def _changes() -> Iterator[tuple[State, State, list[str]]]:
    """From, to, and the handlers that may bring it about."""
    found: dict[tuple[State, State], dict[str, None]] = {}
    for edge in edges():
        found.setdefault((edge.state, edge.target), {})[edge.handler] = None
    for (state, target), names in found.items():
        yield state, target, list(names)


def _mermaid() -> Iterator[str]:
    """A state diagram in Mermaid's notation."""
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.NEW}"
    for state, target, names in _changes():
        yield f"    {state} --> {target}: {', '.join(names)}"


def _json() -> Iterator[str]:
    """All pairs that can happen, with the states that they may lead to."""
    pairs = [
        {
            "state": state,
            "stimulus": stimulus,
            "handler": label(handler),
            "leads_to": leads_of(handler).targets(state),
            "stays": leads_of(handler).stays,
        }
        for state, stimulus, handler in handlers()
    ]
    impossible = [
        {"state": state, "stimulus": stimulus}
        for state, stimulus, handler in rows()
        if handler == "impossible"
    ]
    whole = {
        "states": list(State),
        "stimuli": STIMULI,
        "transitions": pairs,
        "impossible": impossible,
    }
    yield json.dumps(whole, indent=2)
