"""What a virtual terminal says when it cannot do what it is asked for.

Owns the one base of such refusals: nothing was sent, and the person can mend it.
"""

from __future__ import annotations

from switch.errors import IsoswitchError


class TerminalError(IsoswitchError):
    """Something that this terminal cannot do: its journal, its keys or its card say why."""

    exit_code = 2
