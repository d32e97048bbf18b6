"""Whole vector files of others, read from beside the repository: none of them lives in here.

The folder is ``ISOSWITCH_VECTORS``, or ``../shared/vectors`` from the root of the repository.
Without it the tests that ask for files are skipped by name.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("ISOSWITCH_VECTORS") or ROOT.parent / "shared" / "vectors")


def cases(topic: str) -> list[Any]:
    """The cases of a topic as parameters named by their ids; one skipped parameter without file."""
    file = VECTORS / f"{topic}.json"
    if not file.exists():
        absent = pytest.mark.skip(reason=f"no {file.name}: set ISOSWITCH_VECTORS")
        return [pytest.param(None, id="absent", marks=absent)]
    loaded = json.loads(file.read_text("utf-8"))
    return [pytest.param(case, id=case["id"]) for case in loaded["cases"]]
