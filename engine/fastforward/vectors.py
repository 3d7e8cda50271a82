"""Arithmetic on several numbers at once, as instructions of LLVM.

A value is a vector of `lanes` numbers, or a plain number for one lane. The compiler may fuse a product and a sum, which
rounds once instead of twice; nothing else is loosened, so what is not finite stays visible.

Exponential, hyperbolic tangent: S. L. Moshier, Cephes Mathematical Library (netlib.org/cephes), exp.c, tanh.c; the
quotient of polynomials for 32 bits is that of Eigen's `ptanh`. Other functions are those of the C library.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, final

Kind = Literal["f32", "f64"]

_FUSED = ("contract",)

_EXP_P = (1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1)
_EXP_Q = (3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.00000000000000000009e0)
_EXP_32 = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
_TANH_P = (-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3)
_TANH_Q = (1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3)
_TANH_32_P = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
_TANH_32_Q = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
_TANH_32_MOST = 7.90531110763549805


@final
class Vectors:
    """Writes instructions behind those that were written last.

    Attributes:
        ir: the module `llvmlite.ir`.
        builder: where instructions go; its place is moved by whoever writes loops.
        number: LLVM's type of one number; `whole`: of an index or a label.
        width: lanes of the widest vector, 64 bytes.
    """

    def __init__(self, builder: Any, kind: Kind) -> None:
        from llvmlite import ir

        self.ir, self.builder, self.kind = ir, builder, kind
        self.number = ir.FloatType() if kind == "f32" else ir.DoubleType()
        self.whole = ir.IntType(64)
        self.bits = ir.IntType(32 if kind == "f32" else 64)
        self.width = 16 if kind == "f32" else 8
        self.epsilon = 2.0**-23 if kind == "f32" else 2.0**-52

    # -- types and constants --

    def vector(self, kind: Any, lanes: int) -> Any:
        """The type of so many of a kind."""
        return kind if lanes == 1 else self.ir.VectorType(kind, lanes)

    def lanes(self, value: Any) -> int:
        """How many numbers a value is."""
        return value.type.count if isinstance(value.type, self.ir.VectorType) else 1

    def constant(self, value: float, like: Any) -> Any:
        """A number in all lanes of another value."""
        return self.filled(value, self.lanes(like))

    def filled(self, value: float, lanes: int) -> Any:
        """A number in so many lanes."""
        if self.kind == "f32":
            value = rounded(value)
        one = self.ir.Constant(self.number, value)
        return one if lanes == 1 else self.ir.Constant(self.vector(self.number, lanes), [one] * lanes)

    def integer(self, value: int, like: Any, kind: Any) -> Any:
        """A whole number in all lanes of another value."""
        lanes = self.lanes(like)
        one = self.ir.Constant(kind, value)
        return one if lanes == 1 else self.ir.Constant(self.vector(kind, lanes), [one] * lanes)

    def splat(self, value: Any, lanes: int) -> Any:
        """One number in so many lanes."""
        if lanes == 1 or self.lanes(value) == lanes:
            return value
        kind = self.vector(value.type, lanes)
        first = self.builder.insert_element(
            self.ir.Constant(kind, self.ir.Undefined), value, self.ir.Constant(self.ir.IntType(32), 0)
        )
        zeros = self.ir.Constant(self.vector(self.ir.IntType(32), lanes), [0] * lanes)
        return self.builder.shuffle_vector(first, self.ir.Constant(kind, self.ir.Undefined), zeros)

    # -- arithmetic --

    def add(self, one: Any, other: Any) -> Any:
        """One + other."""
        return self.builder.fadd(one, other, flags=_FUSED)

    def sub(self, one: Any, other: Any) -> Any:
        """One − other."""
        return self.builder.fsub(one, other, flags=_FUSED)

    def mul(self, one: Any, other: Any) -> Any:
        """One · other."""
        return self.builder.fmul(one, other, flags=_FUSED)

    def div(self, one: Any, other: Any) -> Any:
        """One / other."""
        return self.builder.fdiv(one, other)

    def neg(self, value: Any) -> Any:
        """−value."""
        return self.builder.fneg(value)

    def compare(self, sign: str, one: Any, other: Any) -> Any:
        """Whether it is so, for numbers that are ordered; one bit a lane."""
        return self.builder.fcmp_ordered(sign, one, other)

    def choose(self, which: Any, yes: Any, no: Any) -> Any:
        """`yes` where it is so."""
        return self.builder.select(which, yes, no)

    def greater(self, one: Any, other: Any) -> Any:
        """The greater one; NaN when `one` is."""
        return self.choose(self.builder.fcmp_unordered(">=", one, other), one, other)

    def smaller(self, one: Any, other: Any) -> Any:
        """The smaller one; NaN when `one` is."""
        return self.choose(self.builder.fcmp_unordered("<=", one, other), one, other)

    def library(self, name: str, *values: Any) -> Any:
        """A function that LLVM knows by this name, such as sqrt, fabs, log or sin."""
        kind = values[0].type
        suffix = self.kind if self.lanes(values[0]) == 1 else f"v{self.lanes(values[0])}{self.kind}"
        return self.builder.call(self._function(f"llvm.{name}.{suffix}", kind, [kind] * len(values)), values)

    def total(self, value: Any) -> Any:
        """The sum over all lanes."""
        if self.lanes(value) == 1:
            return value
        return self._reduced("fadd", value, self.ir.Constant(self.number, -0.0))

    def most(self, value: Any) -> Any:
        """The greatest of all lanes; NaN is passed over."""
        return value if self.lanes(value) == 1 else self._reduced("fmax", value)

    def _reduced(self, how: str, value: Any, *start: Any) -> Any:
        name = f"llvm.vector.reduce.{how}.v{self.lanes(value)}{self.kind}"
        function = self._function(name, self.number, [*(one.type for one in start), value.type])
        return self.builder.call(function, [*start, value], fastmath=("reassoc",))

    def _function(self, name: str, result: Any, arguments: list[Any]) -> Any:
        module = self.builder.module
        known = module.globals.get(name)
        return known or self.ir.Function(module, self.ir.FunctionType(result, arguments), name)

    def polynomial(self, value: Any, coefficients: tuple[float, ...]) -> Any:
        """By Horner's rule, from the highest power on."""
        found = self.constant(coefficients[0], value)
        for coefficient in coefficients[1:]:
            found = self.add(self.mul(found, value), self.constant(coefficient, value))
        return found

    def exp(self, value: Any) -> Any:
        """Euler's number to the power of it."""
        single = self.kind == "f32"
        most, least = (88.72283, -87.33654) if single else (709.782712893384, -708.3964185322641)
        high, low = (0.693359375, -2.12194440e-4) if single else (6.93145751953125e-1, 1.42860682030941723212e-6)
        x = self.library("minnum", self.library("maxnum", value, self.constant(least, value)),
                         self.constant(most, value))  # fmt: skip
        whole = self.library("rint", self.mul(x, self.constant(1.4426950408889634, x)))
        x = self.sub(self.sub(x, self.mul(whole, self.constant(high, x))), self.mul(whole, self.constant(low, x)))
        square = self.mul(x, x)
        if single:
            found = self.add(self.add(self.mul(self.polynomial(x, _EXP_32), square), x), self.constant(1.0, x))
        else:
            upper = self.mul(x, self.polynomial(square, _EXP_P))
            part = self.div(upper, self.sub(self.polynomial(square, _EXP_Q), upper))
            found = self.add(self.mul(part, self.constant(2.0, x)), self.constant(1.0, x))
        found = self._scaled(found, whole)
        found = self.choose(self.compare("<", value, self.constant(least, value)), self.constant(0.0, value), found)
        found = self.choose(
            self.compare(">", value, self.constant(most, value)), self.constant(float("inf"), value), found
        )
        return self.choose(self.builder.fcmp_unordered("uno", value, value), value, found)

    def _scaled(self, value: Any, whole: Any) -> Any:
        """Value · 2^whole, in two factors, as 2^128 alone is no number."""
        mantissa, middle = (23, 127) if self.kind == "f32" else (52, 1023)
        kind = self.vector(self.bits, self.lanes(value))
        power = self.builder.fptosi(whole, kind)
        half = self.builder.ashr(power, self.integer(1, value, self.bits))
        for part in (half, self.builder.sub(power, half)):
            shifted = self.builder.add(part, self.integer(middle, value, self.bits))
            factor = self.builder.shl(shifted, self.integer(mantissa, value, self.bits))
            value = self.mul(value, self.builder.bitcast(factor, value.type))
        return value

    def tanh(self, value: Any) -> Any:
        """The hyperbolic tangent."""
        if self.kind == "f32":
            most = self.constant(_TANH_32_MOST, value)
            x = self.library("minnum", self.library("maxnum", value, self.neg(most)), most)
            square = self.mul(x, x)
            upper = self.mul(x, self.polynomial(square, _TANH_32_P))
            found = self.div(upper, self.polynomial(square, _TANH_32_Q))
            return self.choose(self.builder.fcmp_unordered("uno", value, value), value, found)
        size = self.library("fabs", value)
        square = self.mul(value, value)
        small = self.div(self.polynomial(square, _TANH_P), self.polynomial(square, _TANH_Q))
        small = self.add(value, self.mul(self.mul(value, square), small))
        one = self.constant(1.0, value)
        below = self.add(self.exp(self.mul(size, self.constant(2.0, value))), one)
        large = self.sub(one, self.div(self.constant(2.0, value), below))
        large = self.library("copysign", large, value)
        return self.choose(self.compare("<", size, self.constant(0.625, value)), small, large)

    def sigmoid(self, value: Any) -> Any:
        """1 / (1 + e^−x)."""
        one = self.constant(1.0, value)
        return self.div(one, self.add(one, self.exp(self.neg(value))))


def rounded(value: float) -> float:
    """To 32 bits, as LLVM wants its constants."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
