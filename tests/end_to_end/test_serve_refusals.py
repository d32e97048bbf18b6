"""What the real program refuses, and how: one sentence, an exit code, and nothing half done."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.server.binding import reachable_as
from tests.small_world import small_world

CONFIG = small_world("100.00")
MISTAKES = {
    "no TOML": (CONFIG + "[server\n", "20: this is no TOML"),
    "unknown name": (
        CONFIG + "[server]\nnodes = 1\n",
        "21: server.nodes: there is no such setting",
    ),
    "wrong type": (CONFIG + "[limits]\nbatch = '1'\n", "21: limits.batch: "),
    "out of range": (CONFIG + "[limits]\nframe_s = 0\n", "21: limits.frame_s: "),
    "time-outs": (CONFIG + "[server]\nanswer_s = 30.0\n", "21: server.answer_s: must be below"),
    "no such merchant": (CONFIG.replace('merchant = "DEMO', 'merchant = "ANOTHER'), "14: terminal"),
    "check digit": (CONFIG.replace("010010", "010011"), "18: card.0.pan: the check digit"),
    "no test card": (CONFIG.replace('["4761739"]', '["5413330"]'), "18: card.0.pan: is in none"),
    "no such dialect": (CONFIG.replace('dialect = "iso87', 'dialect = "iso88'), "7: dialect"),
    "no such certificate": (
        CONFIG.replace("port = 0", 'port = 0\ntls = { certificate = "a", key = "b" }'),
        "certificate or key is refused",
    ),
    "no file": (None, "cannot be read: No such file"),
}


@pytest.fixture
def shop(tmp_path: Path, make_host: Callable[..., Any]) -> Any:
    """A small configured world, running."""
    path = tmp_path / "shop.toml"
    path.write_text(CONFIG)
    return make_host("--config", str(path)).start()


def test_sighup_with_each_kind_of_mistake_changes_nothing(
    shop: Any, tmp_path: Path, dial: Callable[..., Any]
) -> None:
    """P-07: file, line and reason in the log; the old configuration stays wholly in force, open
    connections too; the corrected file is taken up.
    """
    path = tmp_path / "shop.toml"
    peer = dial(shop)
    for stan, (name, (text, said)) in enumerate(MISTAKES.items(), 1):
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        shop.signal(signal.SIGHUP)
        refused = shop.await_log("reload.refused", stan)[-1]
        assert said in refused["why"], name
        assert "4761739001010011" not in refused["why"]
        assert peer.buy(stan, de4="000000000100")["39"] == "00"
    assert shop.status()["settings_version"] == 1
    path.write_text(CONFIG)
    shop.signal(signal.SIGHUP)
    assert shop.await_log("reload.done")[0]["settings_version"] == 2
    assert shop.log("internal.error") == []


def refused(*arguments: str) -> tuple[int, str]:
    """Exit code and sentence of a start that is refused."""
    done = subprocess.run(
        [sys.executable, "-m", "switch", "serve", "--port-base", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_store_needs_its_own_master_key(make_host: Callable[..., Any]) -> None:
    """SR-KEY-12, SR-GEN-04: without it, with another, or with one that others can read, nothing
    starts; with it, all is there.
    """
    ours, other = make_host().start(), make_host(name="other").start()
    assert ours.stop() == other.stop() == 0
    key = ours.data / "master.key"
    kept = key.read_bytes()
    key.unlink()
    code, said = refused("--data", str(ours.data))
    assert (code, "the master key is missing" in said) == (65, True)
    assert not key.exists()
    key.write_bytes((other.data / "master.key").read_bytes())
    key.chmod(0o600)
    code, said = refused("--data", str(ours.data))
    assert (code, "put the right master key file back" in said) == (65, True)
    key.write_bytes(kept)
    key.chmod(0o644)
    code, said = refused("--data", str(ours.data))
    assert (code, "chmod 600" in said) == (65, True)
    key.chmod(0o600)
    assert ours.start().status()["health"] == "ok"


def test_a_data_folder_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    """SR-GEN-04: and one that is there already keeps its mode."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    code, said = refused("--data", str(folder))
    assert (code, "chmod o-w" in said) == (73, True)
    assert folder.stat().st_mode & 0o777 == 0o777
    assert list(folder.iterdir()) == []


def test_a_data_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73, whatever the reason: found by trying, because root may write where a mode forbids it, and
    nobody where a disk is mounted read-only.
    """

    def read_only(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    done = CliRunner().invoke(main, ["serve", "--data", str(tmp_path / "data")])
    assert done.exit_code == 73
    assert "cannot be written: Read-only file system" in done.stderr


def test_a_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """73: at the start a person is there to hear it; later lines are counted instead (P-09)."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    code, said = refused("--data", str(tmp_path / "data"), "--log", str(blocker / "log"))
    assert (code, "the log cannot be written" in said) == (73, True)


def test_the_demo_certificate_names_this_machine(
    make_host: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """``--bind 0.0.0.0 --tls``: a device on the desk can verify whom it talks to."""
    host = make_host("--port-base", "0", "--tls", "--bind", "0.0.0.0").start()
    context = ssl.create_default_context(cafile=str(host.data / "tls" / "demo-ca.pem"))
    for stan, name in enumerate((*reachable_as("0.0.0.0"), "localhost"), 1):
        peer = dial(host)
        peer.socket = context.wrap_socket(peer.socket, server_hostname=name)
        assert peer.buy(stan)["39"] == "00"


def test_the_same_request_twice_over_tls_has_one_effect(
    make_host: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """M-25: at the same time on two TLS connections, both answers equal."""
    host = make_host("--port-base", "0", "--tls").start()
    context = ssl.create_default_context(cafile=str(host.data / "tls" / "demo-ca.pem"))
    peers = [dial(host), dial(host)]
    for peer in peers:
        peer.socket = context.wrap_socket(peer.socket, server_hostname="127.0.0.1")
    for stan in range(1, 21):
        data = peers[0].purchase(stan, de4="000000000100")
        for peer in peers:
            peer.send(data)
        one, two = (peer.receive() for peer in peers)
        assert one == two
        assert one["39"] == "00"
    lines = host.await_log("transaction", 40)
    assert sum("records" in line for line in lines) == 20
