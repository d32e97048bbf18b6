"""isoswitch: an ISO 8583 payment switch and acquirer host simulator.

The rooms of the house are described in the README; each module's docstring says what it owns and
what it refuses to know.
"""

__version__ = "0.1.0"
