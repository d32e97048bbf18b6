"""One day at a counter, as a script for virtual terminals: each kind of transaction, each way to
take it back, what is lost and said twice, settlements in balance and out of it.

The same steps for every dialect; what a dialect cannot say is left to ``test_same_day``.
"""

from __future__ import annotations

from collections.abc import Iterable

TERMINAL = "SAMEDAY1"

STEPS = """
[plays]
day = [
  { do = "signon", expect = "approved" },
  { do = "echo", expect = "approved" },

  # Sales, declines, and less than was asked for.
  { do = "purchase", card = "visa", amount = "12.34", as = "lunch", expect = "approved" },
  { do = "repeat", of = "lunch", expect = "approved" },
  { do = "purchase", card = "expired", amount = "5.00", expect = "declined" },
  { do = "purchase", card = "poor", amount = "25.00", expect = "declined" },
  { do = "purchase", card = "poor", amount = "25.00", partial = true, expect = "approved" },
  { do = "purchase", card = "visa", amount = "951.00", expect = "declined" },
  { do = "purchase", card = "visa", amount = "905.00", expect = "declined" },
  { do = "cash", card = "mastercard", amount = "40.00", entry = "chip", expect = "approved" },
  { do = "purchase", card = "visa", amount = "20.00", cashback = "10.00", expect = "approved" },
  { do = "purchase", card = "mastercard", amount = "7.00", advice = true, expect = "approved" },
  { do = "balance", card = "visa", expect = "approved" },
  { do = "verify", card = "visa", expect = "approved" },

  # Voids.
  { do = "purchase", card = "mastercard", amount = "9.00", as = "typo", expect = "approved" },
  { do = "void", of = "typo", as = "undo", expect = "approved" },
  { do = "repeat", of = "undo", expect = "approved" },
  { do = "void", of = "typo", expect = "declined" },
  { do = "cash", card = "mastercard", amount = "60.00", as = "notes", expect = "approved" },
  { do = "void", of = "notes", as = "taken", expect = "approved" },
  { do = "reverse", of = "taken", expect = "approved" },
  { do = "purchase", card = "visa", amount = "3.00", as = "gum", expect = "approved" },
  { do = "void", of = "gum", advice = true, expect = "approved" },

  # Authorizations: raised, captured in one or two parts, taken back, left open.
  { do = "preauth", card = "visa", amount = "200.00", as = "room", expect = "approved" },
  { do = "increment", of = "room", amount = "50.00", expect = "approved" },
  { do = "complete", of = "room", amount = "230.00", as = "left", expect = "approved" },
  { do = "repeat", of = "left", expect = "approved" },
  { do = "complete", of = "room", amount = "1.00", expect = "declined" },
  { do = "preauth", card = "amex", amount = "300.00", as = "boat", expect = "approved" },
  { do = "complete", of = "boat", amount = "100.00", more = true, expect = "approved" },
  { do = "complete", of = "boat", amount = "50.00", advice = true, expect = "approved" },
  { do = "preauth", card = "amex", amount = "80.00", as = "car", expect = "approved" },
  { do = "reverse", of = "car", expect = "approved" },
  { do = "preauth", card = "amex", amount = "90.00", as = "bike", expect = "approved" },
  { do = "increment", of = "bike", amount = "30.00", as = "helmet", expect = "approved" },
  { do = "reverse", of = "helmet", expect = "approved" },
  { do = "void", of = "bike", expect = "approved" },
  { do = "preauth", card = "amex", amount = "70.00", as = "open", expect = "approved" },
  { do = "reverse", of = "open", remaining = "45.00", expect = "approved" },

  # Tips and refunds.
  { do = "purchase", card = "visa", amount = "40.00", as = "dinner", expect = "approved" },
  { do = "tip", of = "dinner", amount = "4.00", as = "tip", expect = "approved" },
  { do = "tip", of = "dinner", amount = "6.00", as = "more", expect = "approved" },
  { do = "reverse", of = "more", expect = "approved" },
  { do = "refund", of = "dinner", amount = "14.00", expect = "approved" },
  { do = "refund", of = "dinner", amount = "100.00", expect = "declined" },
  { do = "refund", card = "mastercard", amount = "5.00", as = "free", expect = "approved" },
  { do = "reverse", of = "free", expect = "approved" },
  { do = "refund", card = "mastercard", amount = "6.00", as = "slip", expect = "approved" },
  { do = "void", of = "slip", expect = "approved" },
  { do = "refund", card = "visa", amount = "2.00", advice = true, expect = "approved" },

  # Reversals: whole, in part, said twice; an answer and a request that are lost.
  { do = "purchase", card = "visa", amount = "60.00", as = "pump", expect = "approved" },
  { do = "reverse", of = "pump", remaining = "25.00", as = "stop", expect = "approved" },
  { do = "repeat", of = "stop", expect = "approved" },
  { do = "purchase", card = "visa", amount = "33.00", as = "late", expect = "approved" },
  { do = "reverse", of = "late", as = "back", expect = "approved" },
  { do = "repeat", of = "back", expect = "approved" },
  { do = "purchase", card = "mastercard", amount = "9.50", lose = "answer", expect = "no_answer" },
  { do = "purchase", amount = "8.50", lose = "request", as = "gone", expect = "no_answer" },
  { do = "repeat", of = "gone", expect = "declined" },
  { do = "refund", of = "lunch", amount = "1.00", lose = "answer", expect = "no_answer" },
  { do = "settle", expect = "balanced" },

  # The next batch: what is settled is not voided, but refunded; a close out of balance.
  { do = "void", of = "lunch", expect = "declined" },
  { do = "refund", of = "lunch", expect = "approved" },
  { do = "purchase", card = "visa", amount = "10.00", as = "lost", expect = "approved" },
  { do = "purchase", card = "visa", amount = "20.00", as = "wrong", expect = "approved" },
  { do = "purchase", card = "visa", amount = "30.00", expect = "approved" },
  { do = "settle", expect = "differences", claim_amount.wrong = "25.00", forget = [
    "lost",
  ], claim_extra = [
    "7.50",
  ] },
  { do = "settle", expect = "balanced" },
  { do = "signoff", expect = "approved" },
]
"""


def script(dialects: Iterable[str]) -> str:
    """The day of one terminal for each dialect."""
    cast = (
        f'[[terminal]]\nid = "{TERMINAL}"\ndialect = "{name}"\ncards = ["visa"]\nplay = "day"\n'
        for name in dialects
    )
    return "\n".join(cast) + STEPS
