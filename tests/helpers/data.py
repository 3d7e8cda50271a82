"""Parameters of an Input as `check` hands them on."""

from __future__ import annotations

from typing import Any

from engine.blocks.input import Input
from engine.param import parse_all


def input_params(**values: Any) -> dict[str, Any]:
    parsed, errors = parse_all(Input.params, values)
    assert not errors, errors
    return parsed
