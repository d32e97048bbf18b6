"""``isoswitch keys`` with the real program: from generation to destruction, with a terminal that
goes on buying meanwhile; and afterwards no secret is anywhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switch.config import demo_config
from switch.keys.check_value import check_value
from switch.keys.ciphers import xor
from switch_tools.terminal_keys import TDES_DUKPT
from switch_tools.terminal_outcome import Result
from tests.end_to_end.secured_tills import secured_till
from tests.leaks import scan

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

BDK = "bdk.FFFF987654"
# Made for this test: live keys are none that a standard prints.
FIRST, SECOND = "7A3B9D15C8F2E64A0D51B73E98C42F86", "1F85E3A2640BD97C5283F6ADB01C943E"
ZPK = "6E2F4AC1B0D8537F9135E6A80C4BD792"


class Person:
    """Somebody at the keyboard of the machine that the switch runs on."""

    def __init__(self, host: HostProcess, token: str = "") -> None:
        self._host = host
        self._token = token

    def keys(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """``isoswitch keys ...``; a token goes by standard input, in front of what is typed."""
        proof = ("--token-file", "-") if self._token else ()
        lines = [line for line in (typed, self._token) if line]
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "switch",
                "keys",
                *words,
                *proof,
                "--data",
                str(self._host.data),
            ],
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
            input="\n".join(lines) + "\n",
        )

    def done(self, *words: str, typed: str = "") -> str:
        """What it printed, where it was carried out."""
        run = self.keys(*words, typed=typed)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def told(self, *words: str) -> Any:
        """Its JSON."""
        return json.loads(self.done(*words, "--json"))

    def refused(self, *words: str, typed: str = "") -> str:
        """Why it was not carried out."""
        run = self.keys(*words, typed=typed)
        assert run.returncode == 1, run.stdout
        return run.stderr


def officer(name: str) -> tuple[str, str]:
    """A token, and the section for the configuration: both as ``keys officer`` prints them."""
    made = subprocess.run(
        [sys.executable, "-m", "switch", "keys", "officer", name],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout
    lines = [line.strip() for line in made.splitlines()]
    section = "\n".join(lines[lines.index("[[officer]]") :])
    return lines[2], section


def guarded(
    tmp_path: Path, make_host: Callable[..., HostProcess]
) -> tuple[HostProcess, Person, Person]:
    """The demo world with two officers."""
    (alice, first), (bob, second) = officer("alice"), officer("bob")
    file = tmp_path / "shop.toml"
    file.write_text(f"{demo_config().text}\n{first}\n\n{second}\n")
    host = make_host("--config", str(file), "--port-base", "0").start()
    return host, Person(host, alice), Person(host, bob)


def test_a_test_key_from_generation_to_destruction(host: HostProcess) -> None:
    """SR-KEY-14: made, listed, printed, rotated, destroyed; each deed is written down."""
    person, name = Person(host), "terminal.DEMO0002.tmk"
    assert f"key {name}: installed" in person.done("generate", name)
    sheet = person.told("sheet", name, "--components", "3")
    whole = bytearray(16)
    for part in sheet["components"]:
        whole = xor(whole, bytes.fromhex(part["value"]))
        assert (
            check_value("TDES", bytes.fromhex(part["value"])).hex().upper() == part["check_value"]
        )
    assert check_value("TDES", whole).hex().upper() == sheet["check_value"]
    printed = person.done("sheet", name)
    assert "TEST KEY ONLY" in printed
    assert "component 2 of 2" in printed
    assert sheet["check_value"] in printed
    person.done("rotate", name, "--overlap", "60")
    (row,) = [row for row in person.told("list") if row["name"] == name]
    assert (row["generation"], row["former"][0]["check_value"]) == (2, sheet["check_value"])
    person.done("destroy", name, "--yes")
    assert "there is no key" in person.refused("sheet", name)
    assert name in person.done("list")
    deeds = [(deed["what"], deed["outcome"]) for deed in person.told("deeds")]
    assert deeds == [
        ("keys.generate", "permitted"),
        ("keys.sheet", "permitted"),
        ("keys.sheet", "permitted"),
        ("keys.rotate", "permitted"),
        ("keys.destroy", "permitted"),
        ("keys.sheet", "refused"),
    ]
    assert host.stop() == 0
    host.start()
    (row,) = [row for row in person.told("list") if row["name"] == name]
    assert (row["state"], row["generation"]) == ("destroyed", 2)


def test_a_key_is_handed_over_under_a_shared_one(host: HostProcess, tmp_path: Path) -> None:
    """A key in clear comes by standard input or a file that nobody else can read, never as an
    argument; it leaves as a key block, and comes back as one.
    """
    person = Person(host)
    said = person.done("import", "zone.bank.zmk", "--clear", typed=FIRST)
    file = tmp_path / "component.secret"
    file.write_text(ZPK)
    file.chmod(0o644)
    words = ("import", "zone.bank.zpk", "--clear", "--from-file", str(file))
    assert "others can read it" in person.refused(*words)
    file.chmod(0o600)
    check = person.told(*words)["check_value"]
    assert check not in said
    block = person.told("export", "zone.bank.zpk", "--kek", "zone.bank.zmk")["text"]
    assert block.startswith("B0")
    back = person.told("import", "zone.other.zpk", "--block", block, "--kek", "zone.bank.zmk")
    assert back["check_value"] == check
    assert host.stop() == 0
    assert scan([host.data, host.errors_path], [FIRST, ZPK]) == []


@pytest.mark.trio
@pytest.mark.parametrize(("overlap", "result"), [("3600", Result.APPROVED), ("0", Result.OWED)])
async def test_devices_of_a_rotated_base_key_go_on_for_the_overlap(
    host: HostProcess, overlap: str, result: Result
) -> None:
    """A purchase with PIN and MAC under DUKPT before and after: the device knows of nothing.
    Without an overlap neither side believes the other's MAC, so the terminal owes a reversal.
    """
    async with secured_till(host, "iso87-ascii", TDES_DUKPT) as till:
        assert (await till.buy("chip-visa", "1234")).result is Result.APPROVED
        Person(host).done("rotate", BDK, "--overlap", overlap)
        assert (await till.buy("chip-visa", "1234")).result is result


def test_a_live_key_takes_two_officers(
    tmp_path: Path, make_host: Callable[..., HostProcess]
) -> None:
    """SR-KEY-06, SR-KEY-07: refused without, by one, and by the same one twice; two succeed, in
    components as well. Nothing of tokens and components is left behind.
    """
    host, alice, bob = guarded(tmp_path, make_host)
    nobody = Person(host)
    assert nobody.done("pending") == "nothing waits for a second officer\n"
    assert "give your token" in nobody.refused("generate", "zone.bank.zmk", "--live")
    asked = alice.told("generate", "zone.bank.zmk", "--live")
    assert asked["pending"] in nobody.done("pending")
    assert "alice has asked for it" in alice.refused("approve", asked["pending"])
    made = bob.told("approve", asked["pending"])
    assert made["mark"] == "live"
    assert "give your token" in nobody.refused("export", "zone.bank.zmk", "--kek", "zone.bank.zmk")
    assert "is a live key" in bob.refused("sheet", "zone.bank.zmk")

    ticket = alice.told("components", "begin", "zone.bank.zpk", "--live")["ticket"]
    enter = ("components", "add", ticket, "--check-value")
    parts = [
        (part, check_value("TDES", bytes.fromhex(part)).hex().upper()) for part in (FIRST, SECOND)
    ]
    alice.done(*enter, parts[0][1], typed=parts[0][0])
    alice.refused(*enter, parts[1][1], typed=parts[1][0])
    bob.done(*enter, parts[1][1], typed=parts[1][0])
    whole = check_value("TDES", xor(bytes.fromhex(FIRST), bytes.fromhex(SECOND))).hex().upper()
    rows = {row["name"]: row for row in nobody.told("list")}
    assert (rows["zone.bank.zpk"]["mark"], rows["zone.bank.zpk"]["check_value"]) == ("live", whole)

    wanted = alice.told("export", "zone.bank.zpk", "--kek", "zone.bank.zmk")["pending"]
    assert bob.told("approve", wanted)["text"].startswith("B0")
    officers = {tuple(deed["officers"]) for deed in nobody.told("deeds")}
    assert {(), ("alice",), ("bob",), ("alice", "bob")} <= officers
    assert host.stop() == 0
    secrets = [FIRST, SECOND, alice._token, bob._token]
    assert scan([host.data, host.errors_path, tmp_path / "shop.toml"], secrets) == []
    planted = host.data / "planted"
    planted.write_text(SECOND)
    assert scan([host.data], secrets) != []
    planted.unlink()


def test_officers_are_taken_up_at_a_reload(
    tmp_path: Path, make_host: Callable[..., HostProcess]
) -> None:
    """Who is no officer any more approves nothing."""
    host, alice, _bob = guarded(tmp_path, make_host)
    file = tmp_path / "shop.toml"
    file.write_text(demo_config().text)
    subprocess.run(
        [sys.executable, "-m", "switch", "reload", "--data", str(host.data)], check=True, timeout=60
    )
    assert "no officer has this token" in alice.refused("generate", "zone.bank.zmk", "--live")
