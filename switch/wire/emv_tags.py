"""Names of the data objects that chip data carries, and what the telling ones say.

Owns names only (EMV book 3 annex A, the contactless books, and common practice); whether a tag may
be shown is told by ``switch.wire.semantics``.
"""

from __future__ import annotations

from typing import Final

TAG_NAMES: Final[dict[str, str]] = {
    "42": "issuer identification number",
    "4F": "application identifier (card)",
    "50": "application label",
    "56": "track 1 data",
    "57": "track 2 equivalent data",
    "5A": "primary account number",
    "5F20": "cardholder name",
    "5F24": "application expiration date",
    "5F25": "application effective date",
    "5F28": "issuer country code",
    "5F2A": "transaction currency code",
    "5F2D": "language preference",
    "5F30": "service code",
    "5F34": "PAN sequence number",
    "5F36": "transaction currency exponent",
    "61": "application template",
    "6F": "file control information template",
    "70": "record template",
    "71": "issuer script template 1",
    "72": "issuer script template 2",
    "77": "response message template 2",
    "80": "response message template 1",
    "81": "amount, authorised (binary)",
    "82": "application interchange profile",
    "83": "command template",
    "84": "dedicated file name",
    "86": "issuer script command",
    "87": "application priority indicator",
    "88": "short file identifier",
    "89": "authorisation code",
    "8A": "authorisation response code",
    "8C": "card risk management data object list 1",
    "8D": "card risk management data object list 2",
    "8E": "cardholder verification method list",
    "8F": "certification authority public key index",
    "90": "issuer public key certificate",
    "91": "issuer authentication data",
    "92": "issuer public key remainder",
    "93": "signed static application data",
    "94": "application file locator",
    "95": "terminal verification results",
    "97": "transaction certificate data object list",
    "98": "transaction certificate hash value",
    "99": "transaction PIN data",
    "9A": "transaction date",
    "9B": "transaction status information",
    "9C": "transaction type",
    "9D": "directory definition file name",
    "9F01": "acquirer identifier",
    "9F02": "amount, authorised",
    "9F03": "amount, other",
    "9F04": "amount, other (binary)",
    "9F05": "application discretionary data",
    "9F06": "application identifier (terminal)",
    "9F07": "application usage control",
    "9F08": "application version number (card)",
    "9F09": "application version number (terminal)",
    "9F0B": "cardholder name, extended",
    "9F0D": "issuer action code, default",
    "9F0E": "issuer action code, denial",
    "9F0F": "issuer action code, online",
    "9F10": "issuer application data",
    "9F11": "issuer code table index",
    "9F12": "application preferred name",
    "9F13": "last online ATC register",
    "9F14": "lower consecutive offline limit",
    "9F15": "merchant category code",
    "9F16": "merchant identifier",
    "9F17": "PIN try counter",
    "9F18": "issuer script identifier",
    "9F1A": "terminal country code",
    "9F1B": "terminal floor limit",
    "9F1C": "terminal identification",
    "9F1D": "terminal risk management data",
    "9F1E": "interface device serial number",
    "9F1F": "track 1 discretionary data",
    "9F20": "track 2 discretionary data",
    "9F21": "transaction time",
    "9F23": "upper consecutive offline limit",
    "9F24": "payment account reference",
    "9F26": "application cryptogram",
    "9F27": "cryptogram information data",
    "9F32": "issuer public key exponent",
    "9F33": "terminal capabilities",
    "9F34": "cardholder verification method results",
    "9F35": "terminal type",
    "9F36": "application transaction counter",
    "9F37": "unpredictable number",
    "9F38": "processing options data object list",
    "9F39": "point-of-service entry mode",
    "9F3A": "amount, reference currency",
    "9F3C": "transaction reference currency code",
    "9F40": "additional terminal capabilities",
    "9F41": "transaction sequence counter",
    "9F42": "application currency code",
    "9F44": "application currency exponent",
    "9F45": "data authentication code",
    "9F4C": "ICC dynamic number",
    "9F4E": "merchant name and location",
    "9F53": "transaction category code",
    "9F5B": "issuer script results",
    "9F5D": "available offline spending amount",
    "9F63": "card product identification",
    "9F66": "terminal transaction qualifiers",
    "9F6B": "track 2 data (contactless)",
    "9F6C": "card transaction qualifiers",
    "9F6D": "contactless reader capabilities",
    "9F6E": "form factor or third-party data",
    "9F74": "electronic cash issuer authorisation code",
    "9F77": "electronic cash balance limit",
    "9F78": "electronic cash single transaction limit",
    "9F79": "electronic cash balance",
    "9F7C": "customer exclusive data",
    "A5": "file control information, proprietary",
    "BF0C": "file control information, issuer discretionary",
}

CHIP_DATA_BEGINNINGS: Final = (
    *("57", "5A", "5F24", "5F2A", "5F34", "71", "72", "82"),
    *("84", "8A", "91", "95", "9A", "9B", "9C", "9F"),
)
"""How chip data in a message begins; other bytes in its element are some house's own."""

# Bits of the terminal verification results, byte by byte, highest bit first; empty: reserved.
_TVR: Final = (
    "offline data authentication not performed",
    "static data authentication failed",
    "chip data missing",
    "card on the terminal's exception file",
    "dynamic data authentication failed",
    "combined data authentication failed",
    "static data authentication selected",
    "",
    "application versions differ",
    "application expired",
    "application not yet effective",
    "service not allowed for the card",
    "new card",
    "",
    "",
    "",
    "cardholder verification not successful",
    "verification method not recognised",
    "PIN try limit exceeded",
    "PIN required, PIN pad absent or broken",
    "PIN required, but not entered",
    "online PIN entered",
    "",
    "",
    "floor limit exceeded",
    "lower consecutive offline limit exceeded",
    "upper consecutive offline limit exceeded",
    "selected at random for online processing",
    "merchant forced online",
    "",
    "",
    "",
    "default transaction certificate list used",
    "issuer authentication failed",
    "script failed before the final cryptogram",
    "script failed after the final cryptogram",
    "relay resistance threshold exceeded",
    "relay resistance time limits exceeded",
    "",
    "",
)
_TSI: Final = (
    "offline data authentication performed",
    "cardholder verification performed",
    "card risk management performed",
    "issuer authentication performed",
    "terminal risk management performed",
    "script processing performed",
)
_CRYPTOGRAMS: Final = {
    "0": "declined offline (AAC)",
    "4": "approved offline (TC)",
    "8": "online (ARQC)",
}


def tag_name(tag: str) -> str:
    """The name of a tag in upper-case hex; empty where it is unknown.

    >>> tag_name("9F26"), tag_name("DF8129")
    ('application cryptogram', '')
    """
    return TAG_NAMES.get(tag, "")


def tag_words(tag: str, value: str) -> str:
    """What the value (hex) of a telling tag says; empty for others.

    >>> tag_words("95", "0000008000"), tag_words("9F27", "80")
    ('floor limit exceeded', 'online (ARQC)')
    """
    if tag == "9F27":
        return _CRYPTOGRAMS.get(value[:1], "")
    if tag == "95" and len(value) == 10:
        return _set_bits(_TVR, value)
    if tag == "9B" and len(value) == 4:
        return _set_bits(_TSI, value)
    return ""


def _set_bits(names: tuple[str, ...], value: str) -> str:
    width = 4 * len(value)
    bits = int(value, 16)
    said = [name for k, name in enumerate(names) if bits >> (width - 1 - k) & 1]
    return ", ".join(name or "a reserved bit" for name in said)
