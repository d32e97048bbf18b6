"""The framing doctor: when bytes do not fit the framing of a port, says what would fit, and why it
thinks so.

Owns guesses, and only guesses: nothing here is on the way of a good frame, and nothing is ever
decided by it but a sentence and the name of a log event. Knows how messages of any encoding begin,
not what fields mean. Never quotes message data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from switch.wire.framing import TPDU_BYTES, Framing, LengthKind, Tpdu, read_length
from switch.wire.message_guess import is_ebcdic_digits, message_start

Judge = Callable[[bytes], bool]
"""Whether these bytes are one whole message of the dialect."""

LIKELY: Final = 0.5
"""From here on a finding is worth a sentence in the log."""

_LONGEST_PREFIX: Final = 44  # length header, TPDU and a header of the trade in front of a message
_ENOUGH: Final = 10  # bytes from which on the absence of a length header is believed
_METHODS: Final = (
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"OPTIONS ",
    b"DELETE ",
    b"CONNECT ",
    b"PATCH ",
)
_BEGINNINGS: Final = (
    *((method, "an HTTP request") for method in _METHODS),
    (b"PRI * HTTP/2", "an HTTP/2 client"),
    (b"HTTP/1.", "an HTTP response"),
    (b"SSH-", "an SSH banner"),
    (b"PROXY ", "a PROXY protocol line of a load balancer"),
    (b"\r\n\r\n\x00\r\nQUIT\n", "a PROXY protocol header of a load balancer"),
    (b"\xff\xfb", "a Telnet client"),
    (b"\xff\xfd", "a Telnet client"),
    (b"<?xml", "XML"),
    (b"<isomsg", "a message in XML"),
    (b'{"', "JSON"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One explanation. ``framing`` would fit (``None``: none that isoswitch reads); ``likelihood``
    from 0 to 1; ``missing``: bytes that the length announces and that are not there (0: it fits to
    the byte, less: more follow; ``None``: there is no length to compare).
    """

    sentence: str
    reason: str
    likelihood: float
    framing: Framing | None = None
    missing: int | None = None

    def __str__(self) -> str:
        return f"{self.sentence}: {self.reason}" if self.reason else self.sentence


def foreign(data: bytes, *, partial: bool = False) -> str:
    """Which other protocol speaks here; empty if none is known. ``partial``: two bytes are enough
    to suspect it.
    """
    if data[:1] == b"\x16" and data[1:2] == b"\x03" and data[2:3] <= b"\x04":
        if partial and len(data) < 9:
            return "a TLS ClientHello on a plain port" if len(data) > 1 else ""
        inside = int.from_bytes(data[6:9], "big")
        if data[5:6] == b"\x01" and inside + 4 >= int.from_bytes(data[3:5], "big"):
            return "a TLS ClientHello on a plain port"
    if data[:3] in (b"\x15\x03\x01", b"\x15\x03\x03") and data[3:5] == b"\x00\x02":
        return "a TLS alert on a plain port"
    for start, name in _BEGINNINGS:
        if data.startswith(start):
            return name
        if partial and 1 < len(data) < len(start) and start.startswith(data):
            return name
    return ""


def diagnose(
    data: bytes, framing: Framing | None = None, looks_like_message: Judge | None = None
) -> list[Finding]:
    """What these bytes, the beginning of a frame, look like; the likeliest first.

    ``framing`` is what was expected: where it explains how the bytes begin, only what is likelier
    and fits to the byte is offered.
    ``looks_like_message`` strengthens a guess whose message it accepts.
    """
    alien = foreign(data, partial=True)
    if alien:
        return [Finding(alien, "", 0.99)]
    found: dict[str, Finding] = {}
    expected = 0.0
    for finding in _explanations(data, looks_like_message):
        if framing is not None and finding.framing is not None and _same(finding.framing, framing):
            if finding.missing is not None and finding.missing >= 0:
                expected = max(expected, finding.likelihood)
            continue
        better = found.get(finding.sentence)
        if better is None or better.likelihood < finding.likelihood:
            found[finding.sentence] = finding
    likelier = [
        finding
        for finding in found.values()
        if finding.likelihood > expected and (finding.missing == 0 or not expected)
    ]
    return sorted(likelier, key=lambda finding: -finding.likelihood)


def sentence(data: bytes, framing: Framing | None, looks_like_message: Judge | None) -> str:
    """The likeliest explanation as one sentence; empty if none is likely."""
    findings = diagnose(data, framing, looks_like_message)
    if not findings or findings[0].likelihood < LIKELY:
        return _short_by_itself(data, framing)
    return f"looks like {findings[0]}"


def _same(one: Framing, other: Framing) -> bool:
    return (one.length, one.inclusive, one.header_bytes, one.stx) == (
        other.length,
        other.inclusive,
        other.header_bytes,
        other.stx,
    ) and (one.tpdu is Tpdu.NONE) == (other.tpdu is Tpdu.NONE)


def _short_by_itself(data: bytes, framing: Framing | None) -> str:
    """Whether a frame lacks just as many bytes as its length header has, message or not."""
    if framing is None or framing.length is None or framing.stx or framing.inclusive:
        return ""
    own = framing.length_bytes
    value = read_length(framing.length, data[:own]) if len(data) > own else None
    if value != len(data):
        return ""
    return _INCLUSIVE_PEER.format(own=own)


_INCLUSIVE_PEER: Final = (
    "the peer seems to count its length header's own {own} bytes: inclusive would fit"
)
_EXCLUSIVE_PEER: Final = (
    "the peer seems not to count its length header's own {own} bytes: exclusive would fit"
)


def after_misfit(
    pending: bytes, last: bytes | None, framing: Framing, looks_like_message: Judge | None
) -> str:
    """Whether the message before this misfit was cut in the wrong place (W-13): its sentence, or
    empty.

    ``last`` is the message before. Only a judge can tell that it was cut too short or ran into the
    next frame.
    """
    own = framing.length_bytes
    if last is None or looks_like_message is None or not own or looks_like_message(last):
        return ""
    if len(pending) >= own and looks_like_message(last + pending[:own]):
        if framing.inclusive:
            return _EXCLUSIVE_PEER.format(own=own)
        return f"the frame before announced {own} bytes too few"
    if looks_like_message(last[:-own]):
        if framing.inclusive:
            return f"the frame before announced {own} bytes too many"
        return _INCLUSIVE_PEER.format(own=own)
    return ""


def _explanations(data: bytes, judge: Judge | None) -> Iterator[Finding]:
    """Every way to read the bytes in front of something that begins like a message."""
    for start in range(min(len(data), _LONGEST_PREFIX)):
        guess = message_start(data, start)
        if guess is None:
            continue
        if start == 0:
            if len(data) < _ENOUGH:
                continue
            yield Finding(
                "no length header at all", f"it begins with {guess.words}", 0.9 * guess.weight
            )
            continue
        yield from _prefixes(data, start, guess.words, guess.weight, judge)


def _prefixes(
    data: bytes, start: int, words: str, weight: float, judge: Judge | None
) -> Iterator[Finding]:
    yield from _unread(data, start, words, weight)
    bare = _inner(data, 0, start)
    if bare is not None and bare[0].tpdu is not Tpdu.NONE:
        told = f"no length header at all, {bare[1].removeprefix(', ')}"
        shape = replace(bare[0], length=None)
        yield Finding(told, f"then comes {words}", 0.85 * weight * bare[2], shape)
    for stx, kind in product((False, True), LengthKind):
        begin = int(stx) + kind.size
        if begin > start or (stx and data[:1] != b"\x02"):
            continue
        value = read_length(kind, data[int(stx) : begin])
        inner = _inner(data, begin, start)
        if value is None or inner is None:
            continue
        follows = len(data) - begin - (2 if stx else 0)
        for inclusive in (False, True):
            content = value - kind.size * inclusive
            fit = _fit(content, follows, stx)
            if fit is None:
                continue
            shape, behind, likely = inner
            framing = replace(shape, length=kind, inclusive=inclusive, stx=stx)
            likelihood = likely * weight * fit[1]
            if judge is not None and content == follows and judge(data[start : begin + content]):
                likelihood = (1 + likelihood) / 2
            name = f"{'STX, ' * stx}{kind} {'inclusive' if inclusive else 'exclusive'}{behind}"
            reason = f"{fit[0]}, then comes {words}"
            yield Finding(name, reason, likelihood, framing, content - follows)


def _unread(data: bytes, start: int, words: str, weight: float) -> Iterator[Finding]:
    """Ways of framing that are met in the field and that isoswitch does not read."""
    behind = f"then comes {words}; no framing of isoswitch reads it"
    if start >= 4 and is_ebcdic_digits(data[:4]):
        yield Finding("a length of four EBCDIC digits", behind, 0.9 * weight)
    for kind in (LengthKind.BINARY_2, LengthKind.BINARY_4, LengthKind.ASCII_4):
        value = read_length(kind, data[: kind.size]) if start > kind.size else None
        if value is not None and value == len(data) - start:
            told = f"{kind} that counts the message only, not the {start - kind.size} bytes between"
            yield Finding(told, behind, 0.8 * weight)


def _fit(content: int, follows: int, stx: bool) -> tuple[str, float] | None:
    """How well an announced content fits what follows: in words, and as a likelihood."""
    if content <= 0:
        return None
    if content == follows:
        return "the length fits to the byte", 0.97
    if content > follows:
        missing = content - follows
        return f"{missing} bytes are still missing", 0.55 if missing < follows else 0.3
    return ("more bytes follow", 0.3) if not stx else None


def _inner(data: bytes, begin: int, start: int) -> tuple[Framing, str, float] | None:
    """What stands between the length header and the message: TPDU, fixed header; in words, and how
    usual that is.
    """
    size = start - begin
    if size == 0:
        return Framing(), "", 1.0
    if size >= TPDU_BYTES and _is_tpdu(data[begin : begin + TPDU_BYTES]):
        words = f", then TPDU {data[begin : begin + TPDU_BYTES].hex()}"
        rest = size - TPDU_BYTES
        if not rest:
            return Framing(tpdu=Tpdu.SWAP), words, 0.99
        shape = Framing(tpdu=Tpdu.SWAP, header_bytes=rest)
        return shape, f"{words}, then a header of {rest} bytes", 0.85
    return Framing(header_bytes=size), f", then a header of {size} bytes", 0.6


def _is_tpdu(data: bytes) -> bool:
    """Id 60 (or another of the 6x) and two addresses of four digits."""
    return data[0] >> 4 == 6 and all(byte >> 4 < 10 and byte & 15 < 10 for byte in data)
