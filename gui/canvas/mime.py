"""What a drag from the palette to the canvas carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QByteArray, QMimeData

from engine.block import block_named

BLOCK_MIME: Final = "application/x-chainrule-block"
"""The kind of a block, such as `Dense`, as UTF-8."""

PARAMS_MIME: Final = "application/x-chainrule-params"
"""The choices made for that block, such as `{"function": "tanh"}`, as JSON."""

GROUP_MIME: Final = "application/x-chainrule-group"
"""A group: `here:NAME` for one of the document, `file:PATH` for one in a file, as UTF-8."""


def put_block(data: QMimeData, kind: str, params: Mapping[str, Any]) -> None:
    """Let a drag carry a block with these choices made."""
    data.setData(BLOCK_MIME, QByteArray(kind.encode()))
    data.setData(PARAMS_MIME, QByteArray(json.dumps(dict(params)).encode()))
    data.setText(kind)


def take_block(data: QMimeData) -> tuple[str, Mapping[str, Any]] | None:
    """The kind of the block that a drag carries, and the choices made for it; None when it carries none.

    Any program may offer anything: of the choices only texts for parameters that the block has are believed.
    """
    kind = bytes(data.data(BLOCK_MIME).data()).decode("utf-8", "replace")
    block = block_named(kind)
    if block is None:
        return None
    try:
        found = json.loads(bytes(data.data(PARAMS_MIME).data()) or b"{}")
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    return kind, {name: value for name, value in found.items() if name in block.params and isinstance(value, str)}
