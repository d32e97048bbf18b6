"""A script for terminals, as documentation: ``isoswitch terminal run --example`` prints it, and a
test plays it.

Owns that text.
"""

from __future__ import annotations

from typing import Final

EXAMPLE: Final = """\
# A morning in the demo world: isoswitch terminal run morning.toml
title = "A morning at the counter"
seed = 7  # of all that is left to chance

# One device that shows each kind of transaction. What is not said is the demo world's.
[[terminal]]
dialect = "iso87-ascii"
cards = ["visa"]
steps = [
  { do = "signon", expect = "approved" },
  { do = "purchase", card = "visa", amount = "12.34", as = "lunch", expect = "approved" },
  { do = "purchase", card = "expired", amount = "5.00", reason = "card.expired" },
  { do = "purchase", card = "visa", amount = "20.00", cashback = "10.00", entry = "chip" },
  { do = "balance", card = "visa", expect = "approved" },
  { do = "void", of = "lunch", expect = "approved" },
  { do = "preauth", card = "visa", amount = "200.00", as = "room", expect = "approved" },
  { do = "increment", of = "room", amount = "50.00", expect = "approved" },
  { do = "complete", of = "room", amount = "230.00", expect = "approved" },
  { do = "purchase", card = "visa", amount = "40.00", as = "dinner", expect = "approved" },
  { do = "tip", of = "dinner", amount = "4.00", expect = "approved" },
  { do = "refund", of = "dinner", amount = "14.00", expect = "approved" },
  { do = "purchase", card = "visa", amount = "9.00", lose = "answer", expect = "no_answer" },
  { do = "wait", for = "closing time" },
  { do = "settle", expect = "balanced" },
]

# With keys, which the switch whose data folder --data names injects (key: dukpt, dukpt-aes, tmk,
# tmk-aes), a terminal can do this as well; secure = "session" in [[terminal]] prefers working keys.
#   { do = "inject", key = "dukpt" },
#   { do = "purchase", card = "chip-visa", amount = "5.00", entry = "chip", pin = "1234" },
#   { do = "purchase", card = "visa", amount = "5.00", pin = "9999", pin_format = 3, code = "55" },
#   { do = "purchase", card = "visa", amount = "5.00", cvv2 = "card" },
#   { do = "purchase", card = "visa", amount = "5.00", wrong = ["mac"], reason = "mac.invalid" },
#   { do = "inject", key = "tmk" },
#   { do = "keys", expect = "approved" },
# Wrong on purpose can be mac, padding-1 to padding-3, pin-block, ksn, arqc.

# Three devices of another kind that do what chance says, and one thing that they should not.
[[terminal]]
id = "SHOP"
count = 3
dialect = "hypercom"
cards = ["visa", "mastercard"]
play = "shop"

[plays]
shop = [
  { do = "signon" },
  { do = "loop", times = 2, steps = [
    { do = "mix", times = 10, steps = [
      { do = "purchase", weight = 7, amount = ["1.00", "80.00"] },
      { do = "refund", weight = 1 },
      { do = "void", weight = 1 },
      { do = "repeat", weight = 1 },
    ] },
    { do = "think", seconds = [30, 300] },
  ] },
  { do = "purchase", card = "visa", amount = "3.00", as = "lost", expect = "approved" },
  { do = "wait", for = "closing time" },
  { do = "settle", forget = ["lost"], claim_extra = ["7.50"], expect = "differences" },
]
"""
