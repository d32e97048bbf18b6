"""Scripted behaviour: what a rule of the configuration does to the answer of a request it matches.

Owns the words only. Conditions on fields are judged by the wire (it knows fields), all other ones
by the core, and what is done to bytes by the server.
"""

from __future__ import annotations

from msgspec import Struct


class Behaviour(Struct, frozen=True, gc=False, kw_only=True):
    """What is done to an answer on its way out. The defaults do nothing."""

    delay_ms: int = 0
    silent: bool = False  # say nothing, keep the connection
    copies: int = 1  # 2: the same answer twice
    close: bool = False  # close after the answer (after nothing, where silent)
    reset: bool = False  # drop the connection with a reset, instead of the answer
    truncate_to: int = -1  # send only so many bytes of the frame; -1: all of it
    length_off_by: int = 0  # added to the length that the frame states
    wrong_echo: str = ""  # the field, by meaning or number, that comes back altered


PLAIN = Behaviour()
