"""Watches the whole test run for secrets left behind (SR-SAD-04): a plugin of pytest.

Owns which secrets the run has used. Those that went through this process: each card number, track,
PIN, PIN block and clear key, and each key that a cipher was made with. And, since programs that
tests start are processes of their own, the cards and tracks that stand in the tests themselves, and
the cards and keys of the demo world. When the run is over,
every file below its temporary folder is searched for all of them, in each dress that
``tests.leaks`` knows. A find fails the run.

Refuses to know what is tested. Values made up by properties are left out: there are millions, and
short ones would be found by chance. So would PINs of four digits: they are looked for behind their
name, and in full where they are long.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from ahocorasick_rs import BytesAhoCorasick
from hypothesis import currently_in_test_context

from switch.keys import ciphers
from switch.values import ChipData, Sensitive, luhn_ok
from tests.leaks import dresses, runs

MOST: Final = 50_000  # secrets that are remembered
SHORTEST: Final = 10  # characters; what is shorter is found by chance
VARIED: Final = 5  # different characters at least: rows of zeros are everywhere
SHORTEST_KEY: Final = 16  # bytes
DEMO_WORLD: Final = "the demo world"
# What a person gives to the program, and what a device keeps: there secrets belong.
EXEMPT: Final[dict[str, str]] = {
    "*.toml": "a configuration or a till's script: test cards and test keys are written there",
    "master.key": "the master key itself, outside the store",
    "device.keys": "the memory of a virtual device, test keys only",
    "*.secret": "what a test hands to the program as its input",
    "*.py": "a copy of the checkout, for a test that breaks it",
    "*.vectors.json": "vector files with a changed digit",
}
ROOT: Final = Path(__file__).resolve().parent.parent
_TRACK: Final = re.compile(r"[0-9]{13,19}[=D][0-9]{7,20}")
_NUMBER: Final = re.compile(r"(?<![0-9A-Fa-f.])[2-6][0-9]{12,18}(?![0-9A-Fa-f.])")
_PIN_TOLD: Final = re.compile(rb"""(?i)\bpin["']?\s?[:=]\s?["']?[0-9]{4,12}\b""")
# Part of the key serial numbers that the standard prints, and of many an example.
_IN_SEQUENCE: Final = frozenset({"123456789", "234567890", "012345678", "987654321", "876543210"})
_GIVEN_AWAY: Final = frozenset({"0123456789ABCDEF" * 2, "0123456789ABCDEF"})


class Watch:
    """What was used, and in which test first."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.test = DEMO_WORLD

    def note(self, secret: str) -> None:
        """Remember a secret in its written form: digits, or hex of bytes."""
        if (
            len(secret) >= SHORTEST
            and secret.isascii()
            and secret not in self.seen
            and len(self.seen) < MOST
            and len(set(secret)) >= VARIED
            and secret not in _GIVEN_AWAY
            and not currently_in_test_context()
        ):
            self.seen[secret] = self.test

    def note_written(self, text: str) -> None:
        """Remember the cards and tracks of a program text."""
        for found in _TRACK.findall(text):
            self.note(found)
        for found in _NUMBER.findall(text):
            if luhn_ok(found):
                self.note(found)

    def note_world(self, world: dict[str, Any]) -> None:
        """Remember the cards and keys of a configuration."""
        for card in world.get("card", []):
            self.note(card["pan"])
        for key in world.get("key", []):
            self.note(str(key.get("value", "")).upper())

    def find(self, folder: Path) -> list[str]:
        """Each secret that stands in a file of the folder: which file, what sort, from which test.
        Never the secret.
        """
        needles: dict[bytes, tuple[str, str]] = {}
        for secret, test in self.seen.items():
            for dress, needle in _needles(secret, pieces=test == DEMO_WORLD):
                needles.setdefault(needle, (dress, test))
        told = list(needles.values())
        search = BytesAhoCorasick(list(needles))
        found = []
        for file in sorted(folder.rglob("*")):
            if not file.is_file() or file.is_symlink() or _exempt(file):
                continue
            data = file.read_bytes()
            hits = {told[hit[0]] for hit in search.find_matches_as_indexes(data)}
            plain = data.replace(b"-", b"+").replace(b"_", b"/")
            if plain != data:
                hits |= {told[hit[0]] for hit in search.find_matches_as_indexes(plain)}
            place = file.relative_to(folder)
            found += [f"{place}: a secret of {test}, {dress}" for dress, test in sorted(hits)]
            if _PIN_TOLD.search(data):
                found.append(f"{place}: a PIN behind its name")
        return found


def _needles(secret: str, *, pieces: bool) -> Iterator[tuple[str, bytes]]:
    """``pieces``: too much of a card number is a leak as well. Of a few cards only: nine digits of
    thousands of numbers are found by chance.
    """
    for dress, needle in dresses(secret).items():
        if len(needle) >= SHORTEST - 2:
            yield dress, needle
    if pieces and secret.isdigit() and len(secret) <= 19:
        for run in runs(secret):
            if len(set(run)) >= VARIED and run not in _IN_SEQUENCE:
                yield f"{len(run)} digits in a row", run.encode()


def _exempt(file: Path) -> bool:
    return any(file.match(pattern) for pattern in EXEMPT)


def watching(watch: Watch) -> Callable[[], None]:
    """Begin to note what goes by; what is returned ends it."""
    make, check = Sensitive.__init__, ciphers.check_key

    def make_noting(self: Sensitive, clear: str) -> None:
        make(self, clear)
        # Chip data may be kept by a device; the cards and tracks in it are noted by themselves.
        if not isinstance(self, ChipData):
            watch.note(clear.upper())

    def check_noting(cipher: Any, key: ciphers.Key) -> None:
        check(cipher, key)
        if len(key) >= SHORTEST_KEY:
            watch.note(key.hex().upper())

    def end() -> None:
        Sensitive.__init__ = make  # type: ignore[method-assign]
        ciphers.check_key = check

    Sensitive.__init__ = make_noting  # type: ignore[method-assign]
    ciphers.check_key = check_noting
    return end


class Plugin:
    """The watch as pytest knows it."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.end = watching(self.watch)
        self.found: list[str] | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What stands in the tests that will run, and in the demo world that they start."""
        self.watch.note_world(tomllib.loads((ROOT / "switch/demo.toml").read_text("utf-8")))
        for file in {item.path for item in session.items}:
            self.watch.test = file.name
            self.watch.note_written(file.read_text("utf-8"))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """From here on it is this test's."""
        self.watch.test = nodeid.partition("[")[0]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search, and fail the run for what is found."""
        factory = getattr(session.config, "_tmp_path_factory", None)
        folder = getattr(factory, "_basetemp", None)
        if folder is None:  # no test has asked for a file
            return
        self.found = self.watch.find(folder)
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """Leave everything as it was."""
        self.end()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was searched for, and what was found."""
        if self.found is None:
            return
        for line in self.found:
            terminalreporter.write_line(f"LEAK {line}", red=True)
        said = f"leak scan: {len(self.watch.seen)} secrets used, {len(self.found)} left behind"
        terminalreporter.write_line(said)


def pytest_configure(config: pytest.Config) -> None:
    """Watch every run."""
    config.pluginmanager.register(Plugin(), "leak watch")
