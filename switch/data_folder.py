"""The data folder: where it is when nobody names one, and what lies in it.

Owns names only. Refuses to open anything.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

STORE_NAME: Final = "switch.db"
MASTER_NAME: Final = "master.key"
LOG_NAME: Final = "log.jsonl"


def state_folder() -> Path:
    """The data folder when nobody names one: the user's state directory (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "isoswitch"
