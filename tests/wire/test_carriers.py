"""What secures a message has a place in every dialect, on both sides: key serial numbers, PIN
blocks of both lengths, chip data, verification codes, keys of an exchange.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.errors import EncodeError
from switch.model.copies import replace
from switch.model.request import Request
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import CardVerification, ChipData, Pan, PinBlock, Track2
from switch.wire.dialect import load_dialect
from switch.wire.key_data import HandedKey, key_text
from switch.wire.mapping import Mapper
from tests.wire_messages import CODECS, MAPPERS, NOW, PAN, SPEAKING, TRACK2, approved, overlay

each_dialect = pytest.mark.parametrize("name", SPEAKING)

MAC = "0123456789ABCDEF"
CHIP = "9F2608A1B2C3D4E5F60718" + "9F3602001C" + "95050000000000"
FOR_THE_CARD = bytes.fromhex(
    "910A0123456789ABCDEF3030" + "7213" + "9F180400000001" + "860A84240000040011223344"
)
# Fields that must be there whatever is carried, for the machine that reads them.
CARRIED = {
    "hypercom": {"ksn": "61", "pin_block_long": "59", "key_data": "120"},
    "iso87": {"ksn": "61", "pin_block_long": "125", "key_data": "120"},
    "iso93": {"ksn": "63", "pin_block_long": "125", "key_data": "96"},
}


def purchase(name: str) -> Request:
    """A purchase by chip with all that secures it, as a terminal says it."""
    of_1993 = "93" in name
    return Request(
        dialect=name,
        kind=Kind.PURCHASE,
        flow=Flow.REQUEST,
        captures=True,
        request_key="",
        terminal_id="DEMO0001",
        merchant_id="DEMOMERCHANT001",
        stan="000123",
        invoice="000007",
        transmitted_at="1124100000",
        local_time="261124110000" if of_1993 else "110000",
        local_date="" if of_1993 else "1124",
        amount=Money(1234, "840"),
        pan=Pan(PAN),
        track2=Track2(TRACK2),
        card_sequence="001",
        entry_mode=EntryMode.CHIP,
        chip=ChipData(CHIP),
        card_verification=CardVerification("123"),
        pin_block=PinBlock("0123456789ABCDEF"),
        security_info="2600000000000000",
    )


@each_dialect
def test_fields_are_those_of_the_readme(name: str) -> None:
    """The carriers of specs/README.md; PIN blocks, keys, chip data are never shown (SR-SAD-01)."""
    dialect = load_dialect(name)
    wanted = CARRIED.get(name) or CARRIED[name[:5]]
    assert {meaning: dialect.places[meaning].field for meaning in wanted} == wanted
    for meaning in ("pin_block", "pin_block_long", "key_data", "chip"):
        assert dialect.layout.fields[int(dialect.places[meaning].field)].sensitive


@each_dialect
@pytest.mark.parametrize("pin_block", ["0123456789ABCDEF", "00112233445566778899AABBCCDDEEFF"])
@pytest.mark.parametrize(
    "ksn", ["", "9876543210E00001", "FFFF9876543210E00001", "123456789012345600000001"]
)
def test_what_secures_a_request_comes_through(name: str, pin_block: str, ksn: str) -> None:
    """KSNs of 8, 10 and 12 bytes, PIN blocks of 8 and 16, with the MAC in the last field."""
    mapper, codec = MAPPERS[name], CODECS[name]
    said = replace(purchase(name), pin_block=PinBlock(pin_block), ksn=ksn, mac=MAC)
    heard = mapper.request(codec.decode(codec.encode(mapper.compose(said))))
    assert heard.problems == ()
    for what in (
        "pin_block",
        "ksn",
        "mac",
        "security_info",
        "chip",
        "card_verification",
        "card_sequence",
        "track2",
    ):
        assert getattr(heard, what) == getattr(said, what), what


@each_dialect
def test_answer_brings_chip_data_and_a_mac(name: str) -> None:
    """Issuer authentication data and scripts in DE 55, sealed by a MAC over all of it."""
    mapper, codec = MAPPERS[name], CODECS[name]
    fields = mapper.compose(purchase(name))
    reply = mapper.answer(fields, mapper.request(fields), approved(), NOW)
    assert mapper.sealed(reply) == reply
    sealed = mapper.sealed(reply, FOR_THE_CARD)
    asked: list[bytes] = []

    def make(data: bytes) -> bytes:
        asked.append(data)
        return bytes.fromhex(MAC)

    signed = mapper.cover.sign(codec, sealed, make)
    read = codec.decode(signed)
    told = mapper.read_answer(fields, read)
    assert told.approved
    assert told.chip is not None
    assert bytes.fromhex(told.chip.reveal()) == FOR_THE_CARD
    assert told.mac == MAC
    assert mapper.cover.mac(read).hex().upper() == MAC
    assert asked == [mapper.cover.input(signed)]
    assert CHIP not in repr(told)


@each_dialect
@pytest.mark.parametrize("repeat", [False, True])
def test_working_keys_travel_in_the_answer_to_an_exchange(name: str, repeat: bool) -> None:
    """Key exchange by network message: the kind is known, the answer echoes what it answers and
    bears key blocks or cryptograms, which nothing else can put there.
    """
    mapper, codec = MAPPERS[name], CODECS[name]
    asked = replace(purchase(name), kind=Kind.KEY_EXCHANGE, captures=False, repeat=repeat)
    asked = replace(asked, amount=None, pan=None, track2=None, chip=None, pin_block=None)
    asked = replace(asked, card_verification=None, card_sequence="", security_info="")
    fields = codec.decode(codec.encode(mapper.compose(asked)))
    request = mapper.request(fields)
    assert (request.kind, request.repeat, request.problems) == (Kind.KEY_EXCHANGE, repeat, ())
    assert request.terminal_id == "DEMO0001"
    answer = approved(rrn="", approval_code="", settlement_date="", extra={"key_data": "stolen"})
    reply = mapper.answer(fields, request, answer, NOW)
    assert "stolen" not in reply.values()
    block = "D0144P0TE00E0000" + "0123456789ABCDEF" * 8
    keys = (HandedKey("TPK", block), HandedKey("TAK", block), HandedKey("TDK", "AB" * 32, "82E136"))
    read = codec.decode(codec.encode(mapper.sealed(reply, keys=key_text(keys))))
    told = mapper.read_answer(fields, read)
    assert told.matches
    assert told.keys == keys
    assert block not in repr(told)


@each_dialect
def test_keys_that_are_none_are_not_taken(name: str) -> None:
    """A text of another kind in the field of the keys is left alone."""
    mapper = MAPPERS[name]
    fields = {"t": "1804" if "93" in name else "0800", "11": "000123", "41": "DEMO0001"}
    reply = mapper.answer(fields, mapper.request(fields), approved(), NOW)
    assert mapper.read_answer(fields, mapper.sealed(reply, keys="hello")).keys == ()
    assert mapper.read_answer(fields, reply).keys == ()


def test_answer_of_another_has_no_keys() -> None:
    """INV-16: nothing is taken from an answer that does not match."""
    mapper = MAPPERS["iso87-ascii"]
    fields = {"t": "0800", "11": "000123", "41": "DEMO0001", "70": "101"}
    reply = mapper.answer(fields, mapper.request(fields), approved(), NOW)
    text = key_text([HandedKey("TPK", "AB" * 16, "82E136")])
    told = mapper.read_answer(fields, {**mapper.sealed(reply, b"\x91\x00", text), "11": "000124"})
    assert (told.matches, told.keys, told.chip, told.mac) == (False, (), None, "")


def test_dialect_that_has_no_place_says_so(tmp_path: Path) -> None:
    """What cannot be carried is refused, never left out in silence."""
    text = "remove = ['fields.125', 'fields.55', 'fields.120']\n"
    for section in ("0100", "0120", "0200", "0220"):
        text += f"[messages.{section}]\none_of = [[2, 35]]\n"
    mapper = Mapper(load_dialect(overlay(tmp_path, text)))
    said = replace(purchase("iso87-ascii"), chip=None, pin_block=PinBlock("AB" * 16))
    with pytest.raises(EncodeError, match="no field for such a PIN block"):
        mapper.compose(said)
    with pytest.raises(EncodeError, match="no field for chip data"):
        mapper.sealed({"t": "0210"}, FOR_THE_CARD)
    with pytest.raises(EncodeError, match="no field for key data"):
        mapper.sealed({"t": "0810"}, keys="TPK=")


def test_security_information_of_1993_is_bytes() -> None:
    """DE 53 has up to 48 bytes there: none is cut off on the way."""
    for name in ("iso93-ascii", "iso93-binary"):
        mapper, codec, said = MAPPERS[name], CODECS[name], purchase(name)
        for size in (1, 24, 25, 48):
            fields = mapper.compose(replace(said, security_info="A5" * size))
            assert mapper.request(codec.decode(codec.encode(fields))).security_info == "A5" * size
        with pytest.raises(EncodeError):
            codec.encode(mapper.compose(replace(said, security_info="A5" * 49)))


def test_a_refused_exchange_has_no_keys() -> None:
    """An answer without key data is read as one."""
    mapper = MAPPERS["iso87-ascii"]
    fields = {"t": "0800", "11": "000123", "41": "DEMO0001", "70": "101"}
    answer = approved(reason=Reason.KEY_UNKNOWN)
    told = mapper.read_answer(fields, mapper.answer(fields, mapper.request(fields), answer, NOW))
    assert (told.approved, told.keys, told.response_code) == (False, (), "63")
