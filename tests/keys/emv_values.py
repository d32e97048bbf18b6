"""Published values of chip cards, copied for the tests of this folder.

Sources, named per row: pyemv's tests (values from an HSM), jPOS's tests, a Chinese worked example
of PBOC, public control values; rows "generated" were made with pyemv. All keys are test keys.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Response(NamedTuple):
    """A response cryptogram: method, under which key, what the card is told, and the value."""

    method: int
    key: str  # card, session
    told: str
    proprietary: str
    value: str


class Case(NamedTuple):
    """A cryptogram from the issuer's master key on; hex but PAN and sequence number."""

    name: str
    master: str
    pan: str
    sequence: str
    option: str
    card: str
    method: str
    moment: str  # ATC, or the whole diversification value of the common method
    unpredictable: str
    session: str
    data: str
    padding: int
    cryptogram: str
    responses: tuple[Response, ...]


def _case(name: str, keys: str, made: str, *responses: str) -> Case:
    master, pan, sequence, option, card, method, moment, number, session = keys.split()
    data, padding, cryptogram = made.split()
    told = tuple(_response(text) for text in responses)
    return Case(
        name, master, pan, sequence, option, card, method, moment,
        number.strip("-"), session, data, int(padding), cryptogram, told,
    )  # fmt: skip


def _response(text: str) -> Response:
    method, key, told, proprietary, value = text.split()
    return Response(int(method), key, told, proprietary.strip("-"), value)


# Keys: issuer's key, PAN, sequence number, option, card's key, method, ATC or whole diversification
# value, unpredictable number, session key. Made: data, padding, cryptogram.
CASES: Final = (
    _case(  # pyemv tests
        "EMV option A / common session key",
        "0123456789ABCDEFFEDCBA9876543210 9901234567890123 45 A "
        "F84315C7B95BD3B0C74694922C3808B0 common "
        "1234567890123456 - 3E736BF8D37664348A04E3ABE00DEFC1",
        "0123456789ABCDEF0123456789ABCDEF 2 4B46013359B7A58B",
        "1 card 0000 - F8C9CECAABD55AD1",
        "2 session 00000000 1234567890ABCDEF 4962B76C",
        "2 session 00000000 - 7DFB1188",
    ),
    _case(  # pyemv tests
        "EMV option A / common session key, Visa padding",
        "0123456789ABCDEFFEDCBA9876543210 9901234567890123 45 A "
        "F84315C7B95BD3B0C74694922C3808B0 common "
        "1234567890123456 - 3E736BF8D37664348A04E3ABE00DEFC1",
        "0123456789ABCDEF0123456789ABCDEF01 1 2E141C6BC4A20DA8",
        "1 card 0000 - 16A49AAB314B9262",
    ),
    _case(  # pyemv tests
        "EMV option A, 17-digit PAN",
        "0123456789ABCDEFFEDCBA9876543210 12345678901234567 45 A "
        "946DC1A8C78A624519BC4645CB073737 common "
        "1234567890123456 - C7AEDF49AEF2F146D692400E0B851A8F",
        "0123456789ABCDEF0123456789ABCDEF 2 19C1FBC83EBDC0D5",
        "1 card 0000 - 78A372523FA35A03",
        "1 session 0000 - C3620580668E5B65",
    ),
    _case(  # pyemv tests
        "EMV option B, 16-digit PAN (falls back to A)",
        "0123456789ABCDEFFEDCBA9876543210 1234567890123456 00 B "
        "154F349D8585CB7F6B0798E9839B10C1 common "
        "1234567890123456 - 91E5C4FEF4F7CBD6D53776B6F7C4EA2F",
        "0123456789ABCDEF0123456789ABCDEF 2 0CE77D211CB5459A",
        "2 session 00000000 - 8CD9AA5D",
    ),
    _case(  # pyemv tests
        "EMV option B, 17-digit PAN",
        "0123456789ABCDEFFEDCBA9876543210 12345678901234567 45 B "
        "F767ECC2263B2C543775CB62AB6B57D6 common "
        "1234567890123456 - 57BC2351208C7AB0B6F2C8ABC2F7972C",
        "0123456789ABCDEF0123456789ABCDEF 2 5760EE07B4FA65D1",
        "2 session 00000000 - 106B81D9",
    ),
    _case(  # pyemv tests
        "EMV option B, 18-digit PAN",
        "0123456789ABCDEFFEDCBA9876543210 123456789012345679 00 B "
        "1083E9C8A72AA26BDC9B10570B73BACB common "
        "1234567890123456 - E062B0B5B573A743E38552C4C4FBCD5E",
        "0123456789ABCDEF0123456789ABCDEF 2 DC95BCE3EBBE0296",
        "2 session 00000000 - ECCA0C4B",
    ),
    _case(  # pyemv tests
        "Visa CVN 10",
        "0123456789ABCDEFFEDCBA9876543210 1234567890123456 00 A "
        "154F349D8585CB7F6B0798E9839B10C1 none "
        "001C - 154F349D8585CB7F6B0798E9839B10C1",
        "0000000040000000000000000124800004800001241911050152BF458518"
        "00001C03A06010 1 29CCA15AE665FA2E",
        "1 card 3030 - 28993816AFAE4AEB",
    ),
    _case(  # pyemv tests
        "Visa CVN 18",
        "0123456789ABCDEFFEDCBA9876543210 1234567890123456 00 A "
        "154F349D8585CB7F6B0798E9839B10C1 common "
        "001C - 436B942AD637E08564B532B0EC97CB26",
        "0000000040000000000000000124800004800001241911050152BF458518"
        "00001C06011203A0B800 2 7A788EA6B8A3E733",
        "2 session 00000000 - 9AF514C1",
    ),
    _case(  # pyemv tests
        "Mastercard CVN 16",
        "0123456789ABCDEFFEDCBA9876543210 1234567890123456 00 A "
        "154F349D8585CB7F6B0798E9839B10C1 mastercard "
        "001C ABCDEF12 5D8F37BCD9E5DA68048CDFA2EA255D9E",
        "00000000999900000000000001248000000000012420990600ABCDEF1218"
        "00001CA00003220000 2 24CCF3DEE3158C70",
        "1 card 0010 - 73F6BBF389A6586C",
    ),
    _case(  # pyemv tests
        "Mastercard CVN 20",
        "0123456789ABCDEFFEDCBA9876543210 1234567890123456 00 A "
        "154F349D8585CB7F6B0798E9839B10C1 common "
        "001C - 436B942AD637E08564B532B0EC97CB26",
        "00000000999900000000000001248000000000012420990600ABCDEF1218"
        "00001CA00003220000 2 CD29615D6452E70E",
        "1 session 0010 - DFD0956606B68D64",
    ),
    _case(  # jPOS JCESecurityModuleTest
        "jPOS VSDC, zero padding",
        "12345678123456781234567812345678 1234567890123456 00 A "
        "DCE992BCE398C264F7858AFD4C4A324A none "
        "3456 - DCE992BCE398C264F7858AFD4C4A324A",
        "000000010000000000001000084000000010800840980704001111111158"
        "003456A08003242000 1 26C8A1042D1CAF3E",
        "1 card 3030 - 98DE7C7B3D80A831",
    ),
    _case(  # jPOS JCESecurityModuleTest
        "jPOS M/Chip, 80 padding",
        "12345678123456781234567812345678 1234567890123456 00 A "
        "DCE992BCE398C264F7858AFD4C4A324A mastercard "
        "3456 11111111 68E9A15BBCF283EF0164F7E6C44C4325",
        "000000010000000000001000084000000010800840980704001111111158"
        "003456A08003242000 2 AC8074C9E62EE6EF",
        "1 card 0012 - 5B5B712F9A644774",
    ),
    _case(  # jPOS JCESecurityModuleTest
        "jPOS EMV CSK, 80 padding",
        "12345678123456781234567812345678 1234567890123456 00 A "
        "DCE992BCE398C264F7858AFD4C4A324A common "
        "3456 - F2A75194C2B954A4163E9886BCA45473",
        "000000010000000000001000084000000010800840980704001111111158"
        "003456A08003242000 2 55BE45DD2C9E0CBF",
        "1 session 0012 - 01BAE8DE6A0DE9E0",
        "2 session 00120000 - B4C698B6",
    ),
    _case(  # jPOS JCESecurityModuleTest
        "jPOS EMV CSK, zero padding",
        "12345678123456781234567812345678 1234567890123456 00 A "
        "DCE992BCE398C264F7858AFD4C4A324A common "
        "3456 - F2A75194C2B954A4163E9886BCA45473",
        "000000010000000000001000084000000010800840980704001111111158"
        "003456A08003242000 1 36DBEE15F36B1E7F",
        "1 session 0012 - 0E56BBA476EB5588",
        "2 session 00120000 - 332CD266",
    ),
    _case(  # jPOS JCESecurityModuleTest
        "jPOS EMV CSK option B, 19-digit PAN, 80 padding",
        "12345678123456781234567812345678 8901234567890123456 00 B "
        "26D086ADE92CCE753EBAC28C3D5B349E common "
        "3456 - DC9297D6AE43AB20D39B9D0DE5E03E0D",
        "000000010000000000001000084000000010800840980704001111111158"
        "003456A08003242000 2 78289F2805494561",
        "1 session 0012 - C99AF51220D865E3",
        "2 session 00120000 - 26630C18",
    ),
    _case(  # public control-values test
        "EMV option A / CSK (house card)",
        "0123456789ABCDEFFEDCBA9876543210 4111111111111111 00 A "
        "31089464674C73EC851A6E0737029D19 common "
        "0001 - 38F14068B3EA57C194F8E3A20D51E3E6",
        "000000001000000000000000072400000000000978250925001234567818"
        "00000103A4A000 2 A8DB2B65F9C821F1",
        "1 session 3030 - ADCB085B842E0A9D",
        "2 session 00820000 - 54DB2625",
    ),
    _case(  # Chinese blog post with a full worked example
        "PBOC 2.0/3.0 (UnionPay debit/credit) CVN 01",
        "F0C34A8124CEE0A91A0B034AA97D6EAC 6228000100001 01 A "
        "014C986ECD8F49157CC8B59E3BCDFD98 pboc "
        "0240 - D5102625E6E5AD329E54ABB50BF23DA8",
        "000000000001000000000000015600800460000156140701001E78EEBC7D"
        "00024003A04002 2 5D016C91005E7CC2",
        "1 session 3031 - 21415243527CE78F",
    ),
    _case(  # generated
        "CSK (CVN 18/22 style)",
        "4326011F6B0B45F7C89719EAC7CE323D 1469441637769269 23 A "
        "5897A4A85108620275972A2367B054E5 common "
        "A5F5 - 38E0498361DACB92A2D9C19802EAD532",
        "0000768250800000000000000156BBBF0ACEF1015626110500EC89317E7C"
        "00A5F506011203A0A000 2 8A6E8EFC4AC771DA",
        "2 session 3F980F7A 011F31A1B6EE 6CBE6D86",
    ),
    _case(  # generated
        "PBOC style",
        "C458DCB51589ADB3589E9483756DB92F 9692233623758937499 95 A "
        "6420FEB5B3BAE34F2FD0CDAEC12A8ACD pboc "
        "0423 - 8AC1730D5D1CDC895DAB161AA20D456D",
        "000046917712000000000000015652A4242ADF0156261105009334129A7C"
        "00042303A04002 2 B3FBA14EF6A42647",
        "1 session DC81 - EA5CBABE57F84BAF",
    ),
)

# Tree of EMV 2000: card key, ATC, height, branches, start, session key (pyemv's tests).
TREES: Final = (
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "0000",
        8,
        4,
        "00000000000000000000000000000000",
        "80BF3145AECB948A5201DAB9EF469875",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "0000",
        8,
        4,
        "F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0",
        "DC31BC40B3AB8F73F2E3DA5EBF9DE59B",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "0000",
        16,
        2,
        "00000000000000000000000000000000",
        "86AD9732D5A192A749ADCE31919DAE8A",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "00FF",
        8,
        4,
        "00000000000000000000000000000000",
        "981F9D208AE6132CBC8A7C97F42A5445",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "00FF",
        16,
        2,
        "00000000000000000000000000000000",
        "1F54F492EF104580B0F4B0F8910D0438",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "00FF",
        16,
        2,
        "F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0",
        "2086F81AAB731FF8CED9BF6DA7191CA2",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "FFFF",
        8,
        4,
        "F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0",
        "A10EA78F2F1ACE203B3B402F6EE6CB29",
    ),
    (
        "0123456789ABCDEF0123456789ABCDEF",
        "FFFF",
        16,
        2,
        "F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0",
        "73E3B0A1406E5E4908D5804C4970E520",
    ),
    (
        "0123456789ABCDEFFEDCBA9876543210",
        "001C",
        8,
        4,
        "00000000000000000000000000000000",
        "E5BF6D1067F194B0A89B7F5D83BC64A2",
    ),
)
