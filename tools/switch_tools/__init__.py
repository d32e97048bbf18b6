"""Tools around the switch: the virtual terminal, the demo and what else uses ``switch`` from outside."""
