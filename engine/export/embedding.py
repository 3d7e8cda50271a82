"""Tensors written into source: a few as numbers to read, more as compressed text."""

from __future__ import annotations

import base64
import textwrap
import zlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.export.layout import WIDTH, Expr, flat, lines, list_of

MOST_NUMBERS = 20_000
"""More than that is no longer source but data."""

_MOST_READABLE = 160
_MOST_ROWS = 16

UNPACK = '''\
def unpack(text: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """The numbers in a compressed text."""
    data = bytearray(zlib.decompress(base64.b64decode(text)))
    return torch.frombuffer(data, dtype=dtype).reshape(shape)
'''


def is_readable(value: Tensor) -> bool:
    """Whether a tensor is short enough to be written as numbers, a row a line."""
    if not 0 < value.numel() <= _MOST_READABLE or value.ndim not in (1, 2):
        return False
    rows = value if value.ndim == 2 else value[None]
    return len(rows) <= _MOST_ROWS and all(len(flat(_nested(row))) <= WIDTH - 12 for row in rows)


def embed(name: str, value: Tensor) -> list[str]:
    """An assignment of the tensor to a name, exact to the bit; what is not readable needs `UNPACK`."""
    value = value.detach().cpu()
    dtype = str(value.dtype)
    if is_readable(value):
        closing = ")" if value.dtype in (torch.float32, torch.int64) else f", dtype={dtype})"
        return _assignment(name, _nested(value), closing)
    data = zlib.compress(value.contiguous().numpy().tobytes(), 9)
    text = textwrap.wrap(base64.b64encode(data).decode(), WIDTH)
    shape = ", ".join(map(str, value.shape)) + ("," if value.ndim == 1 else "")
    return [f'_{name} = """', *text, '"""', f"{name} = unpack(_{name}, ({shape}), {dtype})"]


def _assignment(name: str, numbers: Expr, closing: str) -> list[str]:
    whole = f"{name} = torch.tensor({flat(numbers)}{closing}"
    if len(whole) <= WIDTH:
        return [whole]
    rows = lines(4, "", numbers, ",")
    further = [f"    {closing.removeprefix(', ').removesuffix(')')},"] if closing != ")" else []
    if not further:  # Black gives a single argument no comma
        rows = lines(4, "", numbers)
    return [f"{name} = torch.tensor(", *rows, *further, ")"]


def _nested(value: Tensor) -> Expr:
    if value.ndim == 0:
        return _number(value)
    return list_of([_nested(item) for item in value])


def _number(value: Tensor) -> str:
    """The shortest text that means this very number in its dtype."""
    exact: Any = value.item()
    if value.dtype != torch.float32:
        return repr(exact)
    short = repr(float(str(np.float32(exact))))
    return short if np.float32(float(short)) == np.float32(exact) else repr(exact)
