"""Chip cards side by side with pyemv, a second opinion: keys, cryptograms, answers, scripts, card
verification values, for made-up cards and transactions.

pyemv warns about keys of 16 bytes, which ``cryptography`` deprecates; the key room expands them.
"""

from __future__ import annotations

from typing import Any, Final

import pyemv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.card_verification import cvc3
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.emv_chip import read_chip
from switch.keys.emv_cryptogram import application_cryptogram
from switch.keys.emv_keys import card_key, common, emv2000, session_key, visa_messaging
from switch.keys.emv_profiles import PROFILES
from switch.keys.emv_response import issuer_authentication, response_cryptogram, response_mac
from switch.keys.emv_script import (
    CardMoment,
    Command,
    pin_change,
    script_key,
    secured,
    visa_pin_block,
)
from tests.keys.chip_room import (
    INTEGRITY,
    ISSUER,
    OTHER,
    counters,
    double_keys,
    pans,
    sequences,
    terminals,
)

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

two, eight = st.binary(min_size=2, max_size=2), st.binary(min_size=8, max_size=8)
pins = st.from_regex(r"[0-9]{4,12}", fullmatch=True)

# Our profile, pyemv's class, what of 9F10 it wants by its own name.
TWINS: Final[dict[str, Any]] = {
    "visa-cvn10": (pyemv.cvn.VisaCVN10, {"cvr": (3, 7)}),
    "visa-cvn18": (pyemv.cvn.VisaCVN18, {"tag_9f10": (0, 32)}),
    "visa-cvn22": (pyemv.cvn.VisaCVN22, {"tag_9f10": (0, 32)}),
    "mastercard-cvn16": (pyemv.cvn.MasterCardCVN16, {"cvr": (2, 8)}),
    "mastercard-cvn17": (pyemv.cvn.MasterCardCVN17, {"cvr": (2, 8), "counters": (10, 18)}),
    "mastercard-cvn20": (pyemv.cvn.MasterCardCVN20, {"cvr": (2, 8)}),
    "mastercard-cvn21": (pyemv.cvn.MasterCardCVN21, {"cvr": (2, 8), "counters": (10, 18)}),
}
twins = st.sampled_from(sorted(TWINS))


def twin(name: str, pan: str, sequence: str) -> Any:
    """The card as pyemv makes it."""
    return TWINS[name][0](ISSUER, INTEGRITY, OTHER, pan, sequence)


@given(master=double_keys(), pan=pans, sequence=sequences)
def test_card_keys(master: bytes, pan: str, sequence: str) -> None:
    """Options A and B."""
    assert card_key(master, pan, sequence, "A") == pyemv.kd.derive_icc_mk_a(master, pan, sequence)
    assert card_key(master, pan, sequence, "B") == pyemv.kd.derive_icc_mk_b(master, pan, sequence)


@given(card=double_keys(), atc=two, diversification=eight)
def test_session_keys(card: bytes, atc: bytes, diversification: bytes) -> None:
    """Common and Visa's."""
    assert common(card, diversification) == pyemv.kd.derive_common_sk(card, diversification)
    assert session_key("common", card, atc) == pyemv.kd.derive_common_sk(card, atc + bytes(6))
    assert visa_messaging(card, atc) == pyemv.kd.derive_visa_sm_sk(card, atc)


@given(
    card=double_keys(),
    atc=two,
    start=st.binary(min_size=16, max_size=16),
    tree=st.sampled_from(((8, 4), (16, 2), (4, 16))),
)
def test_tree_of_emv_2000(card: bytes, atc: bytes, start: bytes, tree: tuple[int, int]) -> None:
    """Three shapes."""
    height, branches = tree
    mine = emv2000(card, atc, height, branches, start)
    assert mine == pyemv.kd.derive_emv2000_tree_sk(card, atc, height, branches, start)


@given(key=double_keys(), data=st.binary(max_size=80), padding=st.sampled_from((1, 2)))
def test_cryptograms(key: bytes, data: bytes, padding: int) -> None:
    """Any data, both paddings."""
    theirs = pyemv.ac.generate_ac(key, data, pyemv.ac.PaddingType(padding))
    assert application_cryptogram(key, data, padding) == theirs


@given(key=double_keys(), cryptogram=eight, code=two, data=st.data())
def test_responses(key: bytes, cryptogram: bytes, code: bytes, data: st.DataObject) -> None:
    """Methods 1 and 2."""
    status = data.draw(st.binary(min_size=4, max_size=4))
    own = data.draw(st.binary(max_size=8))
    mine = response_cryptogram(key, cryptogram, code)
    assert mine == pyemv.ac.generate_arpc_1(key, cryptogram, code)
    mine = response_mac(key, cryptogram, status, own)
    assert mine == pyemv.ac.generate_arpc_2(key, cryptogram, status, own)


@given(name=twins, pan=pans, sequence=sequences, counter=counters, terminal=terminals())
def test_whole_transactions(
    name: str, pan: str, sequence: str, counter: int, terminal: TerminalData
) -> None:
    """A test card's cryptogram and its issuer's answer, from master key to tag 91."""
    values = read_chip(ChipCard(name, pan, sequence, ISSUER).chip_data(terminal, counter))
    profile, theirs = PROFILES[name], twin(name, pan, sequence)
    parts = {word: values["9F10"][start:end] for word, (start, end) in TWINS[name][1].items()}
    said = {f"tag_{tag.lower()}": values[tag] for tag in profile.tags}
    assert values["9F26"] == theirs.generate_ac(**said, **parts)

    card = card_key(ISSUER, pan, sequence, profile.option)
    unpredictable = values["9F37"]
    key = (
        card
        if profile.response_key == "card"
        else session_key(profile.session, card, values["9F36"], unpredictable)
    )
    told = b"\x00\x82\x00\x00" if profile.response == 2 else b"00"
    words: dict[str, bytes] = {"tag_9f26": values["9F26"]}
    words["csu" if profile.response == 2 else "arpc_rc"] = told
    if profile.response_key == "session":
        words["tag_9f36"] = values["9F36"]
    mine = issuer_authentication(profile.response, key, values["9F26"], told)
    assert mine == theirs.generate_arpc(**words) + told


@given(
    name=twins, pan=pans, sequence=sequences, atc=two, cryptogram=eight, data=st.binary(max_size=40)
)
def test_script_macs(
    name: str, pan: str, sequence: str, atc: bytes, cryptogram: bytes, data: bytes
) -> None:
    """The first command of an answer."""
    profile = PROFILES[name]
    card = card_key(INTEGRITY, pan, sequence, profile.option)
    moment = CardMoment(card, atc, cryptogram)
    (mine,) = secured(profile.messaging, moment, [Command(bytes.fromhex("04DA9F58"), data)])
    header = bytes.fromhex("04DA9F58") + bytes((len(data) + 8,))
    theirs = twin(name, pan, sequence).generate_command_mac(header, cryptogram, atc, data)
    assert mine == header + data + theirs


@given(name=twins, pan=pans, sequence=sequences, atc=two, cryptogram=eight, pin=pins, current=pins)
def test_pin_changes(
    name: str, pan: str, sequence: str, atc: bytes, cryptogram: bytes, pin: str, current: str
) -> None:
    """A whole command, with the current PIN where the scheme has it (Visa's CVN 22 without it takes
    an ISO block, which we leave to ``emv`` and ``mastercard``).
    """
    profile, theirs = PROFILES[name], twin(name, pan, sequence)
    messaging = profile.messaging
    ciphering = card_key(OTHER, pan, sequence, profile.option)
    key = script_key(messaging, ciphering, atc, cryptogram)
    card = card_key(ISSUER, pan, sequence, profile.option)
    moment = CardMoment(card_key(INTEGRITY, pan, sequence, profile.option), atc, cryptogram)
    words = {"tag_9f26": cryptogram, "tag_9f36": atc}
    if messaging.pin == "visa":
        command = pin_change("visa", key, pin, card=card, current=current)
        words_with = {**words, "current_pin": current}
        assert secured(messaging, moment, [command]) == [
            theirs.generate_pin_change_command(pin, **words_with)
        ]
    else:
        command = pin_change(messaging.pin, key, pin)
        assert secured(messaging, moment, [command]) == [
            theirs.generate_pin_change_command(pin, **words)
        ]


@given(card=double_keys(), pin=pins, current=st.one_of(st.just(""), pins))
def test_visa_pin_blocks(card: bytes, pin: str, current: str) -> None:
    """With and without the current PIN."""
    theirs = pyemv.sm.format_vis_pin_block(card, pin, current or None)
    assert visa_pin_block(pin, card, current) == theirs


@given(
    card=double_keys(),
    track=st.binary(min_size=1, max_size=40),
    atc=two,
    number=st.binary(min_size=4, max_size=4),
)
def test_cvc3(card: bytes, track: bytes, atc: bytes, number: bytes) -> None:
    """Five digits of ours, zeros in front where pyemv leaves them out."""
    assert cvc3(card, track, atc, number) == pyemv.cvv.generate_cvc3(
        card, track, atc, number
    ).rjust(5, "0")
