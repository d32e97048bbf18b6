"""The load of secured purchases, in a process of its own: terminals of all variants, connected all
the time.

Owns the order of a measurement: purchases are made ready, then sent as fast as they are answered,
then the answers' MACs are checked. Reads commands from standard input, a JSON object a line
(``variant``, ``each``, ``ready``), and writes one figure a line.
"""

from __future__ import annotations

import json
import sys

from switch_tools.bench_load import open_till, window
from switch_tools.bench_secured_world import bought
from switch_tools.bench_world import bench_codec


def main(port: int, terminals: int) -> None:
    """Connect so many terminals of each variant, say so, then do as told."""
    codec = bench_codec()
    tills = {
        variant: [open_till(codec, one, port) for one in some]
        for variant, some in bought(codec, terminals).items()
    }
    print(json.dumps({"ready": sum(map(len, tills.values()))}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        chosen, each = tills[command["variant"]], command["each"]
        if command["ready"]:
            figures = window(chosen, each=each)
            for till in chosen:
                till.buyer.check()
        else:
            figures = {"prepared": each * len(chosen)}
            for till in chosen:
                till.buyer.prepare(each)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
