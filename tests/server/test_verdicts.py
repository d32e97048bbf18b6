"""switch.server.verdicts: what of a message goes to the vault, under which key, and what becomes of
a question that cannot be asked.
"""

from __future__ import annotations

from typing import Any

import pytest

from switch.keys.port import KeyMisused, KeyRefused
from switch.model.copies import replace
from switch.model.events import BrokenArrived, Origin
from switch.model.facts import VerdictNeed
from switch.model.records import Card, FormerKey, Key, SealedKey, Terminal
from switch.model.request import Problem
from switch.model.security import KeyUse, Security
from switch.model.settings import Settings
from switch.model.words import EntryMode, Reason
from switch.server.verdicts import Verdicts
from switch.server.working import UnknownRowError
from switch.values import CardVerification, ChipData, PinBlock, Track2
from tests.server_room import purchase
from tests.verdict_room import (
    CARD,
    CVK,
    FORMER,
    IMK,
    NOW,
    PVK,
    TAK,
    TPK,
    Asked,
    ask,
    facts,
    sealed,
)

MAC = VerdictNeed("mac", (TAK,))
PIN = VerdictNeed("pin", (TPK, PVK))


def test_a_mac_is_checked_over_what_the_dialect_covers() -> None:
    """The scheme is the terminal's own, or else the dialect's; the serial number goes along."""
    vault = Asked(mac=lambda _: "good")
    assert ask(vault, MAC, facts(sealed(TAK)), ksn="FFFF9876543210E00001").outcome == "good"
    ((_, block, given),) = vault.asked
    assert block == "new"
    assert given == {
        "scheme": "x9.9",
        "data": b"message",
        "mac": bytes.fromhex("0011223344556677"),
        "ksn": "FFFF9876543210E00001",
    }
    plain = facts(sealed(TAK))
    plain = replace(
        plain, settings=replace(plain.settings, securities={"shop": Security(name="shop")})
    )
    ask(vault, MAC, plain)
    assert vault.asked[-1][2]["scheme"] == "x9.19"


def test_the_key_before_an_exchange_is_tried_after_the_current_one() -> None:
    """For as long as it is accepted: ``older`` ended in this very microsecond."""
    vault = Asked(mac=lambda block: "good" if block == "old" else "bad")
    verdict = ask(vault, MAC, facts(sealed(TAK, former=FORMER)))
    assert (verdict.outcome, verdict.data) == ("good", {"former": "1"})
    assert vault.under == ["new", "old"]
    two = (FormerKey("before", "ABCDEF", 2_000_000), *FORMER)
    assert ask(vault, MAC, facts(sealed(TAK, former=two))).data == {"former": "2"}
    vault = Asked(mac=lambda _: "bad")
    verdict = ask(vault, MAC, facts(sealed(TAK, former=FORMER)))
    assert (verdict.outcome, verdict.said, verdict.data) == ("bad", "under new", {})
    vault = Asked(mac=lambda _: "good")
    assert ask(vault, MAC, facts(sealed(TAK, former=FORMER))).data == {}
    assert vault.under == ["new"]


@pytest.mark.parametrize(
    ("row", "outcome", "said"),
    [
        ((), "unknown_key", f"there is no key {TAK}"),
        ((sealed(TAK, "", state="destroyed"),), "unknown_key", f"there is no key {TAK}"),
        ((sealed(TAK, state="deactivated"),), "unusable", f"the key {TAK} is deactivated"),
    ],
)
def test_a_key_that_is_not_there_is_not_asked_with(
    row: tuple[SealedKey, ...], outcome: str, said: str
) -> None:
    """M-16: nor is another one tried in its place."""
    vault = Asked(mac=lambda _: "good")
    absent = () if row else (Key(SealedKey.TABLE, TAK),)
    verdict = ask(vault, MAC, facts(*row, absent=absent))
    assert (verdict.outcome, verdict.said) == (outcome, said)
    assert vault.asked == []


@pytest.mark.parametrize("failure", [KeyMisused("a PIN key makes no MAC"), KeyRefused("no block")])
def test_a_key_that_must_not_do_this_is_unusable(failure: Exception) -> None:
    """SR-KEY-03: a verdict that no approval follows from, with the vault's own words."""

    def refuse(_: str) -> str:
        raise failure

    verdict = ask(Asked(mac=refuse), MAC, facts(sealed(TAK)))
    assert (verdict.outcome, verdict.said) == ("unusable", str(failure))


def test_anything_else_is_a_defect() -> None:
    """SR-GEN-02: it is not made a verdict of."""

    def fail(_: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(Asked(mac=fail), MAC, facts(sealed(TAK)))
    with pytest.raises(KeyError):
        ask(Asked(), VerdictNeed("mood"), facts())
    with pytest.raises(UnknownRowError):
        ask(Asked(mac=lambda _: "good"), MAC, facts())
    request = purchase(1)
    broken = BrokenArrived(NOW, Origin(1, 1, "shop", "p"), request, _problem())
    with pytest.raises(TypeError, match="BrokenArrived has nothing to ask"):
        Verdicts(Asked(), {}).answer(MAC, broken, facts())  # type: ignore[arg-type]


def _problem() -> Problem:
    return Problem("amount", "field 4", Reason.FORMAT_ERROR, "no digits")


def test_a_message_without_a_mac_has_nothing_to_check() -> None:
    """Whether that is wrong is the core's to say (M-09)."""
    vault = Asked()
    assert ask(vault, MAC, facts(sealed(TAK)), mac="").outcome == "absent"
    assert vault.asked == []


BLOCK = PinBlock("A1B2C3D4E5F60718")


def test_a_pin_is_verified_as_its_card_says() -> None:
    """Method and reference of the card, formats of the terminal's security."""
    vault = Asked(pin=lambda _: "good")
    known = facts(sealed(TPK), sealed(PVK, "pvk"), CARD)
    assert ask(vault, PIN, known, pin_block=BLOCK).outcome == "good"
    ((_, block, given),) = vault.asked
    assert (block, given["method"], given["reference"]) == ("new", "visa-pvv", "11234")
    assert given["verifying"] == KeyUse(PVK, "pvk")
    assert given["formats"] == (0, 3, 4)


def test_an_enrolled_card_has_the_pin_of_the_house() -> None:
    """Its method needs no key of an issuer; neither does that of a card not there yet."""
    vault = Asked(pin=lambda _: "bad")
    house = replace(CARD, pin_method="house", pin_reference="")
    need = VerdictNeed("pin", (TPK,))
    assert ask(vault, need, facts(sealed(TPK), house), pin_block=BLOCK).outcome == "bad"
    card = Key(Card.TABLE, "token")
    ask(vault, need, facts(sealed(TPK), absent=(card,)), pin_block=BLOCK)
    assert [given["method"] for _, _, given in vault.asked] == ["house", "house"]
    assert [given["verifying"] for _, _, given in vault.asked] == [None, None]


def test_a_block_that_does_not_open_is_tried_under_the_key_before() -> None:
    """M-11: only that; a PIN that was read and is wrong is not guessed at under another key."""
    former = (FormerKey("old", "ABCDEF", 2_000_000),)
    known = facts(sealed(TPK, former=former), sealed(PVK, "pvk"), CARD)
    vault = Asked(pin=lambda block: "good" if block == "old" else "block_invalid")
    verdict = ask(vault, PIN, known, pin_block=BLOCK)
    assert (verdict.outcome, verdict.data) == ("good", {"former": "1"})
    vault = Asked(pin=lambda _: "bad", reference=lambda _: "bad")
    assert ask(vault, PIN, known, pin_block=BLOCK).outcome == "bad"
    assert vault.under == ["new"]


def test_a_verification_key_is_rotated_with_an_overlap() -> None:
    """References made under the key before still verify."""
    former = (FormerKey("pvk-old", "ABCDEF", 2_000_000),)
    known = facts(sealed(TPK), sealed(PVK, "pvk", former=former), CARD)
    vault = Asked(
        pin=lambda _: "bad", reference=lambda block: "good" if block == "pvk-old" else "bad"
    )
    assert ask(vault, PIN, known, pin_block=BLOCK).outcome == "good"


def test_what_does_not_fit_is_explained_once_every_key_was_tried() -> None:
    """The doctor is asked about the current key, with all that the MAC may cover; what it says is
    added to what was said of the verdict, and changes no outcome.
    """
    vault = Asked(mac=lambda _: "bad", pin=lambda _: "block_invalid", cryptogram=lambda _: "bad")
    vault.why = "it would fit otherwise"
    former = facts(sealed(TAK, former=FORMER), sealed(TPK), sealed(PVK), sealed(IMK), CARD)
    chip = ChipData("9F2608A1B2C3D4E5F60718")
    for need, outcome in (
        (MAC, "bad"),
        (PIN, "block_invalid"),
        (VerdictNeed("cryptogram", (IMK,)), "bad"),
    ):
        verdict = ask(vault, need, former, pin_block=BLOCK, chip=chip, ksn="FFFF9876543210E00001")
        assert (verdict.outcome, verdict.said) == (outcome, "under new; it would fit otherwise")
    assert [(question, block) for question, block, _ in vault.explained] == [
        ("mac", "new"),
        ("pin", "new"),
        ("cryptogram", "new"),
    ]
    scheme, covered, mac, ksn, others = vault.explained[0][2]
    assert (scheme, mac.hex(), ksn) == ("x9.9", "0011223344556677", "FFFF9876543210E00001")
    assert covered == [("", b"message"), ("up to its end", b"messageMACMACMA")]
    # The terminal's own keys whose rows are there, which is all that may be told of here.
    assert others == [KeyUse(TPK, "new"), KeyUse(TAK, "new")]
    assert vault.explained[1][2][-1] == others
    asked_for = vault.explained[2][2][-1]  # what the card should have made its cryptogram over
    assert asked_for is not None


def test_what_fits_is_not_explained() -> None:
    """Nor is a wrong PIN, which nobody is to be helped with."""
    vault = Asked(mac=lambda _: "good", pin=lambda _: "bad", reference=lambda _: "bad")
    known = facts(sealed(TAK), sealed(TPK), sealed(PVK), CARD)
    assert ask(vault, MAC, known).outcome == "good"
    assert ask(vault, PIN, known, pin_block=BLOCK).outcome == "bad"
    assert vault.explained == []


@pytest.mark.parametrize(("card", "asked"), [("01", "01"), ("", "07")])
def test_a_cryptogram_is_judged_by_the_cards_profile(card: str, asked: str) -> None:
    """Under the sequence number of the card, where that is known."""
    vault = Asked(cryptogram=lambda _: "good")
    known = facts(sealed(IMK), replace(CARD, sequence=card))
    chip = ChipData("9F2608A1B2C3D4E5F60718")
    need = VerdictNeed("cryptogram", (IMK,))
    assert ask(vault, need, known, chip=chip, card_sequence="007").outcome == "good"
    given = vault.asked[0][2]
    assert (given["profile"], given["sequence"], given["chip"]) == ("visa-cvn10", asked, chip)
    assert ask(vault, need, known).outcome == "absent"


TRACK = Track2("4761739001010010=30122011123498700000")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (EntryMode.MAGSTRIPE, "cvv"),
        (EntryMode.FALLBACK, "cvv"),
        (EntryMode.CHIP, "icvv"),
        (EntryMode.CONTACTLESS_CHIP, "icvv"),
    ],
)
def test_the_value_on_a_track_depends_on_where_it_was_read(mode: EntryMode, kind: str) -> None:
    """A stripe bears the CVV, a chip the iCVV; both with the track's own expiry."""
    vault = Asked(**{kind: lambda _: "good"})
    need = VerdictNeed("card_verification", (CVK,))
    known = facts(sealed(CVK), CARD)
    assert ask(vault, need, known, track2=TRACK, entry_mode=mode, expiry="").outcome == "good"
    ((_, _, given),) = vault.asked
    assert (given["expiry"], given["service_code"]) == ("3012", "201")
    assert given["code"] == CardVerification("987")


def test_every_value_of_a_message_must_fit() -> None:
    """The first that does not decides; one that is cut off does not fit."""
    need = VerdictNeed("card_verification", (CVK,))
    known = facts(sealed(CVK), CARD)
    both: dict[str, Any] = {
        "track2": TRACK,
        "entry_mode": EntryMode.MAGSTRIPE,
        "card_verification": CardVerification("123"),
        "expiry": "",
    }
    vault = Asked(cvv=lambda _: "good", cvv2=lambda _: "bad")
    assert ask(vault, need, known, **both).outcome == "bad"
    assert vault.asked[1][2]["expiry"] == "3012"  # the card's, where the message has none
    vault = Asked(cvv=lambda _: "bad")
    assert ask(vault, need, known, **both).outcome == "bad"
    short = {**both, "track2": Track2("4761739001010010=3012201")}
    verdict = ask(Asked(), need, known, **short)
    assert (verdict.outcome, verdict.said) == ("bad", "track 2 ends before its verification value")
    assert ask(Asked(), need, known, track2=TRACK).outcome == "absent"


@pytest.mark.parametrize(
    ("master", "mark"), [((), "test"), ((sealed("terminal.T1.tmk", mark="live"),), "live")]
)
def test_working_keys_are_made_as_the_terminals_security_says(
    master: tuple[SealedKey, ...], mark: str
) -> None:
    """Of the mark of the key they go out under (SR-KEY-09); told by role."""
    vault = Asked()
    verdict = ask(vault, VerdictNeed("working_keys"), facts(*master))
    assert vault.asked == [
        (
            "working",
            "tdes-2",
            {"terminal": "T1", "mac_scheme": "x9.9", "form": "tr31", "mark": mark},
        )
    ]
    assert verdict.outcome == "made"
    assert verdict.data["tpk"] == "tpk-block"
    assert verdict.data["tak_check"] == "ABCDEF"
    assert verdict.data["tak_length"] == "16"


def test_keys_that_could_not_be_handed_out_are_not_made() -> None:
    """INV-06: their answer could not be written, and the terminal would never hear of them. Why is
    said: the master key's usage, or that it is weaker than they.
    """
    vault = Asked()
    vault.unfit = "it must not make a key cryptogram"
    master = sealed("terminal.T1.tmk", "master")
    verdict = ask(vault, VerdictNeed("working_keys"), facts(master))
    assert (verdict.outcome, verdict.said) == ("unusable", vault.unfit)
    (order,) = vault.handed
    assert (order.master, order.form) == (KeyUse("terminal.T1.tmk", "master"), "tr31")
    assert dict(order.working)["tak"] == KeyUse("terminal.T1.tak", "tak-block")


def test_a_terminal_that_is_not_there_yet_keeps_to_what_enrolled_ones_do() -> None:
    """The security named by ``enrol_security``."""
    known = facts(sealed("terminal.T9.tak"), absent=(Key(Terminal.TABLE, "T9"),))
    settings = known.settings
    assert isinstance(settings, Settings)
    known = replace(known, settings=replace(settings, enrol_security="shop", enrol_unknown=True))
    vault = Asked(mac=lambda _: "good")
    ask(vault, VerdictNeed("mac", ("terminal.T9.tak",)), known, terminal_id="T9")
    assert vault.asked[0][2]["scheme"] == "x9.9"
