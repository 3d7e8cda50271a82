"""Whether data are held in memory or read from disk as the training goes.

`memory` of an Input decides; `auto` streams what would take more than a quarter of the memory that is free when the
data are looked at, and what is too much to be held at all (`opening.MAX_VALUES` numbers). The training's results are
the same either way, so nothing depends on what else the machine does at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.data.opening import MAX_VALUES
from engine.planning.memory import available_bytes

SHARE = 0.25
"""Of the free memory that data may take."""
_TENSORS = 8
"""Bytes a number takes as float32 tensor, and once more in the layout of the device."""


def streams(params: Mapping[str, Any], values: int, itemsize: int) -> bool:
    """Whether data that can be streamed are.

    Args:
        params: of the Input; without `memory` data are held.
        values: numbers in the inputs of all samples.
        itemsize: bytes of one as it is read: 1 for pixels, 8 for others.
    """
    wanted = params.get("memory", "preload")
    if wanted != "auto":
        return bool(wanted == "stream")
    if values > MAX_VALUES:
        return True
    free = available_bytes()
    return free is not None and values * (itemsize + _TENSORS) > SHARE * free
