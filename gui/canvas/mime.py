"""What a drag from the palette to the canvas carries."""

from __future__ import annotations

from typing import Final

BLOCK_MIME: Final = "application/x-chainrule-block"
"""The kind of a block, such as `Dense`, as UTF-8."""
