"""How a frozen word of the trade is changed: by a copy with other values.

Owns that one function, so that no other room needs to know what the words are made of.
"""

from __future__ import annotations

from msgspec.structs import replace

__all__ = ["replace"]
