"""switch.cli: commands by name, imported when called; refusals as sentences with exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from switch import __version__
from switch.cli import OWN, Commands, main
from switch.config import Config


def test_the_version_says_what_this_is_not() -> None:
    """SR-GEN-01: keys in software memory, no validated device."""
    said = CliRunner().invoke(main, ["--version"]).output
    assert said.startswith(f"isoswitch {__version__}\n")
    assert "not a PCI-validated secure cryptographic device" in said


def test_help_lists_every_command_without_importing_one() -> None:
    """Quick, and whole: each command has its line, tools' commands too."""
    script = (
        "import sys; from switch.cli import main; main(['--help'], standalone_mode=False);"
        "print([name for name in sys.modules if name in ('trio', 'pydantic', 'structlog')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.endswith("[]\n")
    for name, (_, text) in OWN.items():
        assert name in done.stdout
        assert text.split()[0] in done.stdout


def _leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    found = []
    with click.Context(command) as ctx:
        for name in command.list_commands(ctx):
            child = command.get_command(ctx, name)
            assert child is not None, name
            found += _leaves(child, (*path, name))
    return found


@pytest.mark.parametrize("name", list(OWN))
def test_every_command_has_help_with_an_example(name: str) -> None:
    """Design, section 7."""
    with click.Context(main) as ctx:
        command = main.get_command(ctx, name)
    assert command is not None
    for path in _leaves(command, (name,)):
        said = CliRunner().invoke(main, [*path, "--help"])
        assert said.exit_code == 0
        assert "Example" in said.output
        assert f"isoswitch {' '.join(path)}" in said.output


def test_an_unknown_command_is_a_mistake_of_use() -> None:
    """Exit code 2, with what there is one --help away."""
    refused = CliRunner().invoke(main, ["sreve"])
    assert refused.exit_code == 2
    assert "No such command" in refused.output


def test_a_refusal_is_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    """No traceback; 78 for a configuration, 1 for a switch that is not there."""
    path = tmp_path / "x.toml"
    path.write_text("nonsense = 1\n")
    refused = CliRunner().invoke(main, ["config", "check", str(path)])
    assert refused.exit_code == 78
    assert refused.stderr == f"isoswitch: {path}:1: nonsense: there is no such setting\n"
    assert refused.stdout == ""
    refused = CliRunner().invoke(main, ["config", "check", "--json", str(path)])
    assert refused.exit_code == 78
    said = json.loads(refused.stdout)
    assert said == {"ok": False, "error": f"{path}:1: nonsense: there is no such setting"}
    refused = CliRunner().invoke(main, ["status", "--data", str(tmp_path)])
    assert refused.exit_code == 1
    assert "is it running" in refused.stderr
    refused = CliRunner().invoke(main, ["status", "--json", "--data", str(tmp_path)])
    assert refused.exit_code == 1
    assert "is it running" in json.loads(refused.stdout)["error"]


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "--last"),
        ("batches",),
        ("batches", "show", "DEMO0001/1"),
        ("terminals", "open", "DEMO0001"),
        ("terminals", "list"),
        ("selfcheck",),
        ("cards", "list"),
        ("status",),
        ("config", "risk", "shop.toml"),
        ("triggers", "--config", "shop.toml"),
    ],
)
def test_programs_read_refusals_as_json_too(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--json: one object on standard output, whichever command refuses, and the sentence for people
    on the other one.
    """
    (tmp_path / "shop.toml").write_text("nonsense = 1\n")
    monkeypatch.chdir(tmp_path)
    data = () if "shop.toml" in command else ("--data", str(tmp_path))
    refused = CliRunner().invoke(main, [*command, *data, "--json"])
    assert refused.exit_code in (1, 78)
    said = json.loads(refused.stdout)
    assert said["ok"] is False
    assert refused.stderr == f"isoswitch: {said['error']}\n"


def test_the_schema_is_json_and_knows_every_section() -> None:
    """For completion in editors."""
    said = CliRunner().invoke(main, ["config", "schema"])
    schema = json.loads(said.output)
    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["additionalProperties"] is False


def test_risk_rules_are_listed() -> None:
    """In the order of the file, with what they do; a card only masked (SR-PAN-01)."""
    text = CliRunner().invoke(main, ["config", "risk"]).output
    said = json.loads(CliRunner().invoke(main, ["config", "risk", "--json"]).output)
    assert [line.split()[1] for line in text.splitlines()] == [r["name"] for r in said["rules"]]
    assert said["rules"][0]["numbers"] == {"cards": ["400000******0002"]}
    assert "deny_list              decline risk.refused        cards=400000******0002" in text
    assert "from=01:00 to=05:00" in text
    assert {rule["mode"] for rule in said["rules"]} == {"decline", "refer", "flag", ""}


def test_the_demo_world_is_a_file_to_begin_from(tmp_path: Path) -> None:
    """What ``config demo`` prints, ``config check`` takes."""
    path = tmp_path / "shop.toml"
    path.write_text(CliRunner().invoke(main, ["config", "demo"]).output)
    said = CliRunner().invoke(main, ["config", "check", str(path), "--json"])
    assert json.loads(said.output) == {
        "ok": True,
        "listeners": 7,
        "merchants": 1,
        "terminals": 8,
        "cards": 11,
        "keys": 8,
    }


def test_tools_hang_their_commands_on_an_entry_point() -> None:
    """``switch`` imports no tool; what is installed beside it appears."""
    assert isinstance(main, Commands)
    with click.Context(main) as ctx:
        names = main.list_commands(ctx)
    assert names[: len(OWN)] == list(OWN)
