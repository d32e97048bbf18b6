"""The events of the log: stable names, what each means, which members it carries.

Owns the documented schema. Every line has ``time`` (ISO 8601, UTC, microseconds), ``level`` and
``event``; members that are empty are left out of a ``transaction``. A new name is added here before
it is used: a test reads the source.
"""

from __future__ import annotations

from typing import Final

import msgspec

from switch.model.trail import Check

EVENTS: Final[dict[str, str]] = {
    # the life of the process
    "serve.start": "the process is up: version, data folder, configuration, memory_locked",
    "serve.ready": "recovery is done and the ports are open",
    "serve.drain": "a stop was asked for: no new connections, what is in flight is finished",
    "serve.stop": "the process ends: exit code, decisions made",
    "serve.root": "the process runs as root and needs no such privilege (SR-GEN-04)",
    "serve.plain": "a listener takes plain text from other hosts (SR-NET-03)",
    "world.seeded": "records of the configured world were written: counts",
    "recovery": "transactions that were not final were worked off: counts",
    "reload.done": "a new configuration is in force: its version, listeners added, removed, kept",
    "reload.refused": "the new configuration was refused, the old one stays in force: where, why",
    "control.command": "a command came over the control socket: name, who",
    "operator.changed": "a command changed a card, terminal or merchant: which, who, what",
    "key.changed": "a key was installed, rotated, destroyed or set: which, who (SR-KEY-14)",
    "cutover": "a command moved the business date: who, from, to (INV-54)",
    "keys.done": "a key command was carried out: name, key, who, officers (SR-AUD-01)",
    "keys.pending": "a command about a live key waits for a second officer: name, key, who, id",
    "keys.refused": "a key command was refused: name, key, who, why",
    "clock.step": "the wall clock was stepped: by how many seconds (P-05)",
    "log.dropped": "lines were lost because the log could not be written: how many (P-09)",
    "internal.error": "a defect of ours: stage, exception, where; the request got 96",
    # connections
    "listener.open": "a listener is bound: name, host, port, dialect, framing, tls",
    "listener.close": "a listener is closed",
    "conn.open": "a connection was accepted",
    "conn.close": "a connection ended: why, messages in and out",
    "conn.limit": "closed at once: too many in all or from one source (W-18, W-19)",
    "accept.paused": "no descriptors are left: accepting pauses (W-21)",
    "accept.resumed": "accepting goes on",
    "tls.refused": "a TLS handshake failed: cause, fingerprint of the client's certificate if any",
    # frames
    "frame.truncated": "the peer closed inside a frame (W-03, W-04)",
    "frame.slow": "a frame was not complete at its deadline (W-08)",
    "frame.oversize": "a length header above the maximum (W-10)",
    "frame.undersize": "a length of zero, or below the smallest message (W-11)",
    "frame.garbage": "bytes that are no frame; with what they look like (W-12)",
    "frame.length_mode_suspect": "a length that would fit if counted another way (W-13)",
    "frame.broken": "a frame whose header, TPDU or check byte is wrong",
    "write.slow": "the peer does not read its answers: closed at the write deadline (W-09)",
    # messages
    "message.rejected": "a frame that is no message of the dialect: field, offset, reason, hint",
    "encoding.suspect": "the message reads well in another encoding (M-38)",
    "reference.mismatch": "the reference codec reads a message differently: alarm",
    "answer.unsendable": "an answer could not be put into the dialect: field, reason",
    "answer.overdue": "an approval was ready after its deadline and was not sent (INV-05)",
    "mti.unknown": "a message type that the dialect does not know (M-01)",
    "mti.unexpected": "an answer was sent to the switch; ignored (M-07)",
    "request.refused": "answered without a decision: busy, store.unavailable or internal",
    "request.silent": "no answer was sent, on purpose: why",
    "transaction": "one decision, with its trail",
    "terminal.enrolled": "an unknown terminal was enrolled on first sight (demo world)",
    "card.enrolled": "an unknown card of a test range was enrolled on first sight (demo world)",
    "risk.flagged": "a risk rule that only flags has fired: rule, saw, why",
    "duplicate.mismatch": "the same request key came with other content (M-24)",
    "completion.after_expiry": "a completion of a hold that had expired was posted (INV-43)",
    "chip.amount": "a cryptogram is over another amount than the message asks for: shown, asked",
    "ksn.exhausted": "a device has used its last counter and needs a new initial key (M-15)",
    "ksn.device_moved": "a DUKPT device sends for another terminal than before: device, was",
    "terminal.locked": "a terminal's cryptography has failed too often: how often (SR-PIN-06)",
    "reversal.after_close": "what a reversal had meant by another name came after the close: which",
    # store and routes
    "store.unavailable": "the store does not take records: requests are answered with 96",
    "store.recovered": "the store takes records again",
    "store.broken": "the store cannot be trusted: the process stops with exit code 70",
    "event.lost": "an event of our own could not be worked off",
    "effect.unknown": "an effect that this server does not know",
    "route.absent": "a decision wants an upstream that is not there",
}


class TransactionLine(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One ``transaction`` line: one decision. Amounts in minor units, times in microseconds."""

    time: str = ""
    level: str = ""
    event: str = ""
    reason: str
    kind: str
    flow: str
    request: str
    rrn: str = ""
    approval_code: str = ""
    amount: int | None = None
    currency: str = ""
    amount_approved: int | None = None
    pan: str = ""
    terminal: str = ""
    merchant: str = ""
    stan: str = ""
    dialect: str = ""
    mti: str = ""
    processing_code: str = ""
    response_code: str = ""
    repeat: bool = False
    listener: str = ""
    connection: int = 0
    exchange: int = 0
    peer: str = ""
    records: int = 0
    batch: int = 0
    took_us: int = -1
    trail: tuple[Check, ...] = ()
