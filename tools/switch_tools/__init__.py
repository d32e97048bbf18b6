"""Tools around the switch: the virtual terminal, inspect, the demo, the bench.

They use ``switch`` from outside; nothing in ``switch`` knows of them.
"""
