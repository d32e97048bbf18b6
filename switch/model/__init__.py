"""The words of the trade, shared by every room: events, facts, records, effects, outcomes,
settings.

Plain frozen data. No field number, no I/O, no decision lives here.
"""
