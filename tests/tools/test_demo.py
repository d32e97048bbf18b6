"""The demonstration checks what it shows: it fails when something is not as expected, and says
so."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from switch_tools import demo as module
from switch_tools.demo_host import DemoError, OwnHost
from switch_tools.demo_stage import WIDTH, Stage
from switch_tools.terminal_link import CannotConnect


def test_a_single_wrong_thing_fails_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and the last line says what it was."""

    async def play(folder: Path, stage: Stage) -> None:
        stage.expect("water is wet", True)
        stage.expect("fire is cold", False)

    monkeypatch.setattr(module, "_whole", play)
    done = CliRunner().invoke(module.demo)
    assert done.exit_code == 1
    assert "ok: water is wet" in done.output
    assert "NOT SO: fire is cold" in done.output
    assert done.output.strip().endswith("not as expected: fire is cold")


def test_all_as_expected_is_exit_code_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round."""

    async def play(folder: Path, stage: Stage) -> None:
        stage.expect("water is wet", True)

    monkeypatch.setattr(module, "_whole", play)
    done = CliRunner().invoke(module.demo)
    assert done.exit_code == 0
    assert done.output.strip().endswith("all as expected")


async def test_what_stops_the_play_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is, it is told without a traceback."""

    async def scenes(self: module.Play) -> None:
        raise ExceptionGroup("of a nursery", [CannotConnect("nobody is there")])

    monkeypatch.setattr(module.Play, "_scenes", scenes)
    with pytest.raises(DemoError, match="the play cannot go on: nobody is there"):
        await module.Play(tmp_path, OwnHost(tmp_path), Stage()).all()


async def test_a_switch_that_does_not_come_up_is_a_sentence(tmp_path: Path) -> None:
    """With what the switch said itself, and nothing is left running."""
    (tmp_path / "switch").write_text("a file where the data folder belongs")
    host = OwnHost(tmp_path)
    with pytest.raises(DemoError, match=r"did not come up: (.|\n)*is a file"):
        await host.start()
    assert host._process is not None
    assert host._process.poll() is not None


def test_a_long_check_of_the_trail_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A scene stays readable whatever a check has seen; checks without objection are left out."""
    fine = {"name": "terminal", "ok": True, "saw": "known"}
    said = {"name": "totals", "ok": False, "saw": "x" * 500, "remedy": "others"}
    Stage().logged([{"event": "transaction", "kind": "reconciliation", "trail": [fine, said]}])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].lstrip().startswith("NO totals")
    assert lines[1].endswith("x ... (others)")
    assert len(lines[1].strip()) <= WIDTH
