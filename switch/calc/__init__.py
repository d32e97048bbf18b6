"""The calculators of ``isoswitch calc``: the key room's own calculations, one step after the other,
offline, for the eyes of a person and for vector files.

Owns inputs in text, steps in words and the reading of vector files. Refuses to calculate: that is
the key room's, and there is no second implementation.
"""
