"""Tags of chip data by name, and the lengths of those that have one (EMV book 3, annex A).

Owns the words. Refuses to know what a scheme does with them.
"""

from __future__ import annotations

from typing import Final

AMOUNT: Final = "9F02"
OTHER_AMOUNT: Final = "9F03"
TERMINAL_COUNTRY: Final = "9F1A"
VERIFICATION_RESULTS: Final = "95"  # the terminal's
CURRENCY: Final = "5F2A"
DATE: Final = "9A"
KIND: Final = "9C"
UNPREDICTABLE: Final = "9F37"
INTERCHANGE_PROFILE: Final = "82"
COUNTER: Final = "9F36"
CRYPTOGRAM: Final = "9F26"
INFORMATION: Final = "9F27"  # of what kind the cryptogram is
ISSUER_DATA: Final = "9F10"
SEQUENCE: Final = "5F34"
APPLICATION: Final = "84"
CAPABILITIES: Final = "9F33"
CARDHOLDER_RESULTS: Final = "9F34"
TERMINAL_KIND: Final = "9F35"
# Of an answer.
ISSUER_AUTHENTICATION: Final = "91"
SCRIPT_BEFORE: Final = "71"  # the card's second cryptogram
SCRIPT_AFTER: Final = "72"
SCRIPT_IDENTIFIER: Final = "9F18"
SCRIPT_COMMAND: Final = "86"

# In bytes. A value of another length is refused: bytes could move from one element into the next,
# and a cryptogram over both would still fit.
LENGTHS: Final[dict[str, int]] = {
    AMOUNT: 6,
    OTHER_AMOUNT: 6,
    TERMINAL_COUNTRY: 2,
    VERIFICATION_RESULTS: 5,
    CURRENCY: 2,
    DATE: 3,
    KIND: 1,
    UNPREDICTABLE: 4,
    INTERCHANGE_PROFILE: 2,
    COUNTER: 2,
    CRYPTOGRAM: 8,
    INFORMATION: 1,
}
