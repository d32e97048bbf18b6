"""``isoswitch terminal run``: days of many terminals, against a real switch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from switch.cli import main
from switch.wire.dialect import load_dialect, shipped_dialects
from switch_tools.terminal_day_example import EXAMPLE

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

WRITING = [name for name in shipped_dialects() if not load_dialect(name).reading_only]


def run(town: HostProcess, folder: Path, script: str, *more: str) -> Result:
    """Play a script at the switch's ports."""
    path = folder / "day.toml"
    path.write_text(script)
    to = [
        part for name, port in town.ports.items() for part in ("--to", f"{name}=127.0.0.1:{port}")
    ]
    arguments = ["terminal", "run", str(path), *to, *more]
    return CliRunner(catch_exceptions=False).invoke(main, arguments)


def test_the_example_plays_as_it_says(town: HostProcess, tmp_path: Path) -> None:
    """What ``--example`` prints is documentation that is true; played again the terminals go on
    with their journals."""
    printed = CliRunner().invoke(main, ["terminal", "run", "--example"]).stdout
    assert printed == EXAMPLE
    for _ in range(2):
        done = run(town, tmp_path, EXAMPLE, "--state", str(tmp_path / "tills"))
        assert done.exit_code == 0, done.output
        assert done.stdout.rstrip().endswith("all as expected")
        assert done.stdout.count("differences") == 3


def test_one_day_in_every_dialect_at_once(town: HostProcess, tmp_path: Path) -> None:
    """Terminals at seven listeners, by chance and seed; losses on the way; all close in balance."""
    cast = "\n".join(
        f'[[terminal]]\nid = "D{number}"\ncount = 2\ndialect = "{name}"\nplay = "shop"'
        for number, name in enumerate(WRITING)
    )
    script = f"""
seed = 3
{cast}
[plays]
shop = [
  {{ do = "signon", expect = "approved" }},
  {{ do = "mix", times = 25, steps = [
    {{ do = "purchase", weight = 6, amount = ["1.00", "9.00"] }},
    {{ do = "purchase", amount = "5.00", lose = "answer" }},
    {{ do = "purchase", amount = "5.00", lose = "request" }},
    {{ do = "purchase", amount = "5.00", advice = true }},
    {{ do = "preauth", amount = "50.00" }},
    {{ do = "complete", amount = "40.00" }},
    {{ do = "void" }}, {{ do = "refund" }}, {{ do = "tip", amount = "1.00" }},
    {{ do = "reverse" }}, {{ do = "reverse", remaining = "0.50" }}, {{ do = "repeat" }},
    {{ do = "void", lose = "answer" }}, {{ do = "cash", amount = "20.00" }},
  ] }},
  {{ do = "wait", for = "closing time" }},
  {{ do = "settle", expect = "balanced" }},
]
"""
    done = run(town, tmp_path, script, "--fresh", "--json")
    told = json.loads(done.stdout)
    assert told["unmet"] == []
    assert done.exit_code == 0
    assert len(told["terminals"]) == 2 * len(WRITING)
    assert all(one["settled"] == ["balanced"] for one in told["terminals"])
    assert sum(one["reversed"] for one in told["terminals"]) > 0


def test_what_was_not_expected_is_told_with_its_line(town: HostProcess, tmp_path: Path) -> None:
    """Exit code 1; each step is told with ``--report``."""
    script = """
[[terminal]]
id = "E1"
steps = [
  { do = "purchase", card = "expired", amount = "5.00", expect = "approved" },
  { do = "purchase", card = "blocked", amount = "5.00", reason = "card.blocked", code = "62" },
]
"""
    done = run(town, tmp_path, script, "--fresh", "--report")
    assert done.exit_code == 1
    assert "day.toml:5: E1 purchase: expected result approved, is declined" in done.stdout
    assert "day.toml:6" not in done.stdout
    assert done.stdout.splitlines()[0].split()[:3] == ["E1", "purchase", "declined"]


def test_a_script_that_cannot_be_played_is_wrong_usage(town: HostProcess, tmp_path: Path) -> None:
    """Exit code 2, file and line; nothing was sent."""
    done = run(town, tmp_path, '[[terminal]]\nid = "E2"\nsteps = [{ do = "dance" }]', "--fresh")
    assert done.exit_code == 2
    assert "day.toml:3: do: there is no 'dance'" in done.stderr
    done = run(town, tmp_path, EXAMPLE, "--fresh", "--state", str(tmp_path))
    assert done.exit_code == 2
    assert "--fresh has no --state" in done.stderr
