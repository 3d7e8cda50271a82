"""What PyTorch computes, written down operation by operation, autograd's own backward pass included.

The text that comes of it calls the same operations with the same arguments in the same order, so it computes the same
numbers to the bit; only what is the same at every step is left out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from engine.fastforward.calls import Call, Number, Ref

_SAME = {"detach", "alias", "lift_fresh"}
"""Operations whose result is, without autograd, their argument."""

_EVERY_TIME = {"ones_like", "scalar_tensor"}
"""Operations whose result depends on shapes alone, and is not written into afterwards."""


@final
class NotRecordableError(Exception):
    """An operation cannot be written down."""


@final
@dataclass(slots=True)
class Line:
    """One operation.

    Attributes:
        made: names of its results.
        name: of the operation, without `aten::`.
        arguments: as text.
        uses: names of tensors it reads.
        pure: whether it only makes its results: changes nothing, draws nothing.
        call: the same as a value; None where it was written by hand.
    """

    made: tuple[str, ...]
    name: str
    arguments: list[str]
    uses: tuple[str, ...]
    pure: bool
    call: Call | None = None

    def __str__(self) -> str:
        call = f"torch.ops.aten.{self.name}({', '.join(self.arguments)})"
        return f"{', '.join(self.made)} = {call}" if self.made else call


@final
@dataclass(frozen=True, slots=True)
class View:
    """A view of a tensor that can be taken once and for all.

    Attributes:
        source: name of the tensor.
        take: makes the view from the tensor and the other arguments.
    """

    source: str
    take: Callable[..., Tensor]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def of(self, tensor: Tensor) -> Tensor:
        """The view of this tensor."""
        return self.take(tensor, *self.args, **self.kwargs)


def _is_view(schema: Any) -> bool:
    """Whether an operation makes one tensor that shares the storage of its first argument."""
    first = schema.arguments[0].alias_info
    return first is not None and not first.is_write and len(schema.returns) == 1 and not schema.is_mutable


@final
class Recorder(TorchDispatchMode):
    """Everything computed inside of `with recorder:` is computed, and written down.

    Attributes:
        lines: what was written, in order.
        constants: tensors that are the same at every step, by name.
        views: how to take views of inputs that lie where they lie, by name, in order.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or a second of imports is spent on a compiler that is not used

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        numbers: Mapping[float, str] | None = None,
        *,
        lasting: Iterable[str] = (),
        prefix: str = "v",
    ) -> None:
        """Begin.

        Args:
            inputs: tensors by the names they have in the text.
            lasting: those of the inputs that are the same tensors at every step.
            prefix: of the names of results.
            numbers: numbers that stand for a name: whatever is equal to one is written as its name.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.lines: list[Line] = []
        self.constants: dict[str, Tensor] = {}
        self._names = {id(tensor): name for name, tensor in inputs.items()}
        self._shapes = {name: tensor.shape for name, tensor in inputs.items()}
        self._numbers = dict(numbers or {})
        self._alive: list[Any] = list(inputs.values())
        self.views: dict[str, View] = {}
        self._lasting = set(lasting)
        self._transposed: dict[str, str] = {}
        self._prefix = prefix

    def name_of(self, tensor: Tensor) -> str:
        """Raises NotRecordableError: it was made elsewhere."""
        try:
            return self._names[id(tensor)]
        except KeyError:
            raise NotRecordableError("a tensor from elsewhere") from None

    @property
    def shapes(self) -> Mapping[str, torch.Size]:
        """Of everything, by name."""
        return self._shapes

    def shape_of(self, name: str) -> torch.Size:
        """The shape of a tensor that has this name."""
        return self._shapes[name]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        space, _, name = func._schema.name.partition("::")  # noqa: SLF001
        if space != "aten" or func._schema.name == "aten::_local_scalar_dense":  # noqa: SLF001
            raise NotRecordableError(func._schema.name)  # noqa: SLF001
        if name in _SAME and isinstance(out, Tensor):
            self._call(out, self.name_of(args[0]))
        elif name == "t" and (before := self._transposed.get(self.name_of(args[0]))):
            self._call(out, before)
        else:
            self._write(func, name, args, kwargs, out)
        return out

    def _write(self, func: Any, name: str, args: Any, kwargs: Any, out: Any) -> None:
        uses: list[str] = []
        schema = func._schema  # noqa: SLF001
        texts = [self._text(value, uses, schema.arguments[index].type) for index, value in enumerate(args)]
        types = {argument.name: argument.type for argument in schema.arguments}
        texts += [f"{key}={self._text(value, uses, types[key])}" for key, value in kwargs.items()]
        values = tuple(self._value(value) for value in args)
        keywords = {key: self._value(value) for key, value in kwargs.items()}
        random = torch.Tag.nondeterministic_seeded in func.tags
        pure = not schema.is_mutable and not random
        results = out if isinstance(out, tuple | list) else (out,)
        constant = pure and (name in _EVERY_TIME or (bool(uses) and all(use in self.constants for use in uses)))
        if not pure and any(use in self.constants for use in uses):
            raise NotRecordableError("a constant that is written into")
        if isinstance(out, list) and len(out) == 1:
            raise NotRecordableError("a list that would not be taken apart")
        made = tuple(self._result(result) for result in results)
        if constant and isinstance(out, Tensor):
            self.constants[made[0]] = out
            return
        if name == "t":
            self._transposed[made[0]] = uses[0]
        if pure and len(uses) == 1 and uses[0] in self._lasting and isinstance(args[0], Tensor) and _is_view(schema):
            self.views[made[0]] = View(uses[0], func, tuple(args[1:]), dict(kwargs))
            self._lasting.add(made[0])
            return
        call = Call(made, name, values, keywords)
        self.lines.append(Line(made, name, texts, tuple(uses), pure, call))

    def _result(self, result: Any) -> str:
        name = f"{self._prefix}{len(self._alive)}"
        if result is None:
            self._alive.append(None)
        elif isinstance(result, Tensor):
            self._call(result, name)
        else:
            raise NotRecordableError("a result that is no tensor")
        return name

    def _call(self, tensor: Tensor, name: str) -> None:
        self._alive.append(tensor)  # or another tensor might get its identity
        self._names[id(tensor)] = name
        self._shapes.setdefault(name, tensor.shape)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return Ref(self.name_of(value))
        if isinstance(value, list | tuple):
            return tuple(map(self._value, value))
        known = self._numbers.get(value) if isinstance(value, float) else None
        return value if known is None else Number(known)

    def _text(self, value: Any, uses: list[str], kind: Any) -> str:
        if isinstance(value, Tensor):
            uses.append(self.name_of(value))
            return uses[-1]
        if isinstance(value, list | tuple):
            if not value:
                return f"torch.jit.annotate({str(kind).replace('Optional', '')}, [])"
            return f"[{', '.join(self._text(item, uses, kind) for item in value)}]"
        if isinstance(value, float):
            known = self._numbers.get(value)
            return known or (repr(value) if math.isfinite(value) else f'float("{value}")')
        if isinstance(value, torch.device):
            return f'torch.device("{value}")'
        if value is None or isinstance(value, bool | int | torch.dtype | torch.memory_format | torch.layout):
            return repr(value)
        if isinstance(value, str) and re.fullmatch(r"\w*", value):
            return repr(value)
        raise NotRecordableError(f"an argument of type {type(value).__name__}")


def needed(lines: Sequence[Line], results: Iterable[str]) -> list[Line]:
    """The lines that results, or what a line changes or draws, depend on."""
    wanted, kept = set(results), []
    for line in reversed(lines):
        if not line.pure or any(name in wanted for name in line.made):
            wanted.update(line.uses)
            kept.append(line)
    return kept[::-1]


def written_into(recorder: Recorder, lines: Sequence[Line], homes: Sequence[tuple[str, str]]) -> list[Line]:
    """Lines that leave results in tensors: made there, where nothing else reads the result, else copied there.

    Args:
        recorder: that wrote the lines.
        lines: without what is not needed; they are changed.
        homes: (name of a result, name of a contiguous tensor of its shape).
    """
    kept = list(lines)
    makers = {name: line for line in lines for name in line.made}
    reads = Counter(name for line in lines for name in line.uses)
    reads.update(source for source, _ in homes)
    for source, home in homes:
        maker = makers.get(source)
        if maker is None or reads[source] > 1:
            kept.append(Line((), "copy_", [home, source], (home, source), pure=False))
            continue
        before = makers.get(maker.uses[0]) if maker.name == "view" else None
        if maker.name == "mm":
            maker.arguments.append(f"out={home}")
        elif before is not None and reads[before.made[0]] == 1 and _sums_rows(recorder, before, source):
            kept.remove(maker)
            before.arguments[2:] = ["False", f"out={home}"]
        else:
            kept.append(Line((), "copy_", [home, source], (home, source), pure=False))
    return kept


def _sums_rows(recorder: Recorder, line: Line, source: str) -> bool:
    """Whether it adds up over the first dimension what `source` holds without that dimension, as biases' gradients."""
    whole = line.name == "sum" and line.arguments[1:] == ["[0]", "True"]
    return whole and recorder.shape_of(line.made[0]) == torch.Size((1, *recorder.shape_of(source)))
