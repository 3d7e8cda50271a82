"""PyTorch's operations on whole arrays, each as one nest of loops or as another way to look at an array."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from engine.fastforward.arrays import Array, UnsupportedError
from engine.fastforward.calls import Call, Number, Ref
from engine.fastforward.looks import at, cut, repeated, reshaped, without
from engine.fastforward.nests import Counting, Nests, Operand
from engine.fastforward.pointwise import IGNORED, LOSSES, formula_of, raised


@final
class Operations:
    """Writes calls, one after the other.

    Attributes:
        values: arrays, or numbers, by name.
        numbers: values of what changes from step to step, by name.
    """

    def __init__(self, nests: Nests, shapes: Mapping[str, tuple[int, ...]], uniform: Mapping[str, float]) -> None:
        """Args: `shapes` of results by name; `uniform` results that are one number everywhere."""
        self.n, self.v = nests, nests.v
        self._shapes = shapes
        self.values: dict[str, Operand] = dict(uniform)
        self.numbers: dict[str, Any] = {}
        self._special: Mapping[str, Callable[[Call], None]] = {
            "mm": self._mm, "addmm": self._addmm, "sum": self._sum, "mean": self._sum, "pow": self._pow,
            "clamp": self._clamp, "clamp_min": self._clamp, "cat": self._cat, "copy_": self._copy,
            "t": self._permute, "transpose": self._permute, "permute": self._permute, "expand": self._expand,
            "view": self._view, "_unsafe_view": self._view, "unsqueeze": self._unsqueeze, "squeeze": self._squeeze,
            "select": self._select, "slice": self._slice,
            "_softmax": self._softmax, "_log_softmax": self._softmax,
            "_softmax_backward_data": self._softmax_backward, "_log_softmax_backward_data": self._softmax_backward,
            "nll_loss_forward": self._nll, "nll_loss_backward": self._nll_backward,
            "gelu": self._gelu, "gelu_backward": self._gelu,
        }  # fmt: skip

    def write(self, calls: Sequence[Call]) -> None:
        """Raises UnsupportedError: one of them is not known here."""
        for call in calls:
            special = self._special.get(call.name)
            if special is not None:
                special(call)
            elif call.name.removesuffix("_backward") in LOSSES:
                self._loss(call)
            else:
                self._pointwise(call)

    # -- operands --

    def value(self, given: Any) -> Operand:
        """What an argument stands for."""
        if isinstance(given, Ref):
            if given.name not in self.values:
                raise UnsupportedError(given.name)
            return self.values[given.name]
        if isinstance(given, Number):
            return self.numbers[given.name]
        if isinstance(given, int | float):
            return float(given)
        raise UnsupportedError(f"an argument that is {type(given).__name__}")

    def array(self, given: Any) -> Array:
        """An argument that is an array."""
        found = self.value(given)
        if not isinstance(found, Array):
            raise UnsupportedError("a number in place of an array")
        return found

    def value_named(self, name: str) -> Operand:
        """As `value`."""
        return self.value(Ref(name))

    def array_named(self, name: str) -> Array:
        """As `array`."""
        return self.array(Ref(name))

    def _set(self, call: Call, array: Operand) -> None:
        self.values[call.made[0]] = array

    def _new(self, call: Call) -> Array:
        return self.n.array(self._shapes[call.made[0]])

    # -- number by number --

    def _pointwise(self, call: Call) -> None:
        args = call.args[: IGNORED.get(call.name.removesuffix("_"), len(call.args))]
        found = formula_of(call.name, len(args), call.keywords)
        if found is None:
            raise UnsupportedError(call.name)
        formula, rest = found
        operands = [self.value(each) for each in (*args, *rest)]
        out = self.array(call.args[0]) if call.name.endswith("_") else self._new(call)
        self._set(call, self.n.each(out, operands, lambda *values: formula(self.v, *values)))

    def _pow(self, call: Call) -> None:
        exponent = call.args[1]
        if not isinstance(exponent, int | float) or not isinstance(call.args[0], Ref):
            raise UnsupportedError("a power with an exponent that is computed")
        base = [self.value(call.args[0])]
        self._set(call, self.n.each(self._new(call), base, lambda x: raised(self.v, x, float(exponent))))

    def _clamp(self, call: Call) -> None:
        bounds: list[Any] = [*call.args[1:], None, None]
        least, most = bounds[:2]

        def formula(x: Any) -> Any:
            v = self.v
            if least is not None:
                x = v.greater(x, v.constant(float(least), x))
            return x if most is None else v.smaller(x, v.constant(float(most), x))

        self._set(call, self.n.each(self._new(call), [self.value(call.args[0])], formula))

    def _gelu(self, call: Call) -> None:
        """x·Φ(x) with Φ by the C library's error function; the tangent's approximation is not taken."""
        if call.keywords.get("approximate", "none") != "none":
            raise UnsupportedError("gelu by tanh")
        v = self.v

        def share(x: Any) -> Any:
            erf = self._erf(v.mul(x, v.constant(math.sqrt(0.5), x)))
            return v.mul(v.constant(0.5, x), v.add(v.constant(1.0, x), erf))

        def forward(x: Any) -> Any:
            return v.mul(x, share(x))

        def backward(g: Any, x: Any) -> Any:
            bell = v.exp(v.mul(v.mul(x, x), v.constant(-0.5, x)))
            bell = v.mul(v.mul(bell, v.constant(1 / math.sqrt(2 * math.pi), x)), x)
            return v.mul(g, v.add(share(x), bell))

        formula: Callable[..., Any] = forward if call.name == "gelu" else backward
        self._set(call, self.n.each(self._new(call), [self.value(each) for each in call.args], formula))

    def _erf(self, x: Any) -> Any:
        """Number by number, in 64 bits."""
        v, found = self.v, x
        module, double = v.builder.module, v.ir.DoubleType()
        function = module.globals.get("erf") or v.ir.Function(module, v.ir.FunctionType(double, [double]), "erf")
        for lane in range(v.lanes(x)):
            place = v.ir.Constant(v.ir.IntType(32), lane)
            one = x if v.lanes(x) == 1 else v.builder.extract_element(x, place)
            wide = one if v.kind == "f64" else v.builder.fpext(one, double)
            one = v.builder.call(function, [wide])
            one = one if v.kind == "f64" else v.builder.fptrunc(one, v.number)
            found = one if v.lanes(x) == 1 else v.builder.insert_element(found, one, place)
        return found

    def _loss(self, call: Call) -> None:
        """A loss over all elements, or its derivative; `reduction` 1 is the mean, 2 the sum."""
        name = call.name.removesuffix("_backward")
        one, derivative, rest = LOSSES[name]
        back = call.name != name
        formula = derivative if back else one
        assert formula is not None
        fixed = 3 if back else 2
        args = list(call.args)
        if name.startswith("binary"):  # (…, weight, [pos_weight,] reduction)
            more = args[fixed:]
            if any(each is not None for each in more[:-1]) or (len(more) == 1 and more[0] is not None):
                raise UnsupportedError("weights of samples")
            reduction, numbers = (more[-1] if len(more) > 1 else 1), []
        else:
            reduction = args[fixed] if len(args) > fixed else 1
            numbers = [float(each) for each in args[fixed + 1 : fixed + 1 + rest]] or [1.0] * rest
        if reduction not in (1, 2) or call.keywords:
            raise UnsupportedError(f"{call.name} without a reduction")
        operands = [self.value(each) for each in args[:fixed]] + list(numbers)
        prediction = self.array(call.args[fixed - 2])
        by = 1.0 / prediction.count if reduction == 1 else 1.0
        if back:
            out = self.n.each(self._new(call), operands, lambda *values: self._times(by, formula(self.v, *values)))
        else:
            out = self._total(call, operands, lambda *values: formula(self.v, *values), by)
        self._set(call, out)

    def _times(self, by: float, value: Any) -> Any:
        return value if by == 1.0 else self.v.mul(value, self.v.constant(by, value))

    def _total(self, call: Call, operands: Sequence[Operand], formula: Callable[..., Any], by: float) -> Array:
        """Over everything."""
        rank = len(next(each for each in operands if isinstance(each, Array)).shape)
        out = self.n.reduce(self._new(call), range(rank), operands, formula)
        return out if by == 1.0 else self.n.each(out, [out], lambda x: self._times(by, x))

    # -- sums --

    def _sum(self, call: Call) -> None:
        array = self.array(call.args[0])
        rank = len(array.shape)
        dims = [dim % rank for dim in call.args[1]] if len(call.args) > 1 and call.args[1] else list(range(rank))
        keep = len(call.args) > 2 and call.args[2]
        out = self._new(call)
        kept = [dim for dim in range(rank) if dim not in dims]
        target = out if not keep else without(out, dims)
        assert len(target.shape) == len(kept)
        self.n.reduce(target, dims, [array], lambda x: x)
        if call.name == "mean":
            by = 1.0 / math.prod(array.shape[dim] for dim in dims)
            self.n.each(out, [out], lambda x: self._times(by, x))
        self._set(call, out)

    def _product(self, out: Array, left: Array, right: Array) -> None:
        rows, inner = left.shape
        columns = right.shape[1]
        shape = (rows, columns, inner)
        one = Array(left.base, shape, (left.strides[0], 0, left.strides[1]), left.offset, at(left.filled, (0, 2)))
        two = Array(right.base, shape, (0, right.strides[1], right.strides[0]), right.offset, at(right.filled, (2, 1)))
        self.n.reduce(out, (2,), [one, two], self.v.mul)

    def _mm(self, call: Call) -> None:
        out = self._new(call)
        self._product(out, self.array(call.args[0]), self.array(call.args[1]))
        self._set(call, out)

    def _addmm(self, call: Call) -> None:
        if call.keywords:
            raise UnsupportedError("addmm with factors")
        out = self._new(call)
        self._product(out, self.array(call.args[1]), self.array(call.args[2]))
        self.n.each(out, [out, self.value(call.args[0])], self.v.add)
        self._set(call, out)

    # -- classes --

    def _softmax(self, call: Call) -> None:
        """Softmax over one dimension, the greatest taken off first; or its logarithm."""
        array = self.array(call.args[0])
        v, dim = self.v, call.args[1] % len(array.shape)
        smaller = [count for number, count in enumerate(array.shape) if number != dim]
        most = self.n.reduce(self.n.array(smaller), (dim,), [array], lambda x: x, most=True)
        wide = repeated(most, dim, array.shape[dim])
        if call.name == "_softmax":
            powers = self.n.each(self._new(call), [array, wide], lambda x, m: v.exp(v.sub(x, m)))
            total = self.n.reduce(self.n.array(smaller), (dim,), [powers], lambda x: x)
            self._set(call, self.n.each(powers, [powers, repeated(total, dim, array.shape[dim])], v.div))
            return
        total = self.n.reduce(self.n.array(smaller), (dim,), [array, wide], lambda x, m: v.exp(v.sub(x, m)))
        total = self.n.each(total, [total], lambda x: v.library("log", x))
        out = self.n.each(
            self._new(call),
            [array, wide, repeated(total, dim, array.shape[dim])],
            lambda x, m, s: v.sub(v.sub(x, m), s),
        )
        self._set(call, out)

    def _softmax_backward(self, call: Call) -> None:
        grad, y = self.array(call.args[0]), self.array(call.args[1])
        v, dim = self.v, call.args[2] % len(y.shape)
        grad = grad.spread(y.shape)
        smaller = [count for number, count in enumerate(y.shape) if number != dim]
        logs = call.name.startswith("_log")
        total = self.n.reduce(self.n.array(smaller), (dim,), [grad, y], (lambda g, _y: g) if logs else v.mul)
        wide = repeated(total, dim, y.shape[dim])

        def formula(g: Any, out: Any, s: Any) -> Any:
            return v.sub(g, v.mul(v.exp(out), s)) if logs else v.mul(out, v.sub(g, s))

        self._set(call, self.n.each(self._new(call), [grad, y, wide], formula))

    def _labels(self, call: Call, at: int) -> Array:
        labels, weight, reduction, ignored = call.args[at : at + 4]
        if weight is not None or reduction not in (1, 2) or ignored != -100:
            raise UnsupportedError("weights of classes")
        array = self.array(labels)
        if not array.whole or len(array.shape) != 1:
            raise UnsupportedError("labels of another shape")
        return array

    def _nll(self, call: Call) -> None:
        """Minus the label's number, added up: for each class the samples that have it."""
        logs, labels = self.array(call.args[0]), self._labels(call, 1)
        v, mean = self.v, call.args[3] == 1
        operands = [logs, repeated(labels, 1, logs.shape[1]), Counting(1)]

        def formula(x: Any, label: Any, number: Any) -> Any:
            return v.choose(v.builder.icmp_signed("==", label, number), v.neg(x), v.constant(0.0, x))

        self._set(call, self._total(call, operands, formula, 1.0 / labels.count if mean else 1.0))
        self.values[call.made[1]] = float(labels.count)

    def _nll_backward(self, call: Call) -> None:
        grad, logs, labels = self.value(call.args[0]), self.array(call.args[1]), self._labels(call, 2)
        v = self.v
        by = -1.0 / labels.count if call.args[4] == 1 else -1.0

        def formula(g: Any, label: Any, number: Any) -> Any:
            here = v.builder.icmp_signed("==", label, number)
            return v.choose(here, self._times(by, g), v.constant(0.0, g))

        operands = [grad, repeated(labels, 1, logs.shape[1]), Counting(1)]
        self._set(call, self.n.each(self._new(call), operands, formula))

    # -- other ways to look at an array --

    def _copy(self, call: Call) -> None:
        self._set(call, self.n.each(self.array(call.args[0]), [self.value(call.args[1])], lambda x: x))

    def _cat(self, call: Call) -> None:
        parts = [self.array(each) for each in call.args[0]]
        dim = call.args[1] % len(parts[0].shape) if len(call.args) > 1 else 0
        out, start = self._new(call), 0
        for part in parts:
            self.n.each(cut(out, dim, start, start + part.shape[dim]), [part], lambda x: x)
            start += part.shape[dim]
        self._set(call, out)

    def _permute(self, call: Call) -> None:
        array = self.array(call.args[0])
        rank = len(array.shape)
        order = list(range(rank))
        if call.name == "permute":
            order = [dim % rank for dim in call.args[1]]
        elif rank > 1:
            one, other = (0, 1) if call.name == "t" else (dim % rank for dim in call.args[1:3])
            order[one], order[other] = order[other], order[one]
        self._set(call, array.permuted(order))

    def _expand(self, call: Call) -> None:
        given = self.value(call.args[0])
        self._set(call, given.spread(self._shapes[call.made[0]]) if isinstance(given, Array) else given)

    def _view(self, call: Call) -> None:
        self._set(call, reshaped(self.array(call.args[0]), self._shapes[call.made[0]]))

    def _unsqueeze(self, call: Call) -> None:
        array = self.array(call.args[0])
        self._set(call, repeated(array, call.args[1] % (len(array.shape) + 1), 1))

    def _squeeze(self, call: Call) -> None:
        self._set(call, reshaped(self.array(call.args[0]), self._shapes[call.made[0]]))

    def _select(self, call: Call) -> None:
        array = self.array(call.args[0])
        dim, index = call.args[1] % len(array.shape), call.args[2]
        index += array.shape[dim] if index < 0 else 0
        self._set(call, without(cut(array, dim, index, index + 1), [dim]))

    def _slice(self, call: Call) -> None:
        array = self.array(call.args[0])
        given: list[Any] = [*call.args[1:], *(0, None, None, 1)[len(call.args) - 1 :]]
        dim, start, stop, step = given
        if step != 1:
            raise UnsupportedError("a slice with steps")
        dim %= len(array.shape)
        first, last, _ = slice(start, stop).indices(array.shape[dim])
        self._set(call, cut(array, dim, first, last))
