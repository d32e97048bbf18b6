"""The whole demonstration, as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def test_the_demonstration_plays_to_its_end(tmp_path: Path) -> None:
    """Must-show 1: sign-on, purchase, decline, time-out, reversal, receipts, decoded messages; all
    as expected."""
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
    for part in (
        "SIGN-ON",
        "insufficient funds",
        "expired card",
        "its answer is lost",
        "Reversed under STAN",
        "0401  (ISO 8583:1987 reversal request",
        "reason=reversed.before_seen",
        "dialect hypercom",
    ):
        assert part in said
    assert "\x1b" not in said, "colours belong on a terminal only"
    assert re.search(r"\b(4761739001010010|5413330089010434)\b", said) is None
    assert list(tmp_path.iterdir()) == [], "the temporary folder is gone"
