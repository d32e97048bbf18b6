"""Messages of our own in every dialect that can serve, for the tests of the mapping."""

from __future__ import annotations

from pathlib import Path

from switch.model.events import Moment
from switch.model.request import Answer, Request
from switch.model.words import Reason
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.mapping import Mapper

SPEAKING = (
    "hypercom",
    "iso87-ascii",
    "iso87-ascii-bb",
    "iso87-binary",
    "iso87-ebcdic",
    "iso93-ascii",
    "iso93-binary",
)
MAPPERS = {name: Mapper(load_dialect(name)) for name in SPEAKING}
CODECS = {name: Codec(load_dialect(name).layout) for name in SPEAKING}
NOW = Moment(wall_us=1_795_514_472_000_000, mono_ns=0)  # 2026-11-24 10:01:12 UTC
PAN = "4761739001010010"
TRACK2 = f"{PAN}=49122010000000000000"

SALE_87 = {
    "t": "0200",
    "2": PAN,
    "3": "000000",
    "4": "000000001234",
    "7": "1124100000",
    "11": "000123",
    "12": "110000",
    "13": "1124",
    "14": "4912",
    "22": "012",
    "25": "00",
    "32": "400001",
    "41": "DEMO0001",
    "42": "DEMOMERCHANT001",
    "49": "840",
}
SALE_93 = {
    **{key: SALE_87[key] for key in ("2", "3", "4", "7", "11", "14", "32", "41", "42", "49")},
    "t": "1200",
    "12": "261124110000",
    "22": "510101600144",
    "24": "200",
}
SALE_HYPERCOM = {
    **{key: SALE_87[key] for key in ("t", "2", "3", "4", "11", "14", "22", "25", "42", "49")},
    "24": "003",
    "41": "DEMO0001",
    "62": "000007",
}


def sale(name: str) -> dict[str, str]:
    """A purchase in a dialect."""
    if name == "hypercom":
        return dict(SALE_HYPERCOM)
    return dict(SALE_93 if "93" in name else SALE_87)


def read(name: str, fields: dict[str, str]) -> Request:
    """The request that a message is."""
    return MAPPERS[name].request(fields)


def approved(**more: object) -> Answer:
    """An approval with all that a host says."""
    given: dict[str, object] = {
        "reason": Reason.APPROVED,
        "rrn": "632800000123",
        "approval_code": "A1B2C3",
        "settlement_date": "261124",
    }
    return Answer(**{**given, **more})  # type: ignore[arg-type]


def overlay(tmp_path: Path, text: str, base: str = "iso87-ascii") -> str:
    """A dialect file that extends another one."""
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{base}"\n{text}', "utf-8")
    return str(path)
