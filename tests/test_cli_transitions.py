"""``isoswitch transitions``: table and diagram, printed from the code."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.core.leads import edges
from switch.core.table import rows
from switch.model.words import State


def printed(form: str) -> str:
    """What the command writes."""
    result = CliRunner().invoke(main, ["transitions", "--format", form])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_names_every_state_stimulus_and_handler() -> None:
    """Nothing that can happen is left out; lines fit a screen."""
    text = printed("table")
    assert CliRunner().invoke(main, ["transitions"]).output == text
    words = set(text.replace(",", " ").replace(":", " ").split())
    for state, stimulus, handler in rows():
        assert state in words
        if handler != "impossible":
            assert {stimulus, handler} <= words
    assert max(map(len, text.splitlines())) <= 100
    assert f"{State.FORWARDED}: nothing can happen" in text
    # What is settled is known by its batch, so nobody need wonder why a settled sale has a row.
    assert f"\n{State.SETTLED} (nothing leads here):" in text
    assert text.count("nothing leads here") == 1


def test_the_diagram_holds_each_change_once() -> None:
    """Mermaid: one line from state to state, labelled with what brings it about."""
    first, start, *lines = printed("mermaid").splitlines()
    assert (first, start.strip()) == ("stateDiagram-v2", "[*] --> new")
    drawn = {}
    for line in lines:
        states, _, names = line.strip().partition(": ")
        assert states not in drawn
        drawn[states] = set(names.split(", "))
    wanted: dict[str, set[str]] = {}
    for edge in edges():
        wanted.setdefault(f"{edge.state} --> {edge.target}", set()).add(edge.handler)
    assert drawn == wanted


def test_programs_get_every_pair() -> None:
    """JSON: what can happen with its targets, and what cannot."""
    whole = json.loads(printed("json"))
    pairs = {(row["state"], row["stimulus"]) for row in whole["transitions"]}
    never = {(row["state"], row["stimulus"]) for row in whole["impossible"]}
    assert not pairs & never
    assert pairs | never == {(s, t) for s in whole["states"] for t in whole["stimuli"]}
    assert {
        "state": "approved",
        "stimulus": "hold_timer",
        "handler": "holds.look",
        "leads_to": ["expired"],
        "stays": True,
    } in whole["transitions"]


@pytest.mark.parametrize("form", ["dot", ""])
def test_another_form_is_refused(form: str) -> None:
    """Usage errors are click's own: exit code 2."""
    assert CliRunner().invoke(main, ["transitions", "--format", form]).exit_code == 2
