"""Backup, restore and selfcheck with the real program: what was answered before is known after."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from switch.keys.master import load_or_create
from tests.end_to_end.conftest import Dialled, HostProcess

Dial = Callable[..., Dialled]


def isoswitch(*words: object) -> subprocess.CompletedProcess[str]:
    """The command as a person calls it."""
    return subprocess.run(
        [sys.executable, "-m", "switch", *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def ok(*words: object) -> dict[str, Any]:
    """Its JSON; it must have gone well."""
    done = isoswitch(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def sound(data: Path) -> dict[str, Any]:
    """The report of selfcheck, with nothing found."""
    report = ok("selfcheck", "--data", data)
    assert report["ok"], report
    return report


def test_a_backup_of_a_running_switch_is_restored_and_served(
    host: HostProcess, make_host: Callable[..., HostProcess], dial: Dial, tmp_path: Path
) -> None:
    """INV-02, INV-96: the restored switch gives the very answers that the first one gave, and its
    books are sound; what came after the backup is not in it.
    """
    peer = dial(host)
    first = peer.buy(1)
    assert first["39"] == "00"
    monday = tmp_path / "monday.db"
    made = ok("backup", monday, "--data", host.data)
    assert stat.S_IMODE(monday.stat().st_mode) == 0o600
    assert peer.buy(2)["39"] == "00"
    sound(host.data)  # live
    said = isoswitch("restore", monday, "--data", host.data)
    assert said.returncode == 1
    assert "is not empty" in said.stderr
    assert host.stop() == 0

    second = make_host("--port-base", "0", name="second")
    key = host.data / "master.key"
    restored = ok("restore", monday, "--data", second.data, "--master-key", key)
    assert restored["master_key"] is True
    assert restored["journal"] == made["journal"]
    assert {path.name for path in second.data.iterdir()} == {"switch.db", "master.key"}
    sound(second.data)  # before anything ran on it
    second.start()
    again = dial(second)
    answer = again.buy(1)
    assert {key: answer[key] for key in ("37", "38", "39")} == {
        key: first[key] for key in ("37", "38", "39")
    }
    assert again.buy(3)["39"] == "00"
    report = sound(second.data)
    (states,) = [rule for rule in report["rules"] if rule["name"] == "states"]
    assert states["examined"] == 2  # the repeat is none of its own, and number 2 was never there
    assert second.stop() == 0


def test_the_master_key_is_not_in_a_backup(host: HostProcess, tmp_path: Path) -> None:
    """It is said where it is, and another one is refused; without one nothing is served."""
    assert host.stop() == 0
    monday, fresh = tmp_path / "monday.db", tmp_path / "fresh"
    said = isoswitch("backup", monday, "--data", host.data).stdout
    assert "the master key is not in it: keep" in said
    assert str(host.data / "master.key") in said
    key = (host.data / "master.key").read_bytes()
    assert key[-37:-5] not in monday.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    load_or_create(other / "master.key").wipe()
    done = isoswitch("restore", monday, "--data", fresh, "--master-key", other / "master.key")
    assert done.returncode == 1
    assert "the backup was sealed under" in done.stderr
    assert not fresh.exists()
    done = isoswitch("restore", monday, "--data", fresh)
    assert done.returncode == 0
    assert "before you start it, put the master key with check value" in done.stdout
    done = isoswitch("serve", "--data", fresh, "--port-base", "0")
    assert done.returncode == 65
    assert "the master key is missing" in done.stderr
    shutil.copy(host.data / "master.key", fresh / "master.key")
    assert isoswitch("restore", monday, "--data", fresh).returncode == 1


def test_a_key_that_waits_for_its_store(host: HostProcess, tmp_path: Path) -> None:
    """A folder with nothing but the right master key is as good as an empty one."""
    assert host.stop() == 0
    monday, fresh = tmp_path / "monday.db", tmp_path / "fresh"
    ok("backup", monday, "--data", host.data)
    fresh.mkdir()
    shutil.copy(host.data / "master.key", fresh / "master.key")
    (fresh / "switch.db.partial").write_bytes(b"cut short")
    done = isoswitch("restore", monday, "--data", fresh, "--master-key", host.data / "master.key")
    assert "there is a master key already: leave one out" in done.stderr
    assert ok("restore", monday, "--data", fresh)["master_key"] is True
    sound(fresh)


@pytest.mark.parametrize("as_json", [False, True])
def test_selfcheck_tells_what_is_wrong(host: HostProcess, dial: Dial, as_json: bool) -> None:
    """INV-96: it ends with 1, the rule, its id and the record are named."""
    dial(host).buy(1)
    assert host.stop() == 0
    sound(host.data)
    database = apsw.Connection(str(host.data / "switch.db"))
    database.execute("UPDATE record SET state = 'declined' WHERE kind = 1")
    database.close()
    done = isoswitch("selfcheck", "--data", host.data, *(["--json"] if as_json else []))
    assert done.returncode == 1
    if as_json:
        (store, *others) = json.loads(done.stdout)["rules"]
        assert (store["name"], store["cites"], store["violations"]) == ("store", ["INV-61"], 1)
        assert "look-up columns differ" in store["findings"][0]
        assert not any(rule["violations"] for rule in others)
    else:
        assert "1 WRONG" in done.stdout
        assert "the other rules were not checked" in done.stdout
    done = isoswitch("selfcheck", "--data", host.data.with_name("nowhere"))
    assert done.returncode == 1
    assert "there is no store" in done.stderr
