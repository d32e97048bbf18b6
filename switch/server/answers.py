"""An answer in words to the bytes of its frame, sealed where the core ordered it, played with where
a scripted rule says so.

Owns what is told of one that cannot be written or sealed: it is never the engine's trouble. Refuses
to send and to wait.
"""

from __future__ import annotations

from switch.errors import EncodeError
from switch.keys.port import VaultError
from switch.model.effects import Reply
from switch.model.events import Moment
from switch.server.ports import EventLog
from switch.server.profile import Profile, Scripting
from switch.server.sealing import Sealer
from switch.wire.framer import Frame, Framer, FramingError, wrap
from switch.wire.frames import inner_prefix


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

    __slots__ = ("_framer", "_log", "_number", "_profile", "_sealer", "failure", "scripting")

    def __init__(self, profile: Profile, framer: Framer, log: EventLog, number: int) -> None:
        self._profile = profile
        self._sealer = Sealer(profile)
        self._framer = framer
        self._log = log
        self._number = number
        self.scripting: Scripting | None = profile.scripting
        self.failure = ""  # why the last answer that could not be written could not

    def frame(self, exchange: Exchange, effect: Reply, now: Moment) -> bytes | None:
        """The frame; ``None`` for an answer that cannot be written in the dialect."""
        profile = self._profile
        try:
            fields = profile.mapper.answer(exchange.fields, effect.request, effect.answer, now)
            if effect.sealing is not None:
                fields = self._sealer.filled(fields, effect)
            done = effect.behaviour
            if done is None:
                return self._framer.encode(self._body(fields, effect, exchange), exchange.frame)
            if done.wrong_echo and self.scripting is not None:
                fields = self.scripting.altered(fields, done.wrong_echo)
            body = self._body(fields, effect, exchange)
            return wrap(profile.framing, body, exchange.frame, done.length_off_by)
        except EncodeError as failure:
            self._unsendable(effect, failure.field, failure.reason)
        except VaultError as failure:
            self._unsendable(effect, "", str(failure))
        except FramingError as failure:
            self._unsendable(effect, failure.fault.element, failure.fault.reason)
        except Exception as failure:
            self.failure = "a defect of isoswitch; the log says where"
            self._log.bug("internal.error", failure, stage="answer", connection=self._number)
        return None

    def _body(self, fields: dict[str, str], effect: Reply, exchange: Exchange) -> bytes:
        """The encoded answer, with a MAC where one is ordered."""
        sealing, profile = effect.sealing, self._profile
        if sealing is None or sealing.mac is None:
            return profile.codec.encode(fields)
        lead = inner_prefix(profile.framing, exchange.frame)
        spoilt = effect.behaviour is not None and effect.behaviour.wrong_mac
        return self._sealer.signed(fields, sealing.mac, lead, spoilt=spoilt)

    def _unsendable(self, effect: Reply, field: str, reason: str) -> None:
        self.failure = f"field {field}: {reason}" if field else reason
        self._log.tell(
            "answer.unsendable",
            "error",
            listener=self._profile.listener,
            connection=self._number,
            request=effect.request.request_key,
            field=field,
            reason=reason,
        )
