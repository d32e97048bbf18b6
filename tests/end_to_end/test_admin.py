"""Administration with the real program: what is set counts at once, outlives restarts, shows no
number.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switch.values import Pan
from tests.end_to_end.conftest import HostProcess
from tests.small_world import small_world

NUMBER = next(n for end in range(10) if Pan(n := f"476173900101012{end}").luhn_ok)


def isoswitch(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a person calls it."""
    return subprocess.run(
        [sys.executable, "-m", "switch", *words],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def data_of(done: subprocess.CompletedProcess[str]) -> Any:
    """Its JSON."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration file with one card, terminal and merchant."""
    file = tmp_path / "shop.toml"
    file.write_text(small_world("100"))
    return file


def test_a_terminal_is_blocked_and_stays_so_until_the_file_says_otherwise(
    configured: Path, make_host: Callable[..., HostProcess]
) -> None:
    """An operator's word outlives restart and reload; the file's newer word counts."""
    host = make_host("--config", str(configured), "--port-base", "0").start()
    data = host.data
    place = ("--data", str(data))
    done = isoswitch("terminals", "set", "DEMO0001", "--status", "inactive", *place)
    assert (done.returncode, done.stdout) == (0, "terminal DEMO0001: status inactive\n")
    added = isoswitch("terminals", "add", "DEMO0002", "--merchant", "DEMOMERCHANT001", *place)
    assert added.returncode == 0
    done = isoswitch("terminals", "add", "DEMO0003", "--merchant", "NOBODY", *place)
    assert done.returncode == 1
    assert "there is no merchant 'NOBODY': add it first" in done.stderr

    def statuses() -> dict[str, str]:
        rows = data_of(isoswitch("terminals", "list", "--json", *place))
        return {row["id"]: row["status"] for row in rows}

    assert statuses() == {"DEMO0001": "inactive", "DEMO0002": "active"}
    assert host.stop() == 0
    assert statuses() == {"DEMO0001": "inactive", "DEMO0002": "active"}  # and without a switch
    host.start()
    assert isoswitch("reload", *place).returncode == 0
    assert statuses()["DEMO0001"] == "inactive"
    text = configured.read_text()
    configured.write_text(text.replace('id = "DEMO0001"', 'id = "DEMO0001"\nstatus = "inactive"'))
    assert isoswitch("reload", *place).returncode == 0
    configured.write_text(text)
    assert isoswitch("reload", *place).returncode == 0
    assert statuses()["DEMO0001"] == "active"
    (line, *_) = host.log("operator.changed")
    assert line["command"] == "terminals.set"
    assert line["who"].startswith("uid ")


def test_what_cards_and_terminals_are_secured_with(
    configured: Path, make_host: Callable[..., HostProcess]
) -> None:
    """PIN tries are given back (INV-70), scripts wait, a terminal is listened to again (SR-PIN-06);
    a security or profile that is not there is refused.
    """
    host = make_host("--config", str(configured), "--port-base", "0").start()

    def said(*words: str) -> str:
        done = isoswitch(*words, "--data", str(host.data))
        return f"{done.returncode} {done.stdout or done.stderr}"

    assert "no PIN try of the card is used" in said("cards", "reset-pin", "visa")
    assert "set its chip first" in said("cards", "script", "visa", "pin-unblock")
    assert said("cards", "set", "visa", "--chip", "banana").startswith("2 ")
    words = ("--chip", "visa-cvn18", "--issuer", "own", "--sequence", "01", "--verification", "yes")
    assert said("cards", "set", "visa", *words).startswith("0 ")
    assert "1 script waits" in said("cards", "script", "visa", "pin-unblock")
    assert "is no script" in said("cards", "script", "visa", "explode")
    assert "0 scripts wait" in said("cards", "script", "visa", "")
    assert said("terminals", "unlock", "DEMO0001") == "0 terminal DEMO0001 has no failures\n"
    assert "no security 'none-such'" in said(
        "terminals", "set", "DEMO0001", "--security", "none-such"
    )
    assert host.stop() == 0


def test_cards_and_merchants(configured: Path, make_host: Callable[..., HostProcess]) -> None:
    """A card by number, by name, listed masked; a merchant; and what a stopped switch says."""
    host = make_host("--config", str(configured), "--port-base", "0").start()
    data = host.data
    place = ("--data", str(data))
    said = isoswitch("cards", "add", NUMBER, "--name", "gold", "--balance", "5", *place)
    assert said.stdout == f"476173******{NUMBER[-4:]}: card added with 5.00 USD\n"
    said = isoswitch("cards", "set", "gold", "--balance", "7.25", "--status", "blocked", *place)
    assert said.stdout == f"476173******{NUMBER[-4:]}: card: balance, status set\n"
    rows = data_of(isoswitch("cards", "list", "--json", *place))
    assert [(row["name"], row["status"], row["balance_minor"]) for row in rows] == [
        ("gold", "blocked", 725),
        ("visa", "active", 100_00),
    ]
    shown = isoswitch("cards", "list", *place).stdout
    assert f"476173******{NUMBER[-4:]}  gold" in shown
    assert shown.splitlines()[1].split()[-3:] == ["7.25", "USD", "none"]  # no daily limit
    assert NUMBER not in shown + said.stdout
    done = isoswitch("cards", "add", "5413330089010434", "--json", *place)
    assert done.returncode == 1
    assert "in none of settings.test_ranges" in json.loads(done.stdout)["error"]
    assert isoswitch("merchants", "add", "SHOP2", "--currency", "JPY", *place).returncode == 0
    listed = isoswitch("merchants", "list", *place).stdout
    assert "SHOP2" in listed
    assert "JPY" in listed
    assert host.stop() == 0
    done = isoswitch("cards", "list", *place)
    assert done.returncode == 1
    assert "no switch answers in" in done.stderr
    done = isoswitch("terminals", "list", "--data", str(data.with_name("elsewhere")))
    assert done.returncode == 1
    assert "there is no store" in done.stderr


def test_a_cutover_moves_the_day_once(
    configured: Path, make_host: Callable[..., HostProcess]
) -> None:
    """INV-54: told to the operator, kept over a restart; said again, it moves nothing."""
    host = make_host("--config", str(configured), "--port-base", "0").start()
    data = host.data
    first = data_of(isoswitch("cutover", "--json", "--data", str(data)))
    assert first["ok"]
    assert host.stop() == 0
    host.start()
    again = data_of(isoswitch("cutover", "--json", "--data", str(data)))
    assert again["business_date"] == first["business_date"]
    wrong = isoswitch("cutover", "--date", "19990101", "--data", str(data))
    assert wrong.returncode == 1
    assert "it can only move to" in wrong.stderr
