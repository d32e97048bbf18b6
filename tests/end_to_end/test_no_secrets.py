"""No secret gets out of the wire: cards, tracks and PIN blocks are sent in whole and in broken
messages of every kind, and then looked for in everything that the switch wrote.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.leaks import scan

PAN = "4761739001010010"
OTHER_PAN = "5413330089010434"
TRACK2 = f"{PAN}=49122019876543219"
TRACK1 = f"B{PAN}^SECRET/PERSON^49122019876543219"
PIN_BLOCK = "A1B2C3D4E5F60718"
SECRETS = (PAN, OTHER_PAN, TRACK2, TRACK1, PIN_BLOCK, "SECRET/PERSON", "2019876543219")
CONFIG = """\
[log]
level = "debug"

[settings]
test_ranges = ["4761739", "5413330"]
enrol_unknown = true
enrol_merchant = "DEMOMERCHANT001"

[limits]
frame_s = 1.0

[[merchant]]
id = "DEMOMERCHANT001"
"""
DIALECTS = ("iso87-ascii", "iso87-binary", "iso87-ebcdic")
LISTENER = '\n[[listener]]\nname = "{0}"\nport = 0\ndialect = "{0}"\n'


def sensitive(peer: Any, stan: int) -> bytes:
    """A purchase with everything in it that must not be seen."""
    return bytes(
        peer.purchase(stan, de35=TRACK2, de45=TRACK1, de52=PIN_BLOCK, de53="0000000000000000")
    )


def broken(data: bytes, rng: random.Random) -> bytes:
    """The same message with one kind of damage; the frame still fits."""
    body = bytearray(data[2:])
    match rng.randrange(5):
        case 0:  # a byte is another
            body[rng.randrange(len(body))] = rng.randrange(256)
        case 1:  # it ends early
            del body[rng.randrange(1, len(body)) :]
        case 2:  # a piece is missing, everything behind it is shifted
            start = rng.randrange(len(body))
            del body[start : start + rng.randrange(1, 12)]
        case 3:  # a digit more or less, where the first field's length may stand
            at = rng.randrange(8, 24)
            body[at : at + 1] = bytes([body[at] ^ rng.choice([1, 2, 4, 8])])
        case _:  # something is put in
            at = rng.randrange(len(body))
            body[at:at] = bytes(rng.choices(b"0123456789", k=rng.randrange(1, 8)))
    return len(body).to_bytes(2, "big") + bytes(body)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_that_is_written_holds_a_secret(
    make_host: Callable[..., Any], dial: Callable[..., Any], tmp_path: Path, dialect: str
) -> None:
    """SR-PAN-01, SR-PAN-03, SR-SAD, SR-GEN-03: not in log, store, journal, banner, whatever is
    sent, in no dress.
    """
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG + LISTENER.format(dialect))
    host = make_host("--config", str(config)).start()
    rng = random.Random(dialect)
    peer = dial(host, dialect)
    peer.send(sensitive(peer, 1))
    assert peer.receive() is not None
    peer.send(peer.purchase(2, de2=OTHER_PAN, de35=TRACK2))  # one card here, another there
    assert peer.receive()["39"] == "14"
    for stan in range(3, 303):
        peer.send(broken(sensitive(peer, stan), rng))
        if (
            stan % 20 == 0
        ):  # as many answers wait as there were requests that one could be formed to
            peer.socket.close()
            peer = dial(host, dialect)
    for garbage in (PAN.encode(), TRACK1.encode() * 9, b"GET /" + TRACK2.encode(), b"\xff" * 40):
        peer = dial(host, dialect)
        peer.send(garbage)
        peer.socket.close()
    assert dial(host, dialect).buy(999)["11"] == "000999"
    host.await_log("message.rejected", 100)
    assert host.log("internal.error") == []
    assert host.stop() == 0
    assert scan([host.data, host.errors_path], SECRETS) == []
    assert scan([config], SECRETS) == []
    planted = host.data / "planted"
    planted.write_text(TRACK2)
    assert scan([host.data], SECRETS) != []
    planted.unlink()  # the run as a whole is searched as well
