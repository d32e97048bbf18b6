"""The search for secrets finds what was hidden for it, and nothing where nothing is."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest

from tests.leaks import dresses, leaks, scan

PAN = "4761739001010010"
TRACK = "4761739001010010=49122019876543210987"
PIN_BLOCK = "A1B2C3D4E5F60718"
SECRETS = (PAN, TRACK, PIN_BLOCK)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_in_every_dress(secret: str) -> None:
    """And is told by its ends, not in full."""
    for dress, needle in dresses(secret).items():
        found = leaks(b'{"event":"planted","said":"' + needle + b'"}', SECRETS)
        assert any(leak.endswith(f"as {dress}") for leak in found), dress
        assert not any(secret in leak for leak in found)


@pytest.mark.parametrize("behind", range(7))
def test_base64_hides_nothing(behind: int) -> None:
    """Whatever stands in front of the secret, in both alphabets."""
    blob = b"x" * behind + b"\xff" + PAN.encode() + b"tail"
    assert leaks(b64encode(blob), [PAN])
    assert leaks(urlsafe_b64encode(blob), [PAN])


def test_packed_digits_are_found_on_half_bytes() -> None:
    """A track of odd length shifts what stands in it."""
    assert leaks(bytes.fromhex("1" + PAN + "D"), [PAN])
    assert leaks(bytes.fromhex("0037" + TRACK.replace("=", "D") + "F"), SECRETS[:2])


def test_a_piece_of_a_card_number_is_a_leak() -> None:
    """Under the name of an amount or of a trace number, say."""
    assert leaks(b'{"pan":"******9001","code":"010010","amount":173900101}', [PAN])


def test_a_mask_and_other_numbers_are_none() -> None:
    """First six and last four may be shown."""
    shown = b'{"pan":"476173******0010","rrn":"632884150388","stan":"000001","token":"a1b2c3"}'
    assert leaks(shown, SECRETS) == []


def test_files_of_folders_are_searched(tmp_path: Path) -> None:
    """Each leak is told with the name of its file."""
    deep = tmp_path / "data" / "deep"
    deep.mkdir(parents=True)
    (deep / "log.jsonl").write_text("all is well\n")
    assert scan([tmp_path / "data"], SECRETS) == []
    (deep / "dump").write_bytes(b"..." + bytes.fromhex(PIN_BLOCK))
    stderr = tmp_path / "stderr"
    stderr.write_text(PAN)
    found = scan([tmp_path / "data", stderr], SECRETS)
    assert "dump: A1...18 as packed" in found
    assert "stderr: 47...10 as text" in found
    for planted in (deep / "dump", stderr):  # the run as a whole is searched as well
        planted.unlink()
