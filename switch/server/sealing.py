"""What the vault adds to an answer when it is written: chip data for the card, working keys, and
the MAC over everything.

Owns the order in which these come, and how a response code is told to a card. Refuses to decide
what an answer is sealed with: the core has ordered it. An order that cannot be carried out raises,
and such an answer is not sent: a terminal must never get an approval without the MAC it relies on
(SR-GEN-02).
"""

from __future__ import annotations

from typing import Final

from switch.keys.port import HandedKey, Vault, VaultError
from switch.model.effects import Reply
from switch.model.request import Answer, Request
from switch.model.security import ChipOrder, KeyOrder, MacOrder
from switch.server.profile import Profile
from switch.wire import key_data

CODE_LENGTH: Final = 2
SEQUENCE_DIGITS: Final = 2
CRYPTOGRAM: Final = "cryptogram"
# Where the response code of a dialect is none that a card knows (EMV book 4, A6: two characters).
APPROVED_CODE: Final = "00"
DECLINED_CODE: Final = "05"


class Sealer:
    """Seals the answers of one listener's dialect."""

    __slots__ = ("_profile",)

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    @property
    def _vault(self) -> Vault:
        vault = self._profile.vault
        if vault is None:
            raise VaultError("there is no vault to seal with")
        return vault

    def filled(self, fields: dict[str, str], effect: Reply) -> dict[str, str]:
        """The fields of an answer with chip data and working keys, as far as they are ordered.

        Raises VaultError, EncodeError.
        """
        sealing = effect.sealing
        if sealing is None or (sealing.chip is None and sealing.keys is None):
            return fields
        chip = b"" if sealing.chip is None else self._chip(sealing.chip, effect)
        keys = "" if sealing.keys is None else self._keys(sealing.keys)
        return self._profile.mapper.sealed(fields, chip, keys)

    def signed(
        self, fields: dict[str, str], order: MacOrder, lead: bytes, *, spoilt: bool = False
    ) -> bytes:
        """The encoded answer with its MAC; ``lead`` will stand in front of it. A ``spoilt`` MAC is
        wrong in one bit, because a scripted rule says so.

        Raises VaultError, EncodeError.
        """
        profile = self._profile
        cover = profile.mapper.cover
        body = profile.codec.encode(cover.placeholder(fields))
        scheme = order.scheme or cover.rule.scheme
        mac = self._vault.make_mac(order.key, scheme, cover.input(body, lead), order.ksn)
        if spoilt:
            mac = bytes([mac[0] ^ 1]) + mac[1:]
        return cover.signed(body, mac)

    def _chip(self, order: ChipOrder, effect: Reply) -> bytes:
        """What the card is told. Without chip data or card number there is no card to tell."""
        request = effect.request
        if request.chip is None or request.pan is None:
            return b""
        return self._vault.chip_answer(
            order.key,
            order.profile,
            request.chip,
            request.pan,
            order.sequence or request.card_sequence[-SEQUENCE_DIGITS:],
            self._code(request, effect.answer),
            order.scripts,
            order.script_keys,
        )

    def _code(self, request: Request, answer: Answer) -> str:
        """The authorization response code: the response code where it has two characters; of the
        three digits of 1993 a card is told ``00`` for an approval and ``05`` for anything else.
        """
        code = answer.code or self._profile.codes[request.kind][answer.reason]
        if len(code) == CODE_LENGTH:
            return code
        return APPROVED_CODE if answer.approved else DECLINED_CODE

    def _keys(self, order: KeyOrder) -> str:
        handed = self._vault.hand_out(order)
        return key_data.key_text(_written(role, key) for role, key in handed.items())


def _written(role: str, key: HandedKey) -> key_data.HandedKey:
    """A key block says its own check value; a cryptogram has it beside it."""
    check = key.check_value if key.form == CRYPTOGRAM else ""
    return key_data.HandedKey(role.upper(), key.text, check)
