"""Serves a client while another attacks, for as long as is said, and prints how soon.

usage: siege.py [SECONDS]

DISSOLVED names the server, which ends without a report of its sanitizer or fails. The default is
ten minutes.
"""

import sys
import time

from attackers import Attack
from rawhttp import request_head
from server import PATIENCE, SANITIZER_REPORTS, Server
from stress import rejected
from test_starving import BUDGET, DEFAULT, IMAGE, ask, figures


def timed(server, request):
    begun = time.monotonic()
    assert ask(server, request).status == 200
    return 1000 * (time.monotonic() - begun)


def describe(name, times):
    times.sort()
    print(f"{name}: {len(times)} answers, median {times[len(times) // 2]:.1f} ms, 99 % "
          f"{times[len(times) * 99 // 100]:.1f} ms, longest {times[-1]:.1f} ms", flush=True)


def main(seconds):
    server = Server("--max-memory", str(BUDGET), **DEFAULT)
    images, probes = [], []
    try:
        with Attack(server) as attack:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                images.append(timed(server, IMAGE.sent()))
                probes.extend(timed(server, request_head("GET", "/healthz")) for _ in range(3))
                seen = figures(server)
                assert seen["dissolved_memory_bytes"] <= BUDGET
            assert attack.goes_on()
        describe("images", images)
        describe("/healthz", probes)
        for reason in ("slow_reader", "slow_body", "queue_full", "bodies_full"):
            print(f"rejected, {reason}: {rejected(seen, reason):.0f}")
        print(f"resident memory at its peak: {server.peak_memory() / 2**20:.0f} MiB, "
              f"max-memory {BUDGET / 2**20:.0f} MiB")
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0, server.stderr()[-4000:]
    finally:
        server.kill()
    assert not any(report in server.stderr() for report in SANITIZER_REPORTS), server.stderr()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)
