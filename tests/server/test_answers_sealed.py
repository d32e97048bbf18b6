"""switch.server.answers and switch.server.sealing: what the vault adds to an answer, in its order;
and that an answer which cannot be sealed is not sent.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from switch import tlv
from switch.keys.dukpt_tdes import initial_key, working_key
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.key_block import unwrap
from switch.keys.mac import mac
from switch.keys.master import MasterKey
from switch.keys.port import KeySpec
from switch.keys.vault import SoftwareVault
from switch.model.copies import replace as replace_word
from switch.model.effects import Reply
from switch.model.events import Moment, Origin
from switch.model.ksn import parse
from switch.model.request import Answer
from switch.model.scripts import Behaviour
from switch.model.security import ChipOrder, KeyOrder, KeyUse, MacOrder, Sealing
from switch.model.words import Kind, Reason
from switch.server.answers import Answers, Exchange
from switch.server.profile import Profile
from switch.values import ChipData
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.framer import Frame, Framer
from switch.wire.key_data import keys_of
from switch.wire.map_answer import response_codes
from switch.wire.mapping import Mapper

KEY = "0123456789ABCDEFFEDCBA9876543210"
TMK = "DD7515F2BFC17F85CE48F3CA25CB21F6"
NOW = Moment(1_795_000_000_000_000, 0)
PURCHASE = {
    "t": "0200",
    "2": "4761739001010010",
    "3": "000000",
    "4": "000000001000",
    "11": "000007",
    "12": "120000",
    "13": "1124",
    "14": "4912",
    "22": "051",
    "25": "00",
    "41": "DEMO0001",
    "42": "DEMOMERCHANT001",
    "49": "840",
}


class Told:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.lines.append((event, data))

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        raise failure

    def transaction(self, *_: object) -> None:
        raise AssertionError("an answer decides nothing")


class Line:
    """A connection to a listener of a dialect, with a vault behind it."""

    def __init__(self, name: str = "iso87-ascii") -> None:
        dialect = load_dialect(name)
        self.vault = SoftwareVault(MasterKey(bytearray(range(32))), os.urandom)
        self.codec, self.mapper = Codec(dialect.layout), Mapper(dialect)
        self.log = Told()
        codes = {kind: response_codes(dialect, kind) for kind in Kind}
        profile = Profile("shop", dialect.framing, self.codec, self.mapper, codes=codes)
        self.profile = replace(profile, vault=self.vault)
        self.framer = Framer(dialect.framing)

    def key(self, usage: str, clear: str = KEY, mode: str = "C", **changes: Any) -> KeyUse:
        """A test key, as the core names it."""
        spec = KeySpec(usage, "T", len(clear) // 2, mode, **changes)
        made = self.vault.import_clear(spec, bytearray.fromhex(clear))
        return KeyUse(f"a key {usage}", made.block)

    def answered(
        self,
        sealing: Sealing | None,
        reason: Reason = Reason.APPROVED,
        behaviour: Behaviour | None = None,
        tpdu: bytes = b"",
        **changes: str,
    ) -> bytes | None:
        """The body of the answer; ``None`` where none is sent."""
        fields = PURCHASE | {name.removeprefix("de"): value for name, value in changes.items()}
        request = self.mapper.request(fields)
        if "55" in fields:
            request = replace_word(request, chip=ChipData(fields["55"]))
        effect = Reply(
            Origin(1, 1, "shop", "peer"),
            request,
            Answer(reason=reason),
            behaviour=behaviour,
            sealing=sealing,
        )
        answers = Answers(self.profile, self.framer, self.log, 1)
        frame = answers.frame(Exchange(Frame(b"", tpdu), fields), effect, NOW)
        if frame is None:
            return None
        self.framer.receive_data(frame)
        got = self.framer.next_frame()
        assert got is not None
        return got.body


@pytest.mark.parametrize("name", ["iso87-ascii", "iso87-binary", "iso87-ebcdic", "hypercom"])
def test_an_answer_bears_a_mac_over_what_its_dialect_covers(name: str) -> None:
    """M-08: made by the same function that checks; with DUKPT under the response key."""
    line = Line(name)
    tpdu = bytes.fromhex("6000010002") if name == "hypercom" else b""
    body = line.answered(Sealing(MacOrder(line.key("M3"))), tpdu=tpdu)
    assert body is not None
    fields = line.codec.decode(body)
    scheme = line.mapper.cover.rule.scheme
    expected = mac(scheme, bytes.fromhex(KEY), line.mapper.cover.input(body))
    assert fields["64"] == expected.hex().upper().ljust(16, "0")


def test_the_mac_of_an_answer_under_dukpt_is_made_with_the_response_key() -> None:
    """X9.24-1: the device checks it with a key that it never makes MACs with itself."""
    line = Line()
    bdk, ksn = line.key("B0", mode="X"), "FFFF9876543210E00001"
    body = line.answered(Sealing(MacOrder(bdk, ksn, "x9.19:8")))
    assert body is not None
    bare = line.mapper.cover.input(body)
    given = bytes.fromhex(line.codec.decode(body)["64"])
    at = parse(ksn)
    key = working_key(initial_key(bytes.fromhex(KEY), at), at, "mac_response")
    assert given == mac("x9.19:8", key, bare)
    assert line.vault.check_mac(bdk, "x9.19:8", bare, given, ksn).outcome == "bad"


def test_an_order_names_another_scheme_than_the_dialect() -> None:
    """The terminal's security has its own."""
    line = Line()
    body = line.answered(Sealing(MacOrder(line.key("M3"), scheme="iso9797-3/2")))
    assert body is not None
    expected = mac("iso9797-3/2", bytes.fromhex(KEY), line.mapper.cover.input(body))
    assert line.codec.decode(body)["64"] == expected.hex().upper()


def test_a_scripted_rule_spoils_the_mac_in_one_bit() -> None:
    """What a terminal does with it is worth a test."""
    line = Line()
    order = Sealing(MacOrder(line.key("M3")))
    right, wrong = line.answered(order), line.answered(order, behaviour=Behaviour(wrong_mac=True))
    assert right is not None
    assert wrong is not None
    differing = int.from_bytes(right, "big") ^ int.from_bytes(wrong, "big")
    decoded = (bytes.fromhex(line.codec.decode(body)["64"]) for body in (right, wrong))
    assert differing
    assert sum(a != b for a, b in zip(*decoded, strict=True)) == 1


IMK = "4326011F6B0B45F7C89719EAC7CE323D"  # case emv-d018 of the vectors
CARD = ChipCard("visa-cvn10", "4761739001010010", "01", bytes.fromhex(IMK))
TERMINAL = TerminalData(1000, "840", "840", "241124", unpredictable=bytes.fromhex("01020304"))
CHIP = CARD.chip_data(TERMINAL, 7).hex().upper()


def test_the_chip_is_answered_with_the_response_code_that_the_terminal_reads() -> None:
    """EMV book 2, 8.2: the cryptogram covers the authorization response code."""
    line = Line()
    order = ChipOrder(line.key("E0", IMK, "X"), "visa-cvn10", sequence="01")
    answers = {}
    for reason in (Reason.APPROVED, Reason.FUNDS_INSUFFICIENT):
        body = line.answered(Sealing(chip=order), reason, de55=CHIP)
        assert body is not None
        fields = line.codec.decode(body)
        parts = {node.tag: node.value for node in tlv.parse(bytes.fromhex(fields["55"]))}
        assert parts["91"][-2:] == fields["39"].encode()
        answers[reason] = parts["91"]
        assert CARD.hears(bytes.fromhex(CHIP), bytes.fromhex(fields["55"])).authentic
    assert len(set(answers.values())) == 2


@pytest.mark.parametrize(
    ("reason", "code"), [(Reason.APPROVED, b"00"), (Reason.FUNDS_INSUFFICIENT, b"05")]
)
def test_a_chip_is_told_two_characters_where_the_response_code_has_three(
    reason: Reason, code: bytes
) -> None:
    """1993: 00 stands for every approval, 05 for everything else."""
    line = Line("iso93-ascii")
    order = ChipOrder(line.key("E0", IMK, "X"), "visa-cvn10", sequence="01")
    body = line.answered(
        Sealing(chip=order), reason, det="1200", de12="241124120000", de22="510101513344",
        de24="200", de25="", de55=CHIP,
    )  # fmt: skip
    assert body is not None
    parts = {
        node.tag: node.value for node in tlv.parse(bytes.fromhex(line.codec.decode(body)["55"]))
    }
    assert parts["91"][-2:] == code


def test_without_chip_data_there_is_nobody_to_answer() -> None:
    """The order stands for the card; a stripe that was read instead needs none."""
    line = Line()
    order = ChipOrder(line.key("E0", IMK, "X"), "visa-cvn10", sequence="01")
    body = line.answered(Sealing(chip=order))
    assert body is not None
    assert "55" not in line.codec.decode(body)


@pytest.mark.parametrize(("form", "usage"), [("tr31", "K1"), ("cryptogram", "K0")])
def test_working_keys_are_handed_out_under_the_master_key(form: str, usage: str) -> None:
    """SR-KEY-02: as key blocks, or with their check values where the line wants cryptograms."""
    line = Line()
    master = line.key(usage, TMK, "B")
    made = line.vault.working_keys("tdes-2", ("tpk", "tak"), mac_scheme="x9.19", form=form)
    working = tuple((role, KeyUse(role, key.block)) for role, key in made.items())
    body = line.answered(Sealing(keys=KeyOrder(master, working, form)))
    assert body is not None
    handed = {key.role: key for key in keys_of(line.codec.decode(body)["120"])}
    assert sorted(handed) == ["TAK", "TPK"]
    if form == "tr31":
        opened = unwrap(bytes.fromhex(TMK), handed["TPK"].value)
        assert opened.header.usage == "P0"
    else:
        assert handed["TPK"].check_value.startswith(made["tpk"].check_value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: Sealing(MacOrder(line.key("P0", mode="B"))),
        lambda line: Sealing(MacOrder(KeyUse("k", "D0000garbage"))),
        lambda line: Sealing(MacOrder(line.key("M3"), scheme="no-such-scheme")),
        lambda line: Sealing(
            chip=ChipOrder(line.key("M3"), "visa-cvn10"), mac=MacOrder(line.key("M3"))
        ),
    ],
    ids=["wrong usage", "no block", "no scheme", "chip under a MAC key"],
)
def test_an_approval_that_cannot_be_sealed_is_not_sent(spoil: Any) -> None:
    """SR-GEN-02, INV-72: fail closed; the log says why, and no key is in it."""
    line = Line()
    assert line.answered(spoil(line), de55=CHIP) is None
    ((event, data),) = line.log.lines
    assert event == "answer.unsendable"
    assert data["reason"]
    assert KEY not in str(data)


def test_without_a_vault_nothing_is_sealed() -> None:
    """A profile that was never armed sends no answer that owes a MAC."""
    line = Line()
    order = Sealing(MacOrder(line.key("M3")))
    line.profile = replace(line.profile, vault=None)
    assert line.answered(order) is None
    assert line.answered(None) is not None
