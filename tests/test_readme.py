"""The README is true: its commands run, its files load, its pictures are what is printed.

Owns how a line for a person becomes one for a test: servers take free ports, data goes into a
temporary folder, a file that the page shows lies there under the name in its first line.
Everything else is run as it stands, in the order of the page.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from switch.cli import NOTICE
from switch.config import demo_config
from switch.model.risk_rules import RiskCheck
from switch.wire.dialect import load_dialect
from switch.wire.framing import Framing

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS: Final = Path(sys.executable).parent
START_S: Final = 30.0
pytestmark = pytest.mark.timeout(600)  # the whole page, on a busy machine
# Stands in for `isoswitch` on the path: a terminal that is not told where to call is told the port.
STAND_IN: Final = """\
#!{python}
import json, os, sys
arguments = sys.argv[1:]
if arguments[0] == "terminal" and arguments[1] != "journal":
    ports = json.load(open(os.environ["PORTS"]))
    named = arguments.index("--dialect") + 1 if "--dialect" in arguments else 0
    if arguments[1] == "run":
        for name, port in ports.items():
            arguments += ["--to", "%s=127.0.0.1:%d" % (name, port)]
    else:
        arguments += ["--to", "127.0.0.1:%d" % ports[arguments[named] if named else "iso87-ascii"]]
os.execv({program!r}, [{program!r}, *arguments])
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: what it holds, and in which notation."""

    notation: str
    text: str


BLOCKS: Final = [Block(*found) for found in re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)]


def _blocks(notation: str, words: str = "") -> list[str]:
    return [block.text for block in BLOCKS if block.notation == notation and words in block.text]


def _name(file: str) -> str:
    """The name of a file that the page shows: it stands in its first line."""
    return file.splitlines()[0].removeprefix("# ")


class Reader:
    """Somebody who does what the README says, line by line, and remembers what was printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: dict[str, str] = {}
        (folder / "bin").mkdir()
        program = folder / "bin" / "isoswitch"
        real = str(PROGRAMS / "isoswitch")
        program.write_text(STAND_IN.format(python=sys.executable, program=real), encoding="utf-8")
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PORTS": str(folder / "ports.json"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        self.server: subprocess.Popen[bytes] | None = None

    def do(self, line: str) -> None:
        """One line of a ``sh`` block."""
        if line == "source .venv/bin/activate":
            return  # its work is done by the stand-in
        dev = re.fullmatch(r"python3 tools/dev\.py (\w+)(.*)", line)
        if dev:
            line = f"isoswitch {dev[1]}{dev[2]}"
        if not line.startswith("isoswitch serve"):
            self._run(line)
        elif self.server is None and not self.printed:
            self.server = self._serve(line, self.folder / "state")
            self._note_ports()
        else:
            another = self._serve(line, self.folder / f"state-{len(self.printed)}")
            another.send_signal(signal.SIGTERM)
            assert another.wait(START_S) == 0, line
            self.printed[line] = ""

    def _run(self, line: str) -> None:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        broken = line.startswith("isoswitch inspect --dialect")
        assert done.returncode == (1 if broken else 0), f"{line}\n{done.stdout}{done.stderr}"
        self.printed[line] = done.stdout

    def _serve(self, line: str, state: Path) -> subprocess.Popen[bytes]:
        words = [*line.split()[2:], "--port-base", "0"]
        said = self.folder / "serve.txt"
        with said.open("wb") as out:
            server = subprocess.Popen(
                [str(PROGRAMS / "isoswitch"), "serve", *words],
                cwd=self.folder,
                env={**self.environment, "XDG_STATE_HOME": str(state)},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + START_S
        while "stop with Ctrl-C" not in said.read_text():
            assert server.poll() is None, f"{line}\n{said.read_text()}"
            assert time.monotonic() < until, f"{line}\n{said.read_text()}"
            time.sleep(0.05)
        return server

    def _note_ports(self) -> None:
        self._run("isoswitch status --json")
        told = json.loads(self.printed.pop("isoswitch status --json"))
        ports = {listener["name"]: listener["port"] for listener in told["listeners"]}
        (self.folder / "ports.json").write_text(json.dumps(ports), encoding="utf-8")

    def close(self) -> None:
        """Leave nothing running, whatever happened."""
        if self.server is not None and self.server.poll() is None:
            self.server.kill()
            self.server.wait()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader who has done everything on the page."""
    one = Reader(tmp_path_factory.mktemp("readme"))
    for text in _blocks("toml"):
        (one.folder / _name(text)).write_text(text, encoding="utf-8")
    try:
        for block in _blocks("sh"):
            for line in block.splitlines():
                one.do(line)
        yield one
    finally:
        one.close()


def test_every_command_does_what_it_should(reader: Reader) -> None:
    """From the first `serve` to `stop`, every command line of the page runs and succeeds."""
    assert len(reader.printed) >= 40
    assert "declined, exit code 1" in "".join(reader.printed.values())
    assert "all as expected" in reader.printed["isoswitch terminal run morning.toml"]
    assert reader.printed["isoswitch selfcheck"].startswith("store        ok")
    assert reader.server is not None
    assert reader.server.wait(START_S) == 0, "the page ends with a stop"


def _shape(text: str) -> str:
    """A picture without what changes from run to run: times, reference numbers, codes."""
    lines = re.sub(r"\b\d{6,12}\b|\d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}", "#", text).splitlines()
    return "".join(" ".join(line.split()) + "\n" for line in lines if line.strip())


@pytest.mark.parametrize(
    ("picture", "command"),
    [
        ("MERCHANT COPY", "terminal purchase --card visa --amount 12.34"),
        ("checks, in order", "explain --last"),
        ("wrong: field 11", "inspect --dialect"),
        ("KEY SHEET", "keys sheet bdk.FFFF987654"),
        ("x9.19/2:8", "explain --terminal DEMO0001"),
        ("PIN block, enciphered", "calc dukpt pin"),
    ],
)
def test_pictures_are_what_is_printed(reader: Reader, picture: str, command: str) -> None:
    """Receipt, explanation, broken message, key sheet and calculation are those of the commands
    above them; a line of three dots stands for lines that are left out.
    """
    parts = _shape(_blocks("text", picture)[0]).split("...\n")
    said = next(text for line, text in reader.printed.items() if f"isoswitch {command}" in line)
    printed = _shape(said)
    assert re.fullmatch("(?:.*\n)*".join(map(re.escape, parts)), printed), printed


def _file(name: str) -> str:
    return next(text for text in _blocks("toml") if _name(text) == name)


def test_rules_of_the_page_load_with_the_file_of_the_page(tmp_path: Path) -> None:
    """The scripted rules are listed in their order, behind the world that they are for."""
    rules = _file("rules.toml")
    (tmp_path / "shop.toml").write_text(_file("shop.toml") + rules, encoding="utf-8")
    listed = subprocess.run(
        [str(PROGRAMS / "isoswitch"), "triggers", "--config", "shop.toml"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    names = re.findall(r'^name = "(.*)"', rules, re.MULTILINE)
    assert [line.split()[-1] for line in listed.splitlines()[2 : 2 + len(names)]] == names


def test_dialect_of_the_page_loads(tmp_path: Path) -> None:
    """The overlay loads and changes what it says."""
    overlay = tmp_path / "corner-bank.toml"
    overlay.write_text(_file("corner-bank.toml"), encoding="utf-8")
    dialect = load_dialect(str(overlay))
    below = load_dialect("iso87-ascii")
    assert dialect.title == "Corner Bank POS"
    assert dialect.framing == Framing.parse("ascii-4 inclusive")
    assert dialect.layout.fields[47] != below.layout.fields[47]
    assert [rule.captures for rule in dialect.transactions if rule.name == "authorization"] == [
        True
    ]


def test_checks_of_risk_rules_are_all_named() -> None:
    """Each check that a rule can name is on the page."""
    said = README.split("The checks:")[1].split(".")[0]
    assert re.findall(r"`(\w+)`", said) == [check.value for check in RiskCheck]


def test_commands_of_the_terminal_are_all_named() -> None:
    """Each command of the virtual terminal is run, or named beside those that are."""
    told = subprocess.run(
        [str(PROGRAMS / "isoswitch"), "terminal", "--help"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    commands = re.findall(r"^  (\w+)  ", told.split("Commands:")[1], re.MULTILINE)
    assert len(commands) > 15
    said = README.split("## For QA")[1]
    ours = [name for name in commands if not re.search(rf"terminal {name}\b|`{name}`", said)]
    assert [name for name in ours if f"isoswitch terminal {name}" not in README] == []


def test_names_of_the_page_exist() -> None:
    """Paths in backticks are in the checkout, cards in the demo world."""
    paths = re.findall(r"`((?:switch|tools|tests|specs)/[\w./-]+)`", README)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    cards = {card.name for card in demo_config().card}
    said = " ".join(README.split()).split("cards with names:")[1].split("#")[0]
    assert set(re.findall(r"`([\w-]+)`", said)) == cards


def test_commands_that_the_page_names_exist() -> None:
    """Entry points of tools are those that pyproject.toml hangs in, and each can be imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in project["entry-points"]["isoswitch.commands"]:
        done = subprocess.run(
            [str(PROGRAMS / "isoswitch"), command, "--help"], capture_output=True, check=False
        )
        assert done.returncode == 0, command


def test_security_notice() -> None:
    """What the command says of keys, the page says in the same words (SR-GEN-01)."""
    words = " ".join(README.split())
    assert "keys live in software memory" in words
    for sentence in (
        "not a PCI-validated secure cryptographic device",
        "live PINs need a real HSM",
    ):
        assert sentence in words
        assert sentence in " ".join(NOTICE.split())
