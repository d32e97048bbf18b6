"""switch.server.control: JSON lines over a Unix socket in the data folder."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from switch.server import asking, control


@asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[None]:
    """A control socket whose commands are echoed."""

    async def answer(command: dict[str, Any], who: str) -> dict[str, Any]:
        return {"ok": True, "heard": command, "who": who}

    async with trio.open_nursery() as nursery:
        nursery.start_soon(control.serve, control.bind(folder), answer)
        yield
        nursery.cancel_scope.cancel()


async def test_a_command_gets_its_answer(tmp_path: Path) -> None:
    """One JSON object a line, both ways; only the owner may connect."""
    async with answering(tmp_path):
        mode = (tmp_path / asking.SOCKET_NAME).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        said = await trio.to_thread.run_sync(asking.ask, tmp_path, "status")
    heard = {"command": "status"}
    assert said == {"ok": True, "heard": heard, "who": f"uid {os.getuid()}"}


async def test_a_folder_with_a_long_name_works_too(tmp_path: Path) -> None:
    """A socket's address has 107 bytes; folders may be deeper."""
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    async with answering(folder):
        said = await trio.to_thread.run_sync(asking.ask, folder, "status")
    assert said["ok"]


async def test_what_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    """A stale socket file does not hold a start."""
    control.bind(tmp_path).close()
    async with answering(tmp_path):
        assert (await trio.to_thread.run_sync(asking.ask, tmp_path, "status"))["ok"]


async def test_garbage_is_refused_and_a_flood_is_cut(tmp_path: Path) -> None:
    """Nothing that a local peer sends gets further than a refusal."""
    async with answering(tmp_path):
        stream = await trio.open_unix_socket(tmp_path / asking.SOCKET_NAME)
        async with stream:
            await stream.send_all(b"nonsense\n[1]\n")
            data = b""
            while data.count(b"\n") < 2:
                data += await stream.receive_some()
            assert data.count(b'"ok":false') == 2
            await stream.send_all(b"x" * (asking.LINE_BYTES + 1))
            assert await stream.receive_some() == b""


async def test_more_peers_than_there_is_room_for_are_sent_away(tmp_path: Path) -> None:
    """INV-95: at the bound the product refuses, it does not grow; who leaves makes room."""
    async with answering(tmp_path), AsyncExitStack() as stack:
        path = tmp_path / asking.SOCKET_NAME
        peers = [
            await stack.enter_async_context(await trio.open_unix_socket(path))
            for _ in range(control.CONNECTIONS)
        ]
        for peer in peers:
            await peer.send_all(b"{}\n")
            assert b'"ok":true' in await peer.receive_some()
        said = await trio.to_thread.run_sync(asking.ask, tmp_path, "status")
        assert (said["ok"], "try again" in said["error"]) == (False, True)
        await peers[0].aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert (await trio.to_thread.run_sync(asking.ask, tmp_path, "status"))["ok"]


async def test_an_answer_that_breaks_off_is_told(tmp_path: Path) -> None:
    """P-02: a switch that dies while it answers leaves no half answer to be read."""
    with control.bind(tmp_path) as sock:

        def die() -> None:
            peer, _ = sock.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b'{"ok": tr')

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, die)
            with pytest.raises(asking.ControlError, match="before it had answered"):
                await trio.to_thread.run_sync(asking.ask, tmp_path, "status")


def test_nobody_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    """The command says what to check."""
    with pytest.raises(asking.ControlError, match=r"no switch answers in .*is it running"):
        asking.ask(tmp_path, "status")
    with pytest.raises(asking.ControlError, match="no switch answers in"):
        asking.ask(tmp_path / "absent", "status")
