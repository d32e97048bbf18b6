"""The calculators of ``isoswitch calc``, topic by topic: published values come out, by their names.

Values are of the vectors (the case is named) and of the standards' own examples.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import pytest

from switch.calc.calculator import Calculator, Given
from switch.calc.inputs import InputRefused
from switch.calc.printing import shown
from switch.cli_calc import TOPICS
from switch.errors import IsoswitchError
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

DOUBLE: Final = "0123456789ABCDEFFEDCBA9876543210"
TDES_BDK: Final = {"bdk": DOUBLE, "ksn": "FFFF9876543210E00001"}
AES_BDK: Final = {"bdk": "FEDCBA9876543210F1F1F1F1F1F1F1F1", "ksn": "123456789012345600000001"}
ALL: Final = {
    (topic, calculator.name): calculator
    for topic, (modules, _) in TOPICS.items()
    for module in modules
    for calculator in import_module(f"switch.calc.{module}").CALCULATORS
}
# Topic and name, inputs, some of the results.
PUBLISHED: Final[list[tuple[str, dict[str, str], dict[str, str]]]] = [
    ("dukpt keys", TDES_BDK, {  # dt-d001
        "initial key": "6AC292FAA1315B4D858AB3A3D7D5933A",
        "transaction key": "042666B49184CFA368DE9628D0397BC9",
        "pin key": "042666B49184CF5C68DE9628D0397B36",
        "mac response key": "042666B46E84CFA368DE96282F397BC9",
        "data request key": "448D3F076D8304036A55A3D7E0055A78",
    }),
    ("dukpt keys", {**AES_BDK, "type": "AES128"}, {  # da-d001
        "initial key": "1273671EA26AC29AFA4D1084127652A1",
        "pin key": "AF8CB133A78F8DC2D1359F18527593FB",
        "key derivation key": "30E54D3C69B22501A7FC43969D81D5C0",
    }),
    ("dukpt keys", {"ik": "1273671EA26AC29AFA4D1084127652A1", "ksn": AES_BDK["ksn"]}, {
        "mac generate key": "A2DC23DE6FDE0824A2BC321E08E4B8B7",
    }),
    ("dukpt keys", {**AES_BDK, "type": "HMAC128"}, {  # da-d055
        "mac generate key": "27D99DA9C091C20DEC0D1C56244ADF8C",
    }),
    ("dukpt initial", {"bdk": DOUBLE, "ksn": "9876543210E00001", "aes": "no"}, {  # dt-d030
        "initial key": "6AC292FAA1315B4D858AB3A3D7D5933A", "its check value": "AF8C07",
    }),
    ("dukpt initial", {"bdk": AES_BDK["bdk"], "ksn": "1234567890123456", "aes": "yes"}, {
        "initial key": "1273671EA26AC29AFA4D1084127652A1",  # da-d036
    }),
    ("dukpt ksn", {"ksn": "FFFF9876543210E003FF"}, {  # dt-d048
        "base derivation key": "FFFF987654", "counter": "0003FF", "one bits in it": "10",
        "next": "FFFF9876543210E00400",
    }),
    ("dukpt ksn", {"ksn": "1234567890123456FFFF0000"}, {"next": "none: load a new initial key"}),
    ("dukpt registers", AES_BDK, {"counter 00000002": "2F34D68DE10F68D38091A73B9E7C437C"}),
    ("dukpt registers", TDES_BDK, {"counter 000001": "042666B49184CFA368DE9628D0397BC9"}),
    ("dukpt update", AES_BDK, {"update key": "9A9770AEE1ACD1B13473D0463A1883B9"}),  # da-d046
    ("dukpt pin", {**TDES_BDK, "pin": "1234", "pan": "4012345678909"}, {
        "PIN block": "1B9C1845EB993A7A",
    }),
    ("dukpt pin", {**TDES_BDK, "block": "1B9C1845EB993A7A", "pan": "4012345678909"}, {
        "PIN": "1234",
    }),
    ("dukpt pin",
     {**AES_BDK, "pin": "1234", "pan": "4111111111111111", "fill": "2F69ADDE2E9E7ACE"},
     {"PIN block": "A912150391AB65A67E52883D81CE2D15"}),  # da-d049
    ("dukpt mac", {**TDES_BDK, "ascii": "4012345678909D987", "side": "request"}, {
        "mac": "9CCC7817",
    }),
    ("dukpt mac",
     {**TDES_BDK, "ascii": "4012345678909D987", "side": "response", "scheme": "cmac-tdes"},
     {"mac": "82CC2B9B9EC710A6"}),
    ("dukpt mac", {**AES_BDK, "ascii": "4012345678909D987", "side": "response"}, {  # da-d055
        "mac": "DD4E1895FD9BF53D8DAF25568ABF551D",
    }),
    ("dukpt encipher", {**TDES_BDK, "side": "request",
                        "data": "343031323334353637383930394439383700000000000000"},
     {"enciphered": "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F"}),
    ("dukpt decipher", {**TDES_BDK, "side": "request",
                        "data": "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F"},
     {"clear": "343031323334353637383930394439383700000000000000"}),
    ("pinblock encode", {"format": "0", "pin": "1234", "pan": "5555555551234567"}, {
        "PIN block": "041261AAAAEDCBA9",  # pb-d001
    }),
    ("pinblock encode", {"format": "3", "pin": "1234", "pan": "5432101234567890",
                         "fill": "AAAAAAAAAA"}, {"PIN block": "341215AB89EFCD23"}),  # pb-d016
    ("pinblock encode", {"format": "4", "pin": "1234", "pan": "4111111111111111",
                         "fill": "2F69ADDE2E9E7ACE"}, {
        "PIN field": "441234AAAAAAAAAA2F69ADDE2E9E7ACE",
        "PAN field": "44111111111111111000000000000000",
    }),
    ("pinblock decode", {"format": "4", "block": "441234AAAAAAAAAA2F69ADDE2E9E7ACE"}, {
        "PIN": "1234",
    }),
    ("pinblock encipher", {"format": "4", "key": "00112233445566778899AABBCCDDEEFF",
                           "pin": "1234", "pan": "1234567890123456789",
                           "fill": "FFFFFFFFFFFFFFFF"},
     {"PIN block": "28B41FDDD29B743E93124BD8E32D921E"}),  # pb-d032
    ("pinblock translate", {  # pb-d041
        "source-format": "3", "source": DOUBLE, "block": "A86715E1460E04CD",
        "pan": "5413330089601109", "destination-format": "4",
        "destination": "00112233445566778899AABBCCDDEEFF", "fill": "00112233AABBCCDD",
    }, {"PIN block": "552E5837E1EB41334DB6254C493CD919"}),
    ("pin pvv", {"pvk": DOUBLE, "pan": "1122334455667788", "pvki": "1", "pin": "4524"}, {
        "PVV": "8523",  # pv-d001
    }),
    ("pin natural", {"pvk": DOUBLE, "validation": "1122334455667788",
                     "table": "1234567890123456", "length": "4"}, {"natural PIN": "4524"}),
    ("pin natural", {"pvk": DOUBLE, "pan": "1122334455667788", "start": "0", "digits": "16",
                     "pad": "f", "table": "1234567890123456", "length": "4"},
     {"natural PIN": "4524"}),  # pv-d009
    ("mac make", {"scheme": "x9.19/1:8", "key": DOUBLE, "ascii": "Now is the time for all "}, {
        "mac": "A1C72E74EA3FA9B6",  # mac-d021
    }),
    ("mac make", {"scheme": "sm4-cbc", "key": "EEF3C9888129755F2C769DBC459448CE",
                  "iv": "FBD7B7AB0793F814B28A970F9E859C05",
                  "data": "99C9D02D03F2CD394A680DC51B112322"},
     {"mac": "530EDF0605A302F30096AE46BD6316AF"}),  # sm-d015
    ("mac pad", {"method": "3", "block": "16", "data": "01"}, {
        "padded": f"{'0' * 30}0801{'0' * 30}",
    }),
    ("cvv make", {"kind": "cvv2", "cvk": DOUBLE, "pan": "4123456789012345", "expiry": "2502",
                  "order": "MMYY"}, {"cvv2": "221"}),  # cvv-d010
    ("cvv make", {"kind": "icvv", "cvk": DOUBLE, "pan": "4111111111111111", "expiry": "2512",
                  "order": "YYMM"}, {"icvv": "133"}),  # cvv-d009
    ("kcv value", {"cipher": "AES", "key": "3F419E1CB7079442AA37474C2EFBF8B8"}, {
        "check value": "08793E25AB",  # kcv-d012
    }),
    ("kcv value", {"cipher": "SM4", "key": "F351D490994603795C6EBEE8FAEBB481", "length": "8"}, {
        "check value": "861E83E31FAEBF10",  # kcv-d018
    }),
    ("kcv parity", {"key": "1A2B3C4D5F0A1B2C4D5F6A7B8C9D0F1A"}, {
        "with odd parity": "1A2A3D4C5E0B1A2C4C5E6B7A8C9D0E1A",  # kcv-d022
    }),
    ("keyblock keys", {"version": "A", "kbpk": "EFE0853B256B583D868F251CE99EA1D9"}, {
        "encryption key": "AAA5C07E602E1D78C3CA6059ACDBE49C",  # tr-d025
        "MAC key": "A2ADC87668261570CBC26851A4D3EC94",
    }),
    ("keyblock wrap", {"kbpk": "DD7515F2BFC17F85CE48F3CA25CB21F6", "header": "B9999P0TE00E0000",
                       "key": "3F419E1CB7079442AA37474C2EFBF8B8", "padding": "1C2965473CE2"}, {
        "key block": "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B72"
                     "7B8A248E",
    }),
    ("emv card-key", {"imk": DOUBLE, "pan": "9901234567890123", "psn": "45", "option": "A"}, {
        "card key": "F84315C7B95BD3B0C74694922C3808B0", "check value": "1DA5E1",  # emv-d001
    }),
    ("emv session-key", {"method": "common", "diversification": "1234567890123456",
                         "card-key": "F84315C7B95BD3B0C74694922C3808B0"}, {
        "session key": "3E736BF8D37664348A04E3ABE00DEFC1",
    }),
    ("emv cryptogram", {"key": "3E736BF8D37664348A04E3ABE00DEFC1", "padding": "2",
                        "data": "0123456789ABCDEF0123456789ABCDEF"},
     {"cryptogram": "4B46013359B7A58B"}),
    ("emv response", {"key": "3E736BF8D37664348A04E3ABE00DEFC1", "arqc": "4B46013359B7A58B",
                      "csu": "00000000", "more": "1234567890ABCDEF"}, {"response": "4962B76C"}),
    ("emv script-mac", {"key": "38758097AE8C9410581945610D85986B", "command": "8424000008",
                        "length": "8"}, {"mac": "CF323F09A0F6AB9E"}),  # emv-d032
    ("emv pin-change", {  # emv-d038
        "style": "visa", "key": "52E0E0B692027FD59170C7B6D3BCB5D0", "pin": "9999",
        "current": "8888", "card-key": "2F98ADEF3B4FFE0E5832759BB5D057D6",
    }, {"command": "84240001", "data": "C29371CC36BA70C1EE671384F0D3A7B9"}),
    ("sm decipher", {"mode": "CBC", "key": DOUBLE, "iv": DOUBLE,
                     "data": "2677F46B09C122CC975533105BD4A22AF6125F7275CE552C3A2BBCF533DE8A3B"},
     {"clear": "0123456789ABCDEFFEDCBA98765432100123456789ABCDEFFEDCBA9876543210"}),  # sm-d003
    ("sm encipher", {"mode": "CTR", "key": DOUBLE, "iv": "000102030405060708090A0B0C0D0E0F",
                     "data": "AAAAAAAAAAAAAAAAAAAA"}, {"enciphered": "AC3236CB970CC2078027"}),
    ("sm sm3", {"ascii": "abc"}, {
        "digest": "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0",
    }),
    ("sm pinblock", {"key": "F351D490994603795C6EBEE8FAEBB481", "pan": "6212345678901234568",
                     "block": "1059DEAC8970703061361A142ACC0280"}, {"PIN": "123654"}),
    ("sm translate", {"source": "1234567890ABCDEFABCDEF0987654321", "destination": DOUBLE,
                      "block": "3AE94486B4366048CF65E0594EA1E4E6",
                      "pan": "6222021234567890123"},
     {"PIN block under TDES": "2A084C604973D4AE"}),  # sm-d026, back
    ("cipher encipher", {"cipher": "AES", "mode": "CBC", "key": "2B7E151628AED2A6ABF7158809CF4F3C",
                         "iv": "000102030405060708090A0B0C0D0E0F",
                         "data": "6BC1BEE22E409F96E93D7E117393172A"},
     {"enciphered": "7649ABAC8119B246CEE98E9B12E9197D"}),
]  # fmt: skip


def calculated(name: str, texts: dict[str, str], steps: Steps | None = None) -> dict[str, str]:
    """The results of a calculator, with the defaults of what is not given, as text."""
    calculator = found(name)
    full = {each.name: each.default for each in calculator.inputs} | texts
    outcome = calculator.run(Given(full), steps or Steps())
    return {key: shown(value) for key, value in outcome.values.items()}


def found(name: str) -> Calculator:
    """The calculator of a topic and a name."""
    topic, _, own = name.partition(" ")
    calculator: Calculator = ALL[topic, own]
    return calculator


@pytest.mark.parametrize(("name", "texts", "expected"), PUBLISHED)
def test_published_values(name: str, texts: dict[str, str], expected: dict[str, str]) -> None:
    """Each calculator gives what others have published."""
    made = calculated(name, texts)
    assert {key: made.get(key) for key in expected} == expected
    assert set(texts) <= {each.name for each in found(name).inputs}


CHECKS: Final[list[tuple[str, dict[str, str], str, str]]] = [
    ("mac check", {"scheme": "x9.19", "key": DOUBLE, "ascii": "Now is the time for all "},
     "mac", "A1C72E74"),
    ("kcv check", {"cipher": "TDES", "key": DOUBLE}, "kcv", "08D7B4"),
    ("pin pvv-check", {"pvk": DOUBLE, "pan": "1122334455667788", "pin": "4524"}, "pvv", "8523"),
    ("pin offset-check", {"pvk": DOUBLE, "validation": "1122334455667788", "pin": "5635",
                          "table": "1234567890123456"}, "offset", "1111"),
    ("cvv check", {"kind": "cvv", "cvk": DOUBLE, "pan": "4123456789012", "expiry": "8701",
                   "service-code": "101"}, "code", "370"),
    ("emv cryptogram", {"key": "3E736BF8D37664348A04E3ABE00DEFC1",
                        "data": "0123456789ABCDEF0123456789ABCDEF"}, "arqc", "4B46013359B7A58B"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "texts", "field", "right"), CHECKS)
def test_checks_say_yes_and_no(name: str, texts: dict[str, str], field: str, right: str) -> None:
    """A wrong one is not good, and no part of the right one is told."""
    calculator = found(name)
    full = {each.name: each.default for each in calculator.inputs} | texts
    yes = calculator.run(Given({**full, field: right}), Steps())
    assert yes.good
    assert set(yes.values.values()) == {"fits"}
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    no = calculator.run(Given({**full, field: wrong}), Steps())
    assert not no.good
    assert set(no.values.values()) == {"does not fit"}


def test_a_chip_transaction_is_checked_whole() -> None:
    """emv-d008's card with data of our own: profile from the data, key, cryptogram, answer."""
    texts = dict(
        zip(*[iter(found("emv check").example.replace("--", "").split())] * 2, strict=True)
    )
    good = calculated("emv check", texts)
    assert (good["profile"], good["kind"], good["cryptogram"]) == ("visa-cvn18", "ARQC", "fits")
    assert len(good["answer"]) == 8  # method 2
    other = {**texts, "tlv": texts["tlv"].replace("9F36020001", "9F36020002")}
    bad = calculated("emv check", other)
    assert bad["cryptogram"] == "does not fit"
    assert "answer" not in bad
    data = calculated("emv data", {"tlv": texts["tlv"], "pan": texts["pan"]})
    assert data["padded"].startswith(data["data"])


def test_components_make_a_key_and_come_out_of_it() -> None:
    """What split gives, combine takes; check values for each."""
    parts = calculated("kcv split", {"cipher": "AES", "key": DOUBLE, "count": "3"})
    components = " ".join(parts[f"component {number}"] for number in (1, 2, 3))
    steps = Steps()
    made = calculated("kcv combine", {"cipher": "AES", "components": components}, steps)
    assert made["key"] == DOUBLE
    assert [line.value for line in steps.lines] == [
        parts[f"check value {number}"] for number in (1, 2, 3)
    ]


def test_a_key_block_is_read_back() -> None:
    """What wrap makes with random padding, unwrap opens; PB is put in where the header needs it."""
    header = {"header": "D0000P0AE00E0000", "blocks": "KS=00604B120F9292"}
    texts = {"kbpk": "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6"}
    block = calculated("keyblock wrap", {**texts, **header, "key": DOUBLE})["key block"]
    opened = calculated("keyblock unwrap", {**texts, "block": f"{block[:40]}\n {block[40:]}"})
    assert opened["key"] == DOUBLE
    assert opened["optional block KS"] == "00604B120F9292"
    assert "optional block PB" in opened
    assert (
        opened["check value"]
        == calculated("kcv value", {"cipher": "AES", "key": DOUBLE})["check value"]
    )
    told = calculated("keyblock parse", {"block": block})
    assert told["length"] == f"{len(block):04d}, right"
    assert "wrong" in calculated("keyblock parse", {"block": block[:-2]})["length"]


def test_random_fill_is_random() -> None:
    """Formats 1, 3 and 4: two blocks of one PIN differ, and both hold it (SR-KEY-11)."""
    for block_format in ("1", "3", "4"):
        key = DOUBLE
        texts = {"format": block_format, "key": key, "pan": "5432101234567890"}
        blocks = {
            calculated("pinblock encipher", {**texts, "pin": "1234"})["PIN block"] for _ in range(4)
        }
        assert len(blocks) > 1
        for block in blocks:
            assert calculated("pinblock decipher", {**texts, "block": block}) == {"PIN": "1234"}


def test_the_pin_behind_an_offset() -> None:
    """The inverse of ``offset``."""
    texts = {"pvk": DOUBLE, "validation": "1122334455667788", "table": "1234567890123456"}
    assert calculated("pin offset", {**texts, "pin": "5635"}) == {"offset": "1111"}
    assert calculated("pin from-offset", {**texts, "offset": "1111"}) == {"PIN": "5635"}


REFUSED: Final[list[tuple[str, dict[str, str], str]]] = [
    ("dukpt keys", {"ksn": TDES_BDK["ksn"]}, "--bdk or --ik: 0 of them are given"),
    ("dukpt keys", {**TDES_BDK, "ik": DOUBLE}, "--bdk or --ik: 2 of them are given"),
    ("dukpt keys", {**TDES_BDK, "ksn": "FFFF9876543210E007FF"}, "more than 10 one bits"),
    ("dukpt keys", {**AES_BDK, "type": "AES256"}, "stronger"),
    ("dukpt update", TDES_BDK, "24 hex digits are right"),
    ("dukpt initial", {"bdk": DOUBLE, "ksn": TDES_BDK["ksn"], "aes": "yes"}, "24 hex digits"),
    ("dukpt pin", {**TDES_BDK, "pan": "4012345678909", "pin": "1234", "format": "4"},
     "AES keys take format 4"),
    ("dukpt pin", {**TDES_BDK, "pan": "4012345678909"}, "--pin or --block: 0"),
    ("pinblock encode", {"format": "0", "pin": "123", "pan": "5555555551234567"}, "4 to 12"),
    ("pinblock translate", {"source-format": "0", "source": DOUBLE, "block": "00" * 8,
                            "pan": "4111111111111111", "destination-format": "1",
                            "destination": DOUBLE}, "may become"),
    ("pin pvv", {"pvk": DOUBLE, "pan": "1122334455667788", "pvki": "12", "pin": "4524"},
     "--pvki: one digit is right"),
    ("pin natural", {"pvk": DOUBLE, "table": "1"}, "--validation or --pan: 0"),
    ("mac make", {"scheme": "x9.19", "key": DOUBLE, "data": "00", "ascii": "a"},
     "--data or --ascii: 2"),
    ("kcv split", {"cipher": "AES", "key": DOUBLE, "count": "1"}, "2 to 9 components"),
    ("kcv combine", {"cipher": "AES", "components": DOUBLE}, "two or more"),
    ("kcv combine", {"cipher": "AES", "components": f"{DOUBLE} 0"}, "--components, 2: 1 hex"),
    ("kcv fit", {"cipher": "TDES", "key": DOUBLE[:16]}, "single DES"),
    ("kcv fit", {"cipher": "TDES", "key": "01" * 16}, "equal bytes"),
    ("keyblock unwrap", {"kbpk": DOUBLE, "block": "B0000P0TE00E0000"}, "does not open"),
    ("keyblock wrap", {"kbpk": DOUBLE, "header": "B0000P0TE00E000", "blocks": "KS=00",
                       "key": DOUBLE}, "--header: 15 characters: 16 are right"),
    ("keyblock wrap", {"kbpk": DOUBLE, "header": "B0000P0TE00E0000", "blocks": "KS",
                       "key": DOUBLE}, "--blocks: ID=DATA is right"),
    ("emv session-key", {"method": "pboc", "card-key": DOUBLE, "diversification": "00" * 8},
     "--diversification: only the method common"),
    ("emv response", {"key": DOUBLE, "arqc": "00" * 8}, "--arc or --csu: 0"),
    ("sm unwrap", {"tmk": DOUBLE, "cryptogram": DOUBLE, "kcv": "000000"}, "check value"),
    ("cipher encipher", {"cipher": "AES", "key": DOUBLE, "data": "00" * 16, "iv": "00" * 16},
     "--iv: ECB has none"),
    ("cipher encipher", {"cipher": "AES", "key": DOUBLE, "data": "00", "mode": "CTR"},
     "--iv: CTR begins with a counter"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "texts", "said"), REFUSED)
def test_refusals_name_the_input_and_the_cure(name: str, texts: dict[str, str], said: str) -> None:
    """And repeat neither key nor PIN."""
    with pytest.raises(IsoswitchError) as refused:
        calculated(name, texts)
    assert isinstance(refused.value, InputRefused | KeyRefused) or "serial" in str(refused.value)
    assert said in str(refused.value)
    assert DOUBLE not in str(refused.value)


@pytest.mark.parametrize("name", [" ".join(key) for key in ALL])
def test_inputs_are_described(name: str) -> None:
    """A sentence each; keys, components and PINs are secret; no name twice."""
    calculator = found(name)
    names = [each.name for each in calculator.inputs]
    assert len(names) == len(set(names))
    for each in calculator.inputs:
        assert each.about.endswith(".")
        assert not (each.required and each.default)
        assert not each.default or not each.choices or each.default in each.choices
        if each.name in ("key", "bdk", "ik", "kbpk", "pin", "imk", "cvk", "pvk", "tmk", "current"):
            assert each.secret
    assert calculator.about.endswith(".")
