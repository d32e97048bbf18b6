"""An answer in words to the bytes of its frame, played with where a scripted rule says so.

Owns what is told of one that cannot be written: it is never the engine's trouble. Refuses to send
and to wait.
"""

from __future__ import annotations

from switch.errors import EncodeError
from switch.model.effects import Reply
from switch.model.events import Moment
from switch.server.ports import EventLog
from switch.server.profile import Profile, Scripting
from switch.wire.framer import Frame, Framer, FramingError, wrap


class Exchange:
    """A request that waits for its answer: the frame and the fields that the answer echoes."""

    __slots__ = ("fields", "frame")

    def __init__(self, frame: Frame, fields: dict[str, str]) -> None:
        self.frame = frame
        self.fields = fields


class Answers:
    """Writes the answers of one connection. ``scripting``: the rules in force, which know how an
    echo comes back wrong.
    """

    __slots__ = ("_framer", "_log", "_number", "_profile", "scripting")

    def __init__(self, profile: Profile, framer: Framer, log: EventLog, number: int) -> None:
        self._profile = profile
        self._framer = framer
        self._log = log
        self._number = number
        self.scripting: Scripting | None = profile.scripting

    def frame(self, exchange: Exchange, effect: Reply, now: Moment) -> bytes | None:
        """The frame; ``None`` for an answer that cannot be written in the dialect."""
        profile = self._profile
        try:
            fields = profile.mapper.answer(exchange.fields, effect.request, effect.answer, now)
            done = effect.behaviour
            if done is None:
                return self._framer.encode(profile.codec.encode(fields), exchange.frame)
            if done.wrong_echo and self.scripting is not None:
                fields = self.scripting.altered(fields, done.wrong_echo)
            body = profile.codec.encode(fields)
            return wrap(profile.framing, body, exchange.frame, done.length_off_by)
        except EncodeError as failure:
            self._unsendable(effect, failure.field, failure.reason)
        except FramingError as failure:
            self._unsendable(effect, failure.fault.element, failure.fault.reason)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="answer", connection=self._number)
        return None

    def _unsendable(self, effect: Reply, field: str, reason: str) -> None:
        self._log.tell(
            "answer.unsendable",
            "error",
            listener=self._profile.listener,
            connection=self._number,
            request=effect.request.request_key,
            field=field,
            reason=reason,
        )
