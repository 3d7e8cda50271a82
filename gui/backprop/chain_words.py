"""The chain rule of one weight in words and in LaTeX."""

from __future__ import annotations

from math import isclose, prod
from typing import Final

from PySide6.QtCore import QCoreApplication

from engine.chains import Factor, Path, WeightChain
from engine.moments import Step
from gui.backprop.numeral_words import called, hand_written, input_not_weight, parameter_of
from gui.backprop.write import number
from gui.format import format_count, format_number

_FADES: Final = 1e-3
_MATTERS: Final = 0.2
"""Part of the gradient that a path has to be before it tells why a weight does not learn."""
_GROWS: Final = 1e3
_NAMED: Final = 3
_LONG: Final = 8
_SYMBOLS_A_ROW: Final = 6
_NUMBERS_A_ROW: Final = 7

Most = tuple[str, float]
"""The largest gradient of a step: its parameter, and |∂L/∂w|."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("BackpropChain", text)


# -- paths --


def way(step: Step, chain: WeightChain, path: Path) -> str:
    """`w1 → hidden₁ → act1₁ → output₁ → loss`; the middle of a long one left out."""
    places = [called(step, chain.weight), *(factor.to.text for factor in path.factors)]
    if len(places) > _LONG + 2:
        places = [*places[:4], "…", *places[-3:]]
    return " → ".join(places)


def backwards(path: Path) -> tuple[Factor, ...]:
    """The factors as one writes them: from the loss back to the weight."""
    return path.factors[::-1]


def product_lines(step: Step, chain: WeightChain, path: Path) -> tuple[list[str], list[str]]:
    """LaTeX of a path: its local derivatives with symbols, and their product with numbers; long ones broken."""
    factors = backwards(path)
    symbols = _rows([hand_written(step, factor.latex) for factor in factors], _SYMBOLS_A_ROW)
    numbers = _rows([number(factor.value, bare=not at) for at, factor in enumerate(factors)], _NUMBERS_A_ROW)
    numbers[-1] += f" = {number(path.product)}"
    if chain.count == 1:
        left = rf"\dfrac{{\partial L}}{{\partial {hand_written(step, chain.weight.latex)}}}"
        symbols[0], numbers[0] = f"{left} = {symbols[0]}", f"{left} = {numbers[0]}"
    return symbols, numbers


def _rows(factors: list[str], most: int) -> list[str]:
    rows = [factors[at : at + most] for at in range(0, len(factors), most)]
    return [(r"\cdot \, " if at else "") + r" \cdot ".join(row) for at, row in enumerate(rows)]


def sum_line(step: Step, chain: WeightChain) -> str:
    """LaTeX of the gradient as the sum of its paths."""
    left = rf"\dfrac{{\partial L}}{{\partial {hand_written(step, chain.weight.latex)}}}"
    if chain.count <= 1:
        return f"{left} = {number(chain.gradient)}"
    terms = [number(path.product, bare=not at) for at, path in enumerate(chain.paths)]
    if chain.more > 0:
        terms.append(number(chain.rest, bare=False))
    return f"{left} = {' + '.join(terms)} = {number(chain.gradient)}"


def counted(chain: WeightChain) -> str:
    """`2 paths lead from it to the loss; …`."""
    if chain.count == 1:
        return _tr("One path leads from it to the loss: the gradient is the product of the local derivatives on it.")
    if chain.count <= len(chain.paths):
        return _tr("{0} paths lead from it to the loss. The gradient is the sum of their products.").format(
            int(chain.count)
        )
    text = _tr("{0} paths lead from it to the loss. The gradient is the sum of their products; here are the largest.")
    text = text.format(f"{int(chain.count):,}" if chain.count < 1e15 else format_number(chain.count, 3))
    sampled = any(factor.to.sample for path in chain.paths for factor in path.factors)
    return f"{text} {_tr('(3) stands for sample 3 of the batch.')}" if sampled else text


def agreement(chain: WeightChain) -> str:
    """Whether PyTorch says the same; "" where it does not: see `disagrees`."""
    return "" if disagrees(chain) else _tr("PyTorch's autograd gives the same.")


def disagrees(chain: WeightChain) -> bool:
    """Whether the sum of the paths is not what autograd says."""
    return not isclose(chain.gradient, chain.autograd, rel_tol=1e-3, abs_tol=1e-7)


# -- why it learns, or does not --


def smallest(path: Path) -> tuple[Factor, ...]:
    """The factors that make a product small, smallest first; () where it is not.

    Between the weight and the loss: a small input, or a small error, is no fault of the way.
    """
    zero = tuple(factor for factor in path.factors if factor.value == 0)
    if zero:
        return zero
    small = sorted((each for each in path.factors[1:-1] if abs(each.value) < 1), key=lambda each: abs(each.value))
    fades = len(small) >= _NAMED and prod(abs(factor.value) for factor in small) < _FADES
    return tuple(small) if fades else ()


def verdict(step: Step, chain: WeightChain, path: Path, most: Most | None = None) -> tuple[str, str] | None:
    """Title and text on why a weight gets next to no gradient on a path, or far too much.

    A path that fades tells why where it is much of the gradient, or where the gradient of all paths together is next to
    nothing beside the largest one of the network: in wide layers each path is a small part of it.
    """
    name = called(step, chain.weight)
    few = smallest(path)
    if few and few[0].value == 0:
        title = _tr("A factor of zero: nothing gets through")
        text = _tr("{0} is 0, so the whole product is. On this path {1} learns nothing from this batch.")
        return title, text.format(f"∂{called(step, few[0].to)}/∂{called(step, few[0].by)}", name)
    starves = most is not None and abs(chain.gradient) < _FADES * most[1]
    if few and (starves or abs(path.product) > _MATTERS * abs(chain.gradient)):
        words = [_fading(step, name, path, few)]
        if most is not None and starves:
            beside = _tr("With all its paths the gradient is {0}; the largest of the network is {1}, in {2}.")
            words.append(beside.format(format_number(abs(chain.gradient)), format_number(most[1]), most[0]))
        if len(_slopes(few)) >= _NAMED:
            words.append(
                _tr(
                    "Activations with slope 1, such as ReLU, or a way around them, such as a residual sum, let more "
                    "of it through."
                )
            )
        return _tr("Why {0} hardly learns").format(name), " ".join(words)
    large = [factor for factor in path.factors if abs(factor.value) > 1]
    left = prod(abs(factor.value) for factor in large)
    if left > _GROWS:
        title = _tr("The gradient explodes on the way to {0}").format(name)
        text = _tr("{0} factors on this path are larger than 1. Together they multiply to {1}.")
        return title, text.format(len(large), format_number(left))
    return None


def _slopes(few: tuple[Factor, ...]) -> list[Factor]:
    return [factor for factor in few if factor.equals is None and not factor.whole]


def _fading(step: Step, name: str, path: Path, few: tuple[Factor, ...]) -> str:
    slopes = _slopes(few)
    told = slopes if len(slopes) >= _NAMED else list(few)
    words = (
        _tr(
            "{count} of the {all} factors on this path are slopes, none larger than {most}. They multiply to {product}:"
        )
        if told is slopes
        else _tr("{count} of the {all} factors on this path are none larger than {most}. They multiply to {product}:")
    ).format(
        count=len(told),
        all=len(path.factors),
        most=format_number(max(abs(factor.value) for factor in told)),
        product=format_number(prod(abs(factor.value) for factor in told)),
    )
    named = ", ".join(f"{_symbol(step, factor)} = {format_number(factor.value)}" for factor in told[:_NAMED])
    rest = _tr("that little of the loss's gradient is left when it comes to {0}. The smallest: {1}.").format(
        name, named
    )
    return f"{words} {rest}"


def why_first(step: Step, chain: WeightChain, path: Path) -> tuple[str, str] | None:
    """Title and text on the first factor of a Dense weight: the input, and not the weight."""
    first = path.factors[0]
    if parameter_of(chain.weight) != "weight" or first.equals is None:
        return None
    return input_not_weight(called(step, chain.weight), first.to, first.equals)


def factor_name(step: Step, factor: Factor) -> str:
    """`∂output₁/∂w5`."""
    return _symbol(step, factor)


def equals_words(step: Step, factor: Factor) -> str:
    """`= w5`: which number a derivative is."""
    if factor.whole:
        return _tr("all ways on from here")
    return f"= {called(step, factor.equals)}" if factor.equals is not None else ""


def _symbol(step: Step, factor: Factor) -> str:
    return f"∂{called(step, factor.to)}/∂{called(step, factor.by)}"


# -- what reuse saves --


def this_weight(chain: WeightChain) -> str:
    """Multiplications of one weight."""
    total = chain.new + chain.reused
    if not total:
        return _tr("Nothing has to be multiplied for it.")
    text = _tr(
        "For this weight: {total} multiplications, {reused} of them done already for weights behind it, {new} new."
    )
    return text.format(total=f"{total:,}", reused=f"{chain.reused:,}", new=f"{chain.new:,}")


def savings_rows(chain: WeightChain) -> list[tuple[str, str, str]]:
    """Way of computing all gradients, its multiplications, and how many times those of backpropagation."""
    found = chain.savings
    rows = [
        (_tr("Backpropagation: every factor once"), found.backprop),
        (_tr("Each weight by itself"), found.each_alone),
        (_tr("Differences: 2 × {0} forward passes").format(f"{found.weights:,}"), found.differences),
    ]
    return [
        (words, f"{count:,}" if count < 10**7 else format_count(count), _times(count, found.backprop))
        for words, count in rows
    ]


def _times(count: int, least: int) -> str:
    return "" if count == least or not least else _tr("{0} ×").format(format_count(count / least))
