"""A terminal's PIN blocks and MACs are what the vault's own functions make, and it believes no
answer whose MAC is wrong.

Keys are the published test keys of ANSI X9.24-1 and X9.24-3 (the vectors' dukpt_tdes, dukpt_aes).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import BlockCipher
from switch.keys.mac import mac
from switch.keys.master import MasterKey
from switch.keys.pin_cipher import decipher
from switch.model.events import Moment
from switch.model.ksn import parse
from switch.model.request import Answer
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.values import Pan, Pin
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.mac_cover import MacCover
from switch.wire.mapping import Mapper
from switch_tools.terminal_kept import KeptFileError
from switch_tools.terminal_keys import (
    AES_DUKPT,
    TAK,
    TDES_DUKPT,
    TPK,
    Fresh,
    KeyRing,
    NoKey,
)
from switch_tools.terminal_lines import Sent
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Faults, Outgoing, Presented
from switch_tools.terminal_security import Guard, Manner, SecurityError

TDES_IK, TDES_KSN = "6AC292FAA1315B4D858AB3A3D7D5933A", "FFFF9876543210E00000"
AES_IK, AES_KSN = "1273671EA26AC29AFA4D1084127652A1", "123456789012345600000000"
SESSION_PIN, SESSION_MAC = "0123456789ABCDEFFEDCBA9876543210", "FEDCBA98765432100123456789ABCDEF"
PAN = Pan("4761739001010119")
PIN = Presented(pin=Pin("1234"))
DIALECTS = [
    "iso87-ascii",
    "iso87-ascii-bb",
    "iso87-binary",
    "iso87-ebcdic",
    "iso93-ascii",
    "iso93-binary",
    "hypercom",
]


def ring(*slots: str) -> KeyRing:
    """A terminal's keys: those of the slots that are named."""
    made = KeyRing(None, MasterKey(bytearray([9]) * 32))
    values = {
        TDES_DUKPT: ("T", TDES_IK, TDES_KSN),
        AES_DUKPT: ("A", AES_IK, AES_KSN),
        TPK: ("T", SESSION_PIN, ""),
        TAK: ("T", SESSION_MAC, ""),
    }
    for slot in slots:
        algorithm, key, ksn = values[slot]
        made.put(Fresh(slot, algorithm, bytearray.fromhex(key), ksn))
    return made


class Speaker:
    """A terminal's language with keys, and what a host reads in its messages."""

    def __init__(self, dialect: str, keys: KeyRing, manner: Manner | None = None) -> None:
        self.dialect = load_dialect(dialect)
        self.keys = keys
        self.messages = Messages(self.dialect, Guard(self.dialect, keys, manner))
        self.codec = Codec(self.dialect.layout)
        self.mapper = Mapper(self.dialect)
        self.cover = MacCover(self.dialect)

    def says(self, presented: Presented = PIN, *, repeat: bool = False) -> Outgoing:
        """A purchase."""
        times = self.messages.times(datetime(2026, 11, 24, 10, tzinfo=UTC), UTC)
        sent = replace(line(), local_time=times.local_time)
        return self.messages.write(sent, None, PAN, repeat=repeat, presented=presented)

    def answered(
        self,
        said: Outgoing,
        make: Callable[[bytes], bytes] | None,
        reason: Reason = Reason.APPROVED,
    ) -> bytes:
        """The host's answer, under the MAC that ``make`` gives."""
        fields = self.codec.decode(said.body)
        request = self.mapper.request(fields)
        answer = self.mapper.answer(fields, request, Answer(reason=reason), Moment(0, 0))
        if make is None:
            return self.codec.encode(answer)
        return self.cover.sign(self.codec, answer, make)


def line() -> Sent:
    """What the journal says of a purchase."""
    return Sent(
        number=1,
        stan="000001",
        at="2026-11-24T10:00:00.000Z",
        kind=Kind.PURCHASE,
        dialect="",
        terminal_id="DEMO0001",
        merchant_id="DEMOMERCHANT001",
        transmitted_at="1124100000",
        local_time="100000",
        local_date="1124",
        invoice="000001",
        amount_minor=1234,
        currency="840",
        expiry="4912",
        flow=Flow.REQUEST,
        entry_mode=EntryMode.CHIP,
    )


def mac_key(ksn: str, purpose: str) -> bytearray:
    """The MAC key of a DUKPT transaction."""
    serial = parse(ksn)
    if serial.aes:
        return dukpt_aes.working_key(bytes.fromhex(AES_IK), serial, purpose, "TDES2")
    return dukpt_tdes.working_key(bytes.fromhex(TDES_IK), serial, purpose)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("slot", [TDES_DUKPT, AES_DUKPT])
def test_a_host_reads_pin_and_mac_under_dukpt(dialect: str, slot: str) -> None:
    """SR-PIN-05, SR-PIN-07: 8 bytes of format 0 or 16 of format 4, the MAC right over what the
    dialect covers, the key serial number in the field that it names.
    """
    speaker = Speaker(dialect, ring(slot))
    said = speaker.says()
    fields = speaker.codec.decode(said.body)
    request = speaker.mapper.request(fields)
    assert parse(request.ksn).counter == 1
    ksn = parse(request.ksn)
    block = request.pin_block
    assert block is not None
    if ksn.aes:
        key = dukpt_aes.working_key(bytes.fromhex(AES_IK), ksn, "pin")
        assert (
            decipher(BlockCipher("AES", key), 4, bytes.fromhex(block.reveal()), PAN.reveal())
            == "1234"
        )
    else:
        key = dukpt_tdes.working_key(bytes.fromhex(TDES_IK), ksn, "pin")
        assert (
            decipher(BlockCipher("TDES", key), 0, bytes.fromhex(block.reveal()), PAN.reveal())
            == "1234"
        )
    right = mac("x9.19:8", mac_key(request.ksn, "mac_request"), speaker.cover.input(said.body))
    assert speaker.cover.mac(fields) == right
    assert request.problems == ()


def test_each_transmission_has_a_counter_of_its_own() -> None:
    """INV-71: repeats too; what is not secured uses none up."""
    speaker = Speaker("iso87-ascii", ring(TDES_DUKPT))
    said = [speaker.says(), speaker.says(repeat=True), speaker.says(Presented())]
    serials = [speaker.mapper.request(speaker.codec.decode(one.body)).ksn for one in said]
    assert [parse(ksn).counter for ksn in serials] == [1, 2, 3]
    network = Sent(
        **{
            name: getattr(line(), name)
            for name in (
                "number",
                "stan",
                "at",
                "dialect",
                "terminal_id",
                "merchant_id",
                "transmitted_at",
                "local_time",
                "local_date",
            )
        },
        kind=Kind.ECHO,
    )
    speaker.messages.write(network, None, None, repeat=False)
    speaker.messages.draft(line(), None, PAN)
    assert speaker.keys.last_ksn(TDES_DUKPT).counter == 3


def test_keys_of_a_session_secure_where_there_is_no_dukpt() -> None:
    """The PIN under one key, the MAC under another, no key serial number."""
    speaker = Speaker("iso87-ascii", ring(TPK, TAK))
    said = speaker.says()
    fields = speaker.codec.decode(said.body)
    request = speaker.mapper.request(fields)
    block = request.pin_block
    assert request.ksn == ""
    assert block is not None
    cipher = BlockCipher("TDES", bytes.fromhex(SESSION_PIN))
    assert decipher(cipher, 0, bytes.fromhex(block.reveal()), PAN.reveal()) == "1234"
    right = mac("x9.19:8", bytes.fromhex(SESSION_MAC), speaker.cover.input(said.body))
    assert speaker.cover.mac(fields) == right


@pytest.mark.parametrize(
    ("secure", "held", "serial"),
    [
        ("", (TDES_DUKPT, AES_DUKPT), 24),
        ("", (AES_DUKPT, TDES_DUKPT), 20),
        ("", (TPK, TAK, TDES_DUKPT), 20),
        ("session", (TPK, TAK, TDES_DUKPT), 0),
        ("dukpt-aes", (AES_DUKPT, TDES_DUKPT), 24),
        ("dukpt", (AES_DUKPT, TPK, TAK), 24),
    ],
)
def test_what_was_injected_last_secures_unless_somebody_says_otherwise(
    secure: str, held: tuple[str, ...], serial: int
) -> None:
    """DUKPT before a session; ``--secure`` decides."""
    speaker = Speaker("iso87-ascii", ring(*held), Manner(secure=secure))
    request = speaker.mapper.request(speaker.codec.decode(speaker.says().body))
    assert len(request.ksn) == serial


def test_without_keys_messages_are_as_they_were() -> None:
    """No MAC, no key serial number; a PIN is refused with what to do."""
    speaker = Speaker("iso87-ascii", ring())
    speaker.messages, guarded = Messages(speaker.dialect), speaker.messages
    plain = speaker.says(Presented())
    speaker.messages = guarded
    assert speaker.says(Presented()).body == plain.body
    with pytest.raises(NoKey, match="isoswitch terminal inject"):
        speaker.says()
    with pytest.raises(NoKey, match="dukpt-tdes"):
        Speaker("iso87-ascii", ring(TPK), Manner(secure="dukpt")).says()


def test_macs_can_be_left_out_and_demanded() -> None:
    """``--no-mac`` and ``--mac``; without the keys for one it cannot be demanded."""
    without = Speaker("iso87-ascii", ring(TDES_DUKPT), Manner(mac=False))
    assert without.mapper.request(without.codec.decode(without.says().body)).mac == ""
    with pytest.raises(NoKey, match="neither PIN nor MAC"):
        Speaker("iso87-ascii", ring(), Manner(mac=True)).says(Presented())


def test_a_format_that_its_key_does_not_serve_is_refused() -> None:
    """SR-PIN-05: format 4 is of AES keys."""
    with pytest.raises(SecurityError, match="no PIN block can be made"):
        Speaker("iso87-ascii", ring(TDES_DUKPT)).says(Presented(pin=Pin("1234"), pin_format=4))


@pytest.mark.parametrize("pin_format", [0, 1, 3])
def test_the_format_can_be_chosen(pin_format: int) -> None:
    """Of ISO 9564-1, under TDES."""
    speaker = Speaker("iso87-ascii", ring(TPK))
    said = speaker.says(Presented(pin=Pin("12345"), pin_format=pin_format))
    block = speaker.mapper.request(speaker.codec.decode(said.body)).pin_block
    assert block is not None
    cipher = BlockCipher("TDES", bytes.fromhex(SESSION_PIN))
    assert decipher(cipher, pin_format, bytes.fromhex(block.reveal()), PAN.reveal()) == "12345"


def test_faults_on_purpose_are_the_faults_that_they_say() -> None:
    """For QA: one bit of the MAC, another padding, the serial number of before."""
    speaker = Speaker("iso87-ascii", ring(TDES_DUKPT))

    def sent(faults: Faults) -> tuple[bytes, bytes, str]:
        said = speaker.says(Presented(pin=Pin("1234"), faults=faults))
        fields = speaker.codec.decode(said.body)
        covered = speaker.cover.input(said.body)
        return covered, speaker.cover.mac(fields), speaker.mapper.request(fields).ksn

    covered, told, ksn = sent(Faults(mac=True))
    right = mac("x9.19:8", mac_key(ksn, "mac_request"), covered)
    assert sum((a ^ b).bit_count() for a, b in zip(told, right, strict=True)) == 1
    covered, told, replayed = sent(Faults(padding=2, replay_ksn=True))
    assert replayed == ksn
    assert told == mac("x9.19/2:8", mac_key(ksn, "mac_request"), covered)
    assert parse(sent(Faults())[2]).counter == 2


def test_the_answer_to_it_is_believed_only_with_a_right_mac() -> None:
    """INV-72 from the other side: under the response key of the same serial number. A host that
    declines may do so without one.
    """
    speaker = Speaker("iso87-ascii", ring(TDES_DUKPT))
    said = speaker.says()
    ksn = said.secured.ksn

    def under(purpose: str, change: int = 0) -> Callable[[bytes], bytes]:
        def make(data: bytes) -> bytes:
            made = mac("x9.19:8", mac_key(ksn, purpose), data)
            return bytes((made[0] ^ change,)) + made[1:]

        return make

    good = speaker.messages.hear(said, speaker.answered(said, under("mac_response")))
    assert (good.approved, good.untrusted, good.checked.mac) == (True, "", "verified")
    for wrong in (under("mac_request"), under("mac_response", 1)):
        heard = speaker.messages.hear(said, speaker.answered(said, wrong))
        assert heard.untrusted == "the answer's MAC is wrong"
    bare = speaker.messages.hear(said, speaker.answered(said, None))
    assert bare.untrusted == "the answer bears no MAC"
    declined = speaker.messages.hear(said, speaker.answered(said, None, Reason.FUNDS_INSUFFICIENT))
    assert (declined.untrusted, declined.checked.mac) == ("", "missing")


def test_every_bit_of_an_answer_is_covered() -> None:
    """M-10 from the other side: an answer of which one bit was changed is no answer, or none of
    ours; none of them is an approval.
    """
    speaker = Speaker("iso87-binary", ring(TDES_DUKPT))
    said = speaker.says()

    def make(data: bytes) -> bytes:
        return mac("x9.19:8", mac_key(said.secured.ksn, "mac_response"), data)

    answer = speaker.answered(said, make)
    assert speaker.messages.hear(said, answer).untrusted == ""
    for bit in range(8 * len(answer)):
        changed = bytearray(answer)
        changed[bit // 8] ^= 1 << bit % 8
        heard = speaker.messages.hear(said, bytes(changed))
        assert not heard.ours or heard.untrusted, f"bit {bit}"


def test_a_pin_leaves_no_trace_in_what_is_printed() -> None:
    """SR-SAD-01: neither the message nor what made it shows it."""
    speaker = Speaker("iso87-ascii", ring(TDES_DUKPT))
    presented = Presented(pin=Pin("987612"))
    shown = f"{presented!r} {speaker.says(presented)!r} {speaker.keys.slots!r}"
    assert "987612" not in shown


def test_the_counter_is_on_the_disk_before_the_message_leaves(tmp_path: Path) -> None:
    """INV-71: whatever happens to the message, a process that comes later goes on behind it."""
    master = MasterKey(bytearray(b"\x09" * 32))
    keys = KeyRing(tmp_path, master)
    keys.put(Fresh(TDES_DUKPT, "T", bytearray.fromhex(TDES_IK), TDES_KSN))
    speaker = Speaker("iso87-ascii", keys)
    for _ in range(3):
        said = speaker.says()
        kept = KeyRing(tmp_path, MasterKey(bytearray(b"\x09" * 32)))
        assert str(kept.last_ksn(TDES_DUKPT)) == said.secured.ksn


def test_a_counter_that_cannot_be_kept_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk stops the terminal before anything leaves it."""
    keys = KeyRing(tmp_path, MasterKey(bytearray(b"\x09" * 32)))
    keys.put(Fresh(TDES_DUKPT, "T", bytearray.fromhex(TDES_IK), TDES_KSN))
    speaker = Speaker("iso87-ascii", keys)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeptFileError, match="No space left"):
        speaker.says()
