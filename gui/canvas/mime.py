"""What a drag from the palette to the canvas carries."""

from __future__ import annotations

from typing import Final

BLOCK_MIME: Final = "application/x-chainrule-block"
"""The kind of a block, such as `Dense`, as UTF-8."""

GROUP_MIME: Final = "application/x-chainrule-group"
"""A group: `here:NAME` for one of the document, `file:PATH` for one in a file, as UTF-8."""
