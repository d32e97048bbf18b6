"""The real program: starts, answers, remembers, reloads, stops, and says why when it does not."""

from __future__ import annotations

import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.server.asking import ask
from tests.small_world import small_world

CONFIG = small_world("25.00")


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """One command of the program."""
    return subprocess.run(
        [sys.executable, "-m", "switch", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small world in a file."""
    path = tmp_path / "shop.toml"
    path.write_text(CONFIG)
    return path


def test_a_purchase_is_answered_and_survives_a_kill(
    make_host: Callable[..., Any], dial: Callable[..., Any], config: Path
) -> None:
    """INV-02, INV-03, S-01: a repeat after kill -9 gets the stored answer, with one effect."""
    host = make_host("--config", str(config)).start()
    first = dial(host).buy(1)
    assert first["39"] == "00"
    assert first["11"] == "000001"
    host.kill()
    host.start()
    recovery = host.await_log("recovery", 2)
    assert recovery[1]["unfinished"] in (0, 1)
    host.forget_log()
    peer = dial(host)
    assert peer.buy(1) == first
    assert peer.buy(2)["39"] == "00"
    assert peer.buy(3)["39"] == "51"  # 25.00 less 10.00 twice: the repeat cost nothing
    told = [(line["response_code"], line["reason"]) for line in host.await_log("transaction", 3)]
    assert told[-1] == ("51", "funds.insufficient")


def test_a_clean_stop_leaves_nothing_to_recover(host: Any, dial: Callable[..., Any]) -> None:
    """P-01: deliveries are known, the exit code is 0, the sockets are gone."""
    peer = dial(host)
    assert [peer.buy(stan)["39"] for stan in range(1, 6)] == ["00"] * 5
    assert host.stop() == 0
    assert peer.receive() is None
    host.start()
    assert host.await_log("recovery", 2)[1]["unfinished"] == 0


def test_every_shipped_dialect_listens_in_the_demo_world(town: Any) -> None:
    """One listener each; the banner says which, and that keys live in software (SR-GEN-01)."""
    assert list(town.ports) == [
        "iso87-ascii",
        "iso87-ascii-bb",
        "iso87-binary",
        "iso87-ebcdic",
        "iso93-ascii",
        "iso93-binary",
        "hypercom",
    ]
    banner = town.errors()
    assert "not a PCI-validated secure cryptographic device" in banner
    assert all(str(port) in banner for port in town.ports.values())
    assert " terminal purchase " in banner


TLS_FILES = {"certificate": "pem", "key": "key"}
WORLD_OF_YEN = """
[settings]
test_ranges = ["4761739"]
default_currency = "JPY"
[[listener]]
name = "till"
port = 0
dialect = "hypercom"
framing = "ascii-4 inclusive, tpdu-swap"
[[merchant]]
id = "TOKYO"
[[terminal]]
id = "TOKYO001"
merchant = "TOKYO"
[[card]]
name = "Yen"
pan = "4761739001010010"
expiry = "4912"
balance = "500"
"""


@pytest.mark.parametrize("world", ["", WORLD_OF_YEN])
@pytest.mark.parametrize("options", [(), ("--tls",)])
def test_what_the_banner_lets_one_try_works_as_it_is_printed(
    make_host: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    world: str,
    options: tuple[str, ...],
) -> None:
    """In a shell that has no ``isoswitch`` on its path, in a world of one's own, over TLS."""
    chosen = ("--port-base", "0")
    if world:
        (tmp_path / "my world.toml").write_text(world)
        chosen = ("--config", str(tmp_path / "my world.toml"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    host = make_host(*chosen, *options).start()
    lines = host.errors().split("try, in another window\n")[1].splitlines()
    assert len(lines) == 4
    for line in lines[:3]:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)


def test_the_banner_of_listeners_with_their_own_certificates_says_what_is_to_be_added(
    make_host: Callable[..., Any], tmp_path: Path, config: Path
) -> None:
    """Nobody but the person knows which authority a terminal trusts."""
    made = make_host("--port-base", "0", "--tls").start().data / "tls"
    files = {name: str(made / f"demo-server.{end}") for name, end in TLS_FILES.items()}
    tls = ", ".join(f'{name} = "{path}"' for name, path in files.items())
    config.write_text(CONFIG.replace("port = 0", f"port = 0\ntls = {{ {tls} }}"))
    host = make_host("--config", str(config), name="own").start()
    assert "(with --ca FILE, and --cert FILE --key FILE" in host.errors()


def test_a_world_without_a_listener_is_told_to_be_deaf(
    make_host: Callable[..., Any], config: Path
) -> None:
    """An empty file is no mistake, and hardly ever what was meant."""
    config.write_text("")
    assert "warning: nothing listens" in make_host("--config", str(config)).start().errors()


def test_what_is_written_is_the_owners_alone(town: Any) -> None:
    """SR-GEN-04: files 0600, folder 0700."""
    assert stat.S_IMODE(town.data.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in town.data.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_the_demo_world_enrols_strangers_and_says_so(town: Any, dial: Callable[..., Any]) -> None:
    """Unknown terminals and test-range cards, on first sight."""
    answer = dial(town).buy(1, de41="NEWTERM1", de42="NEWMERCHANT0001", de2="4012888888881881")
    assert answer["39"] == "00"
    assert town.await_log("terminal.enrolled")
    assert town.await_log("card.enrolled")


def test_a_configured_world_does_not(
    make_host: Callable[..., Any], dial: Callable[..., Any], config: Path
) -> None:
    """M-19: 58 for a terminal that nobody configured."""
    host = make_host("--config", str(config)).start()
    assert dial(host).buy(1, de41="NEWTERM1")["39"] == "58"


def test_no_card_number_is_in_log_store_or_banner(host: Any, dial: Callable[..., Any]) -> None:
    """SR-PAN-01, SR-PAN-03: first six and last four in the log, nothing in the store."""
    peer = dial(host)
    for stan in range(1, 4):
        peer.buy(stan)
    host.await_log("transaction", 3)
    host.stop()
    for path in [*host.data.iterdir(), host.errors_path]:
        assert b"4761739001010010" not in path.read_bytes(), path
    assert host.log("transaction")[0]["pan"] == "476173******0010"


def test_commands_reach_the_running_switch(host: Any) -> None:
    """status, reload, stop over the control socket."""
    data = str(host.data)
    said = run("status", "--data", data)
    assert said.returncode == 0
    assert said.stdout.startswith("ok, up ")
    assert "iso87-ascii" in said.stdout
    assert run("reload", "--data", data).stdout.startswith("settings version 2: 0 listeners added")
    assert run("stop", "--data", data).stdout == "stopping\n"
    assert host.wait() == 0
    gone = run("status", "--data", data)
    assert gone.returncode == 1
    assert "is it running" in gone.stderr


def test_a_reload_is_whole_or_not_at_all(
    make_host: Callable[..., Any], dial: Callable[..., Any], config: Path
) -> None:
    """P-07: an invalid file changes nothing; a valid one adds, renews and removes."""
    host = make_host("--config", str(config)).start()
    peer = dial(host)
    assert peer.buy(1)["39"] == "00"
    config.write_text(CONFIG.replace('pan = "4761739001010010"', 'pan = "4761739001010011"'))
    refused = run("reload", "--data", str(host.data))
    assert refused.returncode == 1
    assert f"{config}:18: card.0.pan: the check digit" in refused.stderr
    assert host.status()["settings_version"] == 1
    assert peer.buy(2)["39"] == "00"
    more = CONFIG.replace('balance = "25.00"', 'status = "lost"\nbalance = "25.00"')
    more += '[[listener]]\nname = "second"\nport = 0\ndialect = "iso87-ascii-bb"\n'
    config.write_text(more)
    host.signal(signal.SIGHUP)
    done = host.await_log("reload.done")[0]
    assert (done["added"], done["removed"], done["kept"]) == (["second"], [], ["iso87-ascii"])
    assert done["card"] == 1
    assert peer.buy(3)["39"] == "41"
    ports = {item["name"]: item["port"] for item in host.status()["listeners"]}
    socket.create_connection(("127.0.0.1", ports["second"]), timeout=5).close()
    config.write_text(CONFIG)
    assert ask(host.data, "reload")["removed"] == ["second"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports["second"]), timeout=5)


def test_a_reload_that_cannot_have_its_port_changes_nothing(
    make_host: Callable[..., Any], config: Path
) -> None:
    """P-07: bound whole or not at all."""
    host = make_host("--config", str(config)).start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = '[[listener]]\nname = "free"\nport = 0\ndialect = "iso87-ascii"\n'
        more += f'[[listener]]\nname = "taken"\nport = {port}\ndialect = "iso87-ascii"\n'
        config.write_text(CONFIG + more)
        answer = ask(host.data, "reload")
    assert not answer["ok"]
    assert "listener taken cannot have" in answer["error"]
    assert [item["name"] for item in host.status()["listeners"]] == ["iso87-ascii"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense = 1\n", "shop.toml:1: nonsense: there is no such setting"),
        ("[server\n", "shop.toml:1: this is no TOML"),
        (CONFIG.replace('"iso87-ascii"\n\n', '"iso87"\n\n'), "shop.toml:7: dialect 'iso87'"),
        (CONFIG.replace('"iso87-ascii"\n\n', '"iso2003-binary"\n\n'), "for reading messages only"),
        (CONFIG.replace("port = 0", 'port = 0\nframing = "carrier-pigeon"'), "shop.toml:7:"),
        (
            CONFIG.replace("port = 0", 'port = 0\ntls = { certificate = "/a", key = "/b" }'),
            "shop.toml:7: /a: certificate or key is refused",
        ),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence_and_an_exit_code(
    config: Path, tmp_path: Path, text: str, said: str
) -> None:
    """78 and file:line; ``serve`` says what ``config check`` says, and begins nothing."""
    config.write_text(text)
    data = tmp_path / "data"
    for command in (("config", "check"), ("serve", "--data", str(data), "--config")):
        refused = CliRunner().invoke(main, [*command, str(config)])
        assert refused.exit_code == 78, refused
        assert said in refused.stderr
    assert not (data / "switch.db").exists()


def test_a_port_in_use_is_one_sentence(config: Path, tmp_path: Path) -> None:
    """69, with the line of the listener."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(CONFIG.replace("port = 0", f"port = {port}"))
        refused = run("serve", "--config", str(config), "--data", str(tmp_path / "data"))
    assert refused.returncode == 69
    assert f"{config}:6: listener iso87-ascii cannot have 127.0.0.1:{port}" in refused.stderr
    assert "is another switch running?" in refused.stderr
    assert "Traceback" not in refused.stderr
    away = run("serve", "--bind", "192.0.2.1", "--data", str(tmp_path / "data"))
    assert away.returncode == 69
    assert "this machine has no such address" in away.stderr


def test_a_second_instance_on_one_folder_is_refused(host: Any) -> None:
    """S-15: it names the first one, and the first one goes on."""
    refused = run("serve", "--data", str(host.data), "--port-base", "0")
    assert refused.returncode == 65
    assert str(host.process.pid) in refused.stderr
    assert "Traceback" not in refused.stderr
    assert host.status()["ok"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """73."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    refused = run("serve", "--data", str(blocker / "data"))
    assert refused.returncode == 73
    assert "--data" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unknown_listener_on_the_command_line_is_told(tmp_path: Path) -> None:
    """--port names one of the configuration's."""
    data = str(tmp_path / "data")
    refused = CliRunner().invoke(main, ["serve", "--port", "nobody=1", "--data", data])
    assert refused.exit_code == 78
    assert "no listener 'nobody'; there are iso87-ascii" in refused.stderr
    refused = CliRunner().invoke(main, ["serve", "--port", "nobody"])
    assert refused.exit_code == 2
    assert "NAME=NUMBER" in refused.stderr


def test_the_log_can_go_to_standard_output(make_host: Callable[..., Any], config: Path) -> None:
    """``--log -``: JSON lines there, words for people on standard error."""
    host = make_host("--config", str(config), "--log", "-")
    host.start(stdout=subprocess.PIPE)
    assert host.stop() == 0
    with host.process.stdout as stream:
        output = stream.read().decode()
    assert '"event":"serve.ready"' in output
    assert all(line.startswith('{"time":') for line in output.splitlines())
    assert not host.log_path.exists()


def test_a_second_signal_does_not_wait(host: Any, dial: Callable[..., Any]) -> None:
    """P-02: the drain is cut short; the store stays whole."""
    dial(host).buy(1)
    host.signal(signal.SIGTERM)
    host.signal(signal.SIGTERM)
    assert host.wait() in (0, 1)
    host.start()
    assert host.status()["health"] == "ok"


def test_the_demo_world_speaks_tls(make_host: Callable[..., Any], dial: Callable[..., Any]) -> None:
    """``--tls``: terminals trust the authority that the banner names."""
    host = make_host("--port-base", "0", "--tls").start()
    authority = host.data / "tls" / "demo-ca.pem"
    assert str(authority) in host.errors()
    peer = dial(host)
    context = ssl.create_default_context(cafile=str(authority))
    peer.socket = context.wrap_socket(peer.socket, server_hostname="127.0.0.1")
    assert peer.buy(1)["39"] == "00"
    with socket.create_connection(("127.0.0.1", host.ports["hypercom"]), timeout=10) as plain:
        plain.sendall(b"\x00\x20 plain text is refused here   ")
        assert host.await_log("tls.refused")[0]["listener"] == "hypercom"
