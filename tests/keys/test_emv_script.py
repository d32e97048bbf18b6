"""Issuer scripts: published MACs and PIN changes, what a card takes and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch import tlv
from switch.keys.ciphers import Key
from switch.keys.emv_keys import card_key, common, visa_messaging
from switch.keys.emv_profiles import PROFILES, Messaging
from switch.keys.emv_script import (
    NAMES,
    CardMoment,
    Command,
    command_of,
    commands_in,
    opened,
    pin_change,
    script_key,
    script_mac,
    secured,
    template,
    template_of,
    visa_pin_block,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from tests.keys.chip_room import INTEGRITY, ISSUER, PAN, double_keys, profiles

CONFIDENTIALITY = bytes.fromhex("11111111111111112222222222222222")
CARD = "1234567890123456"  # of pyemv's tests
MOMENT = CardMoment(ISSUER, b"\x00\x1c", bytes.fromhex("29CCA15AE665FA2E"))
names = st.lists(st.sampled_from([*NAMES[:-1], "put-data:9F58:03", "put-data:C1:0102"]), max_size=5)


def keys_of(master: bytes, method: str, moment: str) -> bytearray:
    """The session key of a card's script, as pyemv's tests have it."""
    derive = common if method == "common" else visa_messaging
    return derive(card_key(master, CARD, "01"), bytes.fromhex(moment))


def test_macs_are_the_published_ones() -> None:
    """PIN unblock under a common session key, with and without data under Visa's (pyemv)."""
    for master, sequence, derive, moment, command, mac in (
        (ISSUER, "01", common, "ABCDEF1234567890", "8424000008", "CF323F09A0F6AB9E"),
        (
            INTEGRITY, "00", visa_messaging, "001C",
            "8418000008001C29CCA15AE665FA2E", "DB56BA60087CEFD3",
        ),
        (
            ISSUER, "01", visa_messaging, "FFFF",
            "8424000210D421231A6FD2F0FAEE671384F0D3A7B9", "F67E37E67B06AB99",
        ),
    ):  # fmt: skip
        key = derive(card_key(master, CARD, sequence), bytes.fromhex(moment))
        assert script_mac(key, bytes.fromhex(command)).hex().upper() == mac


@pytest.mark.parametrize(
    ("style", "method", "moment", "current", "block", "enciphered", "mac"),
    [
        ("mastercard", "common", "ABCDEF1234567890", "", "249999FFFFFFFFFF",
         "28367E05DE3381C2", "8C4D10091A093B5B"),
        ("emv", "common", "ABCDEF1234567890", "", "249999FFFFFFFFFF",
         "28367E05DE3381C29D30A6055A8DEB86", "69DA1EE208823022"),
        ("visa", "visa_sm", "FFFF", "", "049999FFC4B001F1",
         "D421231A6FD2F0FAEE671384F0D3A7B9", "F67E37E67B06AB99"),
        ("visa", "visa_sm", "FFFF", "8888", "8C1199FFC4B001F1",
         "C29371CC36BA70C1EE671384F0D3A7B9", "6AB3AD15D8B0621A"),
    ],
)  # fmt: skip
def test_pin_changes_are_the_published_ones(
    style: str, method: str, moment: str, current: str, block: str, enciphered: str, mac: str
) -> None:
    """Three styles, with and without the current PIN (pyemv's tests)."""
    steps = Steps()
    confidentiality = keys_of(CONFIDENTIALITY, method, moment)
    card = card_key(INTEGRITY, CARD, "01")
    command = pin_change(style, confidentiality, "9999", card=card, current=current, steps=steps)
    assert command.data.hex().upper() == enciphered
    assert command.header.hex() == ("84240001" if current else "84240002")
    assert steps.lines[0] == ("PIN block", block)
    covered = command.header + b"\x10" + command.data
    assert script_mac(keys_of(ISSUER, method, moment), covered).hex().upper() == mac


@given(name=profiles, asked=names, card=double_keys())
def test_a_card_takes_what_its_issuer_ordered(name: str, asked: list[str], card: bytes) -> None:
    """All commands of an answer, in order, by every profile."""
    messaging = PROFILES[name].messaging
    moment = CardMoment(card, b"\xff\xff", b"\xff" * 8)
    commands = [command_of(one) for one in asked]
    assert opened(messaging, moment, secured(messaging, moment, commands)) == commands


@given(name=profiles, asked=names.filter(bool), data=st.data())
def test_one_changed_bit_and_a_card_takes_nothing(
    name: str, asked: list[str], data: st.DataObject
) -> None:
    """Anywhere in any command of the answer."""
    messaging = PROFILES[name].messaging
    made = secured(messaging, MOMENT, [command_of(one) for one in asked])
    at = data.draw(st.integers(0, len(made) - 1))
    bit = data.draw(st.integers(0, 8 * len(made[at]) - 1))
    value = int.from_bytes(made[at], "big") ^ 1 << bit
    made[at] = value.to_bytes(len(made[at]), "big")
    assert opened(messaging, MOMENT, made) is None


@given(name=profiles, raw=st.lists(st.binary(max_size=40), min_size=1, max_size=3))
def test_a_card_takes_nothing_from_strangers(name: str, raw: list[bytes]) -> None:
    """Any bytes instead of commands; nothing is raised."""
    assert opened(PROFILES[name].messaging, MOMENT, raw) is None


@pytest.mark.parametrize("name", ["visa-cvn18", "mastercard-cvn17", "pboc", "emv-common"])
def test_scripts_are_bound_to_their_transaction(name: str) -> None:
    """The same script for another counter, cryptogram or card is not taken (but a key from the
    counter alone binds its cryptogram by what the MAC covers).
    """
    messaging = PROFILES[name].messaging
    made = secured(messaging, MOMENT, [command_of("card-block")])
    for other in (
        CardMoment(INTEGRITY, MOMENT.atc, MOMENT.cryptogram),
        CardMoment(ISSUER, MOMENT.atc, bytes(8)),
    ):
        assert opened(messaging, other, made) is None
    if messaging.covers == "transaction":
        assert opened(messaging, CardMoment(ISSUER, b"\x00\x1d", MOMENT.cryptogram), made) is None


def test_commands_of_an_answer_follow_one_another() -> None:
    """Mastercard counts the cryptogram up, around the top; the common core chains MACs: the same
    command twice has two MACs, and their order counts.
    """
    twice = [command_of("card-block"), command_of("card-block")]
    for name in ("mastercard-cvn16", "emv-common"):
        messaging = PROFILES[name].messaging
        moment = CardMoment(ISSUER, b"\x00\x01", b"\xff" * 8)
        first, second = secured(messaging, moment, twice)
        assert first != second
        assert opened(messaging, moment, [second, first]) is None
    visa = PROFILES["visa-cvn18"].messaging
    assert len(set(secured(visa, MOMENT, twice))) == 1


def test_mastercard_counts_the_cryptogram_up_command_by_command() -> None:
    """By hand: the second command's key and MAC are of the cryptogram after the highest, zero."""
    messaging = PROFILES["mastercard-cvn16"].messaging
    moment = CardMoment(ISSUER, b"\x00\x01", b"\xff" * 8)
    made = secured(messaging, moment, [command_of("card-block"), command_of("pin-unblock")])
    for command, cryptogram in zip(made, (b"\xff" * 8, bytes(8)), strict=True):
        covered = command[:5] + moment.atc + cryptogram
        assert command[5:] == script_mac(common(ISSUER, cryptogram), covered)


def test_the_common_core_chains_whole_macs() -> None:
    """By hand (EMV book 2, 9.2.3.1): the cryptogram in front of the first command, the first
    command's MAC in front of the second.
    """
    messaging = PROFILES["emv-common"].messaging
    first, second = secured(messaging, MOMENT, [command_of("card-block")] * 2)
    key = common(ISSUER, MOMENT.cryptogram)
    assert first[5:] == script_mac(key, MOMENT.cryptogram + first[:5])
    assert second[5:] == script_mac(key, first[5:] + second[:5])


def test_a_mac_covers_counter_and_cryptogram_between_header_and_data() -> None:
    """By hand, for Visa; the length counts data and MAC."""
    messaging = PROFILES["visa-cvn10"].messaging
    command = command_of("put-data:9F58:03")
    (made,) = secured(messaging, MOMENT, [command])
    key = visa_messaging(ISSUER, MOMENT.atc)
    header = bytes.fromhex("04DA9F5809")
    assert made[:6] == header + b"\x03"
    assert made[6:] == script_mac(key, header + MOMENT.atc + MOMENT.cryptogram + b"\x03")


def test_union_pay_sends_half_a_mac() -> None:
    """Four bytes."""
    (made,) = secured(PROFILES["pboc"].messaging, MOMENT, [command_of("application-block")])
    assert made[:5].hex() == "841e000004"
    assert len(made) == 9


def test_templates_hold_commands_in_order() -> None:
    """71 and 72, with an identifier and without, as a card's terminal takes them apart."""
    commands = [bytes.fromhex("8416000004AABBCCDD"), bytes.fromhex("841E000004AABBCCDD")]
    for tag in ("71", "72"):
        for identifier in (b"", b"\x00\x00\x00\x07"):
            data = template(tag, commands, identifier)
            (item,) = tlv.parse(data)
            assert item.tag == tag
            assert (tlv.find([item], "9F18") or b"") == identifier
            assert list(commands_in([item])) == commands
    assert list(commands_in(tlv.parse(bytes.fromhex("910A00112233445566773030")))) == []


def test_a_script_without_an_identifier_has_none() -> None:
    """Not an empty one: the template begins with its first command."""
    assert (
        template("71", [b"\x84"]) == template("71", [b"\x84"], b"") == bytes.fromhex("7103860184")
    )


def test_commands_are_of_their_names() -> None:
    """A tag of one byte stands in the second parameter (ISO 7816-4, PUT DATA)."""
    assert command_of("put-data:C1:0102") == Command(bytes.fromhex("04DA00C1"), b"\x01\x02")
    assert command_of("put-data:9F58:03") == Command(bytes.fromhex("04DA9F58"), b"\x03")
    assert repr(command_of("pin-unblock")) == "Command(84240000, 0 bytes)"
    assert repr(command_of("put-data:9F58:03")) == "Command(04DA9F58, 1 bytes)"


def test_what_changes_the_second_cryptogram_comes_before_it() -> None:
    """Unblocking in 71, the rest in 72."""
    assert {name: template_of(name) for name in NAMES[:-1]} == {
        "application-block": "72",
        "application-unblock": "71",
        "card-block": "72",
        "pin-unblock": "71",
    }


@given(name=st.text(max_size=30))
def test_any_name_is_a_command_or_refused(name: str) -> None:
    """Names come from configuration and operators."""
    try:
        command = command_of(name)
    except KeyRefused:
        assert name not in NAMES[:-1]
    else:
        assert len(command.header) == 4


@pytest.mark.parametrize(
    "name", ["", "put-data", "put-data:9F58", "put-data:9F58:", "put-data:9F5801:00",
             "put-data:9F58:0", "put-data:9F58:" + "00" * 201, "get-data:9F58:00", "card-block:00"],
)  # fmt: skip
def test_commands_that_cannot_be_are_refused(name: str) -> None:
    """What there is, is told."""
    with pytest.raises(KeyRefused, match="card-block"):
        command_of(name)


def test_what_cannot_be_secured_is_refused() -> None:
    """Keys, PINs, styles, headers and sizes that are none."""
    strange = Messaging(session="none", covers="transaction", pin="visa")
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (
            lambda: script_key(strange, ISSUER, b"\x00\x01", bytes(8)),
            "no method for the session keys",
        ),
        (
            lambda: script_key(PROFILES["emv-common"].messaging, ISSUER, b"\x00\x01", bytes(7)),
            "a cryptogram has 8",
        ),
        (lambda: script_mac(ISSUER, b"", 3), "4 to 8 bytes, not 3"),
        (lambda: script_mac(ISSUER, b"", 9), "4 to 8 bytes, not 9"),
        (
            lambda: secured(PROFILES["pboc"].messaging, MOMENT, [Command(b"\x84")]),
            "four bytes of header",
        ),
        (
            lambda: secured(PROFILES["pboc"].messaging, MOMENT, [Command(bytes(4), bytes(201))]),
            "200 of data at most",
        ),
        (lambda: template("91", []), "71 and 72"),
        (lambda: template("72", [], b"\x00"), "this one has 1"),
        (lambda: pin_change("interac", ISSUER, "1234"), "a PIN change is"),
        (lambda: pin_change("emv", ISSUER, "1234", current="1234"), "only visa's has an old PIN"),
        (lambda: pin_change("emv", ISSUER[:8], "1234"), "a session key for confidentiality has 16"),
        (lambda: pin_change("emv", ISSUER, "123"), "PIN"),
        (
            lambda: secured(
                PROFILES["mastercard-cvn16"].messaging,
                CardMoment(ISSUER, b"\x00\x01", bytes(7)),
                [command_of("card-block")],
            ),
            "a cryptogram has 8",
        ),
        (lambda: pin_change("visa", ISSUER, "1234"), "a card's key has 16 bytes, this one has 0"),
        (lambda: visa_pin_block("1234", ISSUER, "12"), "PIN"),
    )
    for call, said in calls:
        with pytest.raises(KeyRefused, match=said):
            call()


def test_a_mac_is_cut_to_what_its_scheme_sends() -> None:
    """Four to eight bytes from the left; the way there is shown."""
    steps = Steps()
    whole = script_mac(ISSUER, b"command", steps=steps)
    assert len(whole) == 8
    assert [script_mac(ISSUER, b"command", size) for size in range(4, 9)] == [
        whole[:size] for size in range(4, 9)
    ]
    assert steps.find("padded data") == b"command".hex().upper() + "80"


def test_a_command_takes_two_hundred_bytes() -> None:
    """One length for issuer and card, one byte for it and the MAC."""
    messaging = PROFILES["emv-common"].messaging
    command = command_of("put-data:9F58:" + "A5" * 200)
    (made,) = secured(messaging, MOMENT, [command])
    assert made[4] == 208
    assert opened(messaging, MOMENT, [made]) == [command]


def test_a_script_key_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: once its MAC is made, by either way to make one."""
    keys: list[bytearray] = []

    def watched(messaging: Messaging, card: Key, atc: bytes, cryptogram: bytes) -> bytearray:
        keys.append(script_key(messaging, card, atc, cryptogram))
        assert any(keys[-1])
        return keys[-1]

    monkeypatch.setattr("switch.keys.emv_script.script_key", watched)
    for name in ("visa-cvn18", "emv-common"):
        secured(PROFILES[name].messaging, MOMENT, [command_of("card-block")])
    assert keys == [bytearray(16)] * 2


def test_nothing_that_is_secret_is_shown() -> None:
    """A command's data may be a PIN, a moment holds a key."""
    command = pin_change("mastercard", ISSUER, "9999")
    assert command.data.hex().upper() not in repr(command).upper()
    assert ISSUER.hex().upper() not in repr(MOMENT).upper()
    assert PAN not in repr(MOMENT)


def test_a_block_for_a_first_pin_needs_no_old_one() -> None:
    """Of Visa: nothing is XORed in for a PIN that the card does not have to check (pyemv)."""
    card = bytes.fromhex("2F98ADEF3B4FFE0E5832759BB5D057D6")
    assert visa_pin_block("9999", card).hex().upper() == "049999FFC4B001F1"
