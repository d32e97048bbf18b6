"""The whole demonstration, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCREEN = 50
SCENES = (
    "Sign-on",
    "Purchase, on the wire",
    "Purchase, on paper and in the switch's log",
    "Declined by the issuer",
    "Declined by a magic amount",
    "Repeat",
    "Time-out",
    "Reversal before its original",
    "Void",
    "Refund",
    "Pre-authorization",
    "Partial reversal",
    "Settlement in balance",
    "Settlement out of balance",
    "The differences, as the host has them",
    "Why?",
    "Another dialect",
    "A key for the terminal",
    "Purchase with PIN, MAC and chip",
    "Wrong PIN",
    "A key serial number again",
    "A MAC that does not fit",
    "AES DUKPT, PIN block format 4",
    "New working keys",
    "Do the books add up?",
    "Stop",
)


def test_the_demonstration_plays_to_its_end(tmp_path: Path) -> None:
    """Must-show 1: a whole day, in scenes that fit a screen, with receipts and decoded messages;
    all as expected."""
    done = subprocess.run(
        [sys.executable, "-m", "switch", "demo"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"PATH": "", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert said.strip().endswith("all as expected")
    _, *parts = re.split(r"^\d+\. (.*)$", said, flags=re.MULTILINE)
    assert tuple(parts[::2]) == SCENES
    scenes = dict(zip(SCENES, parts[1::2], strict=True))
    assert {name: text for name, text in scenes.items() if text.count("\n") > SCREEN} == {}
    for name, shown in (
        ("Sign-on", "SIGN-ON"),
        ("Purchase, on the wire", "000000001234  (12.34 USD)"),
        ("Purchase, on paper and in the switch's log", "CUSTOMER COPY"),
        ("Declined by the issuer", "insufficient funds"),
        ("Declined by a magic amount", "magic-stolen-card"),
        ("Time-out", "0401 ISO 8583:1987 reversal request"),
        ("Time-out", "Reversed under STAN"),
        ("Reversal before its original", "reason=reversed.before_seen"),
        ("Void", "*** VOID ***"),
        ("Refund", "only 9.34 USD is left to refund"),
        ("Pre-authorization", "kind=incremental_authorization"),
        ("Partial reversal", "REVERSED IN PART"),
        ("Settlement in balance", "IN BALANCE"),
        ("Settlement out of balance", "CLOSED WITH DIFFERENCES"),
        ("Settlement out of balance", "Items uploaded: 3 of 3."),
        ("The differences, as the host has them", "posted to suspense"),
        ("Why?", "checks, in order"),
    ):
        assert shown in scenes[name]
    assert "\x1b" not in said, "colours belong on a terminal only"
    assert re.search(r"\b(4761739001010010|5413330089010434|374245455400126)\b", said) is None
    assert list(tmp_path.iterdir()) == [], "the temporary folder is gone"
