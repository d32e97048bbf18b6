"""The decisions: pure functions of event and facts.

No await, clock, random number, I/O or log in this room.
"""
