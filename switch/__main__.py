"""``python -m switch`` is the ``isoswitch`` command."""

from __future__ import annotations

from switch.cli import main

if __name__ == "__main__":
    main()
