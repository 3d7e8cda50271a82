"""A device that is not the processor, played by the processor: what mixes the two fails here as it does on a real one.

Tensors on it say that they are on `meta`, and each holds another one with its numbers. An operation on both kinds of
tensors is refused, numbers of one wait for `cpu()`, and float64 can be forbidden, as on Apple's GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from engine.training import loading, precision, updates

NAME = "meta"
MIXING = ("aten::copy_", "aten::index.", "aten::index_put")
"""What takes tensors of the processor, too."""


class Away(Tensor):
    """A tensor on the device."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Away:
        made: Away = Tensor._make_wrapper_subclass(
            cls,
            here.shape,
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=torch.device(NAME),
        )
        made.here = here
        return made

    def data_ptr(self) -> int:
        return self.here.data_ptr()

    def tolist(self) -> Any:
        return self.here.tolist()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override] # PyTorch calls it of the class
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return called(func, args, kwargs or {})


class Driver(TorchDispatchMode):
    """Makes tensors on the device where that is asked for."""

    double = True

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return called(func, args, kwargs or {})


def called(func: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """An operation, made by the processor."""
    tensors = [value for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)]
    away = [tensor for tensor in tensors if isinstance(tensor, Away)]
    strange = [tensor for tensor in tensors if not isinstance(tensor, Away) and tensor.ndim]
    if away and strange and not str(func._schema).startswith(MIXING):
        raise RuntimeError(f"Expected all tensors to be on the same device: {func}")
    device = kwargs.get("device")
    options = kwargs if device is None else {**kwargs, "device": torch.device("cpu")}
    bare_args, bare_options = tree_map(lambda value: value.here if isinstance(value, Away) else value, (args, options))
    made = func(*bare_args, **bare_options)
    goes = bool(away) if device is None else torch.device(device).type == NAME
    known = {id(tensor.here): tensor for tensor in away}

    def taken(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if value.dtype == torch.float64 and not Driver.double:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        same = known.get(id(value))  # of an operation in place
        return Away(value) if same is None else same

    return tree_map(taken, made) if goes else made


@contextmanager
def other_device(monkeypatch: pytest.MonkeyPatch, *, double: bool) -> Iterator[None]:
    """Trainings of this thread run on it inside of this; `double`: whether it has float64."""
    monkeypatch.setattr(Driver, "double", double)
    monkeypatch.setattr(loading, "choose", lambda _name, _dtype: (torch.device(NAME), []))
    monkeypatch.setattr(updates, "PACKED_NUMBERS", 0)  # `parameter.data = view` loses the numbers of a stand-in
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)  # where operations come in another form
    if not double:
        monkeypatch.setattr(precision, "WITHOUT_DOUBLE", frozenset({NAME}))
    with Driver():
        yield
