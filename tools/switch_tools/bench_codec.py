"""Decode and encode beside pyiso8583, in the same run and over the same messages.

Owns that comparison: both get the same bytes, build the same answer and must give the same bytes
back, else there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import iso8583

from switch.errors import IsoswitchError
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.layout import Layout
from switch.wire.reference import spec_of
from switch_tools.bench_rounds import Job, in_turn, ratio
from switch_tools.bench_samples import SAMPLES, Sample

WARM_UP = 64  # uses after which the codec has written its functions for these bitmaps


@dataclass(frozen=True, slots=True)
class CodecFigure:
    """One operation on one sample: CPU microseconds, and how many times as fast as pyiso8583."""

    sample: str
    elements: int
    message_bytes: int
    operation: str
    reference_us: float
    ours_us: float
    times_as_fast: float


class Pair:
    """One sample for both codecs."""

    def __init__(self, sample: Sample) -> None:
        layout = load_dialect(sample.dialect).layout
        self.sample = sample
        self._codec = Codec(layout)
        self._spec: Any = spec_of(_with_one_pad(layout))
        self.request = self._codec.encode(sample.request)
        for _ in range(WARM_UP):
            self._ours(self.request)
        if self._ours(self.request) != self._theirs(self.request):
            raise IsoswitchError(f"{sample.name}: the two codecs do not give the same answer")

    def _ours(self, data: bytes) -> bytes:
        return self._codec.encode(self.sample.answer(self._codec.decode(data)))

    def _theirs(self, data: bytes) -> bytes:
        fields, _ = iso8583.decode(data, self._spec)
        return bytes(iso8583.encode(self.sample.answer(fields), self._spec)[0])

    def jobs(self) -> dict[str, tuple[Job, Job]]:
        """Operations: pyiso8583's and ours."""
        codec, spec, data, sample = self._codec, self._spec, self.request, self.sample
        fields = codec.decode(data)
        view, _ = iso8583.decode(data, spec)
        answer, their_answer = sample.answer(fields), sample.answer(view)
        return {
            "decode": (_job(lambda: iso8583.decode(data, spec)), _job(lambda: codec.decode(data))),
            "encode": (
                _job(lambda: iso8583.encode(their_answer, spec)),
                _job(lambda: codec.encode(answer)),
            ),
            "decode, answer, encode": (
                _job(lambda: self._theirs(data)),
                _job(lambda: self._ours(data)),
            ),
        }


def _with_one_pad(layout: Layout) -> Layout:
    """The layout with the pad that is written as the only one read: pyiso8583 knows no more."""
    fields = {
        number: replace(field, pads=field.pads[:1], other_pads=field.other_pads[:1])
        for number, field in layout.fields.items()
    }
    return replace(layout, fields=fields)


def _job(piece: Callable[[], object]) -> Job:
    def job(count: int) -> None:
        for _ in range(count):
            piece()

    return job


def reference_job() -> Job:
    """pyiso8583 decodes a purchase and encodes its answer: what a whole one is held against."""
    return Pair(SAMPLES[0]).jobs()["decode, answer, encode"][0]


def measure(rounds: int) -> list[CodecFigure]:
    """All operations on all samples."""
    figures = []
    for sample in SAMPLES:
        pair = Pair(sample)
        for operation, (theirs, ours) in pair.jobs().items():
            found = in_turn({"reference": theirs, "ours": ours}, rounds)
            figures.append(
                CodecFigure(
                    sample=sample.name,
                    elements=len(sample.request) - 1,
                    message_bytes=len(pair.request),
                    operation=operation,
                    reference_us=median(found["reference"]),
                    ours_us=median(found["ours"]),
                    times_as_fast=ratio(found["reference"], found["ours"]),
                )
            )
    return figures
