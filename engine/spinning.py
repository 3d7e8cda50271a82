"""How long threads that compute together wait for each other before they sleep; to be said before torch is loaded."""

from __future__ import annotations

import os

_SPINS = "1000"
"""Turns of a loop, some microseconds. OpenMP's own are 300,000: while a thread that was taken off its core by another
program is waited for so long, the waiting one keeps the core that it would need. Measured with two threads on two busy
cores: 40 ms a product with those, 0.1 ms with these."""


def wait_briefly() -> None:
    """Let OpenMP's threads sleep soon, unless the user's environment says how they wait."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
