"""Bytes <-> meaning: the only room with field numbers.

Knows nothing of the store, the keys or the decisions.
"""
