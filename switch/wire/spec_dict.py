"""A layout from a pyiso8583 spec dict, bare or in the wrapper ``{"pyiso8583": {...}, "canonical":
{...}}``.

A spec dict says how long fields are and how they are written, but not what may stand in them. What
can be known is:

- the message type is four digits; packed fields counted in nibbles are digits where the standard
  has a number there, and likely so elsewhere;
- where an element has the length that ISO 8583:1987 or 1993 gives it, the standard's attribute
holds: numbers are digits,
  amounts x+n bear a sign (or, from systems that leave it out, digits only), track 2 consists of
  track characters, b is hex where it travels as text. Numbers of variable length (account,
  institutions) are held to that only where the spec describes the element, since an entry without
  a description is often a house's own. Masked accounts and tracks are read;
- track 2 packed in nibbles has the separator D; PIN data, MACs and security data packed in nibbles
are any hex;
- texts (an, ans) and private fields are free. Numbers filled with blanks, security information and
  original data that are not digits, impossible dates and times only raise doubts
  (``switch.wire.doubts``).

Owns the refusal of specs that cannot be meant: ``ConfigError`` with the entry at fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from switch.errors import ConfigError
from switch.wire.codings import text_coding
from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Coding,
    Content,
    FieldLayout,
    Layout,
    SubKind,
    SubLayout,
)
from switch.wire.soundness import check_layout
from switch.wire.standard import NUMBERS, TABLES

_HEADS: Final = ("h", "t", "p", "1")
_ENTRY_KEYS: Final = frozenset(
    ("data_enc", "len_enc", "len_type", "len_count", "max_len", "left_pad", "right_pad", "desc")
)
_TRACKS: Final = (35, 36)
_FREE_NIBBLES: Final = (52, 53, 64, 96, 128)
_SIGNED: Final = (28, 29, 30, 31, 97)
_OFTEN_OTHER: Final = (53, 90)  # keys in hex, account names: many hosts have them in these numbers
_CHIP_DATA: Final = 55
_SENSITIVE: Final = frozenset((2, 14, 34, 35, 36, 45, 52, 53, 55))
_FIELD_IDS: Final = frozenset(map(str, range(2, 193)))


def load_spec(path: Path) -> Layout:
    """The layout of a JSON file. ``ConfigError`` with file and reason."""
    try:
        spec = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or "cannot be read") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}:{line}" if line else str(path)
        raise ConfigError(where, "is not JSON") from None
    return layout_of_spec(spec, path.stem, where=str(path))


def layout_of_spec(
    spec: Any, name: str = "spec", *, bitmap: BitmapLayout | None = None, where: str = ""
) -> Layout:
    """The layout that a spec dict describes.

    ``bitmap`` replaces the plain bitmaps of the spec by a shape that pyiso8583 cannot express (its
    coding included).
    ``ConfigError`` for entries that cannot be meant, ``where`` (a file) in front of the reason.
    """
    return _Spec(spec, name, where or f"spec {name}").layout(bitmap)


class _Spec:
    """One spec dict being read."""

    def __init__(self, spec: Any, name: str, where: str) -> None:
        self.name = name
        self.where = where
        self.canonical: Mapping[str, str] = {}
        if isinstance(spec, Mapping) and "pyiso8583" in spec:
            self.canonical = spec.get("canonical") or {}
            spec = spec["pyiso8583"]
        if not isinstance(spec, Mapping) or not isinstance(self.canonical, Mapping):
            raise ConfigError(where, "a pyiso8583 spec is an object with one entry per field")
        self.spec = spec

    def refuse(self, key: str, reason: str) -> ConfigError:
        return ConfigError(f"{self.where}: field {key}", reason)

    def layout(self, bitmap: BitmapLayout | None) -> Layout:
        for key in _HEADS:
            if key not in self.spec:
                raise self.refuse(key, "pyiso8583 needs an entry for it")
        for key in self.canonical:
            if key not in self.spec and key not in _FIELD_IDS:
                raise self.refuse(str(key), "has a canonical form, but is no field")
        plain = self._bitmap()
        fields = dict(self._fields())
        if bitmap is None and any(number > 128 for number in fields):
            plain = BitmapLayout(coding=plain.coding, tertiary="65")
        header = self.spec["h"]
        layout = Layout(
            name=self.name,
            mti_coding=self._message_type(),
            bitmap=bitmap or plain,
            fields=fields,
            header=self._field("h", 0) if self._number("h", header, "max_len") else None,
        )
        try:
            check_layout(layout)
        except ConfigError as error:
            raise ConfigError(self.where, f"{error.where}: {error.reason}") from None
        return layout

    def _fields(self) -> Iterator[tuple[int, FieldLayout]]:
        for key in self.spec:
            if key in _HEADS:
                continue
            if key not in _FIELD_IDS:
                raise self.refuse(str(key), "is no field: ids are h, t, p, 1, 2 ... 192")
            number = int(key)
            if number == 65:
                continue  # pyiso8583 never reads it: bit 65 announces the third bitmap
            if self._number(key, self.spec[key], "max_len") or self._number(
                key, self.spec[key], "len_type"
            ):
                yield number, self._field(key, number)

    def _message_type(self) -> str:
        coding = self._coding("t", "data_enc")
        if self._number("t", self.spec["t"], "max_len") not in (2 if coding == "b" else 4, 4):
            raise self.refuse("t", "a message type is 4 characters, or 2 packed bytes")
        return coding

    def _bitmap(self) -> BitmapLayout:
        coding = self._coding("p", "data_enc")
        if self._coding("1", "data_enc") != coding:
            raise self.refuse("1", "both bitmaps are written in one encoding")
        return BitmapLayout(coding=coding)

    def _coding(self, key: str, name: str) -> str:
        """``b``, ``bcd`` or the name of a text encoding that exists."""
        entry = self.spec[key]
        if not isinstance(entry, Mapping):
            raise self.refuse(key, "is no object")
        value = entry.get(name)
        if not isinstance(value, str):
            raise self.refuse(key, f"{name} is missing or no text")
        if value == "b" or (value == "bcd" and name == "len_enc"):
            return value
        try:
            return text_coding(value).name
        except LookupError as error:
            raise self.refuse(key, f"{name}: {error}") from None

    def _number(self, key: str, entry: Any, name: str) -> int:
        value = entry.get(name) if isinstance(entry, Mapping) else None
        if type(value) is not int or value < 0:
            raise self.refuse(key, f"{name} is missing or no count")
        return value

    def _pad(self, key: str, name: str) -> str:
        pad = self.spec[key].get(name, "")
        if not isinstance(pad, str):
            raise self.refuse(key, f"{name} is no text")
        return pad[:1].upper()

    def _field(self, key: str, number: int) -> FieldLayout:
        entry = self.spec[key]
        coding = self._coding(key, "data_enc")
        unknown = set(entry) - _ENTRY_KEYS
        if unknown:
            raise self.refuse(key, f"unknown setting {min(map(str, unknown))!r}")
        count = entry.get("len_count", "bytes")
        if count not in ("bytes", "nibbles"):
            raise self.refuse(key, "len_count is bytes or nibbles")
        left, right = self._pad(key, "left_pad"), self._pad(key, "right_pad")
        canon = self._canon(key)
        size = self._number(key, entry, "len_type")
        length = self._number(key, entry, "max_len")
        desc = entry.get("desc", "")
        return FieldLayout(
            id=key,
            name=desc if isinstance(desc, str) else "",
            coding=coding,
            max_length=length,
            length_coding=self._coding(key, "len_enc") if size else Coding.ASCII,
            length_size=size,
            nibbles=count == "nibbles",
            pad_left=bool(left) or not right,
            pads=left or right,
            other_pads=right if left else "",
            content=self._content(number, entry, canon),
            canon=canon,
            sub=_guess_inside(number, coding),
            sensitive=number in _SENSITIVE,
        )

    def _canon(self, key: str) -> Canon:
        value = self.canonical.get(key, "")
        try:
            return Canon(value)
        except ValueError:
            raise self.refuse(key, f"unknown canonical form {value!r}") from None

    def _content(self, number: int, entry: Mapping[str, Any], canon: Canon) -> Content:
        """What is known about the content; see the module's text."""
        if canon is Canon.SIGNED:
            return Content.XN_OR_N
        if canon in (Canon.TRACK2, Canon.TRACK2_SENTINELS):
            return Content.Z
        nibbles = entry.get("len_count") == "nibbles"
        if entry["data_enc"] == "b":
            return _packed_content(number, nibbles, entry["max_len"])
        if number in _SIGNED and not entry["len_type"] and entry["max_len"] in (8, 9):
            return Content.XN_OR_N  # 8: houses that drop one digit of the fee
        variable = bool(entry["len_type"])
        for table in TABLES:
            line = table.get(number)
            if line is None or line.variable != variable:
                continue
            length = 2 * line.length if line.content is Content.B else line.length
            if entry["max_len"] != length or nibbles:
                continue
            if variable and line.content is not Content.MASKED_Z and not entry.get("desc"):
                continue
            if line.content is Content.N and not variable:
                return Content.LIKELY_N if number in _OFTEN_OTHER else Content.BLANK_N
            return line.content
        return Content.ANY


def _packed_content(number: int, nibbles: bool, length: int) -> Content:
    if not nibbles:
        signed = {5: (28, 29, 30, 31), 9: (97,)}.get(length, ())
        return Content.XN_OR_N if number in signed else Content.B
    if number in _TRACKS:
        return Content.Z
    if number in _SIGNED:
        return Content.XN_OR_N
    if number in _FREE_NIBBLES:
        return Content.B
    return Content.N if number in NUMBERS else Content.LIKELY_N


def _guess_inside(number: int, coding: str) -> SubLayout | None:
    """Chip data in bytes is mostly BER-TLV, but a spec dict cannot say so: shown where it parses,
    never refused."""
    if number == _CHIP_DATA and coding == "b":
        return SubLayout(SubKind.BER_TLV, binary=True, lenient=True)
    return None
