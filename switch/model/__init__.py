"""The words of the trade, shared by every room: events, facts, records, effects, outcomes,
settings.

Plain frozen data: ``msgspec`` structs, which are made in C. A dozen of them are made for each
message, a transaction with its thirty fields costs a tenth of what the same frozen dataclass does,
and the collector need not look at them (``gc=False``: they hold plain data, so no circle can run
through them). No field number, no I/O, no decision lives here.
"""
