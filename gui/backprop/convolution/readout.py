"""The sum at the chosen place, written out as mathematics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from PySide6.QtCore import QCoreApplication

from gui.backprop.convolution.scenes import Scene, Scenes, Way
from gui.backprop.products import Terms
from gui.backprop.write import number
from gui.format import format_exact, format_number

MOST_PRODUCTS: Final = 9
MOST_PARTS: Final = 6
_HEADS: Final[Mapping[Way, str]] = {
    "forward": "y",
    "input": r"\dfrac{\partial L}{\partial x}",
    "kernel": r"\dfrac{\partial L}{\partial W}",
    "update": "W'",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("ConvolutionReadout", text)


def target(scenes: Scenes, scene: Scene) -> str:
    """`y[2, 3, 5]`: the number that is made, its channel and place from 1."""
    choice = scene.choice
    place = [choice.place[1] + 1] if scenes.slide.flat else [at + 1 for at in choice.place]
    kernel = [choice.output + 1, choice.input + 1]
    if scenes.transposed:
        kernel.reverse()
    name, channels = {
        "forward": ("y", [choice.output + 1]),
        "input": ("∂L/∂x", [choice.output + 1 if scenes.slide.is_pool else choice.input + 1]),
        "kernel": ("∂L/∂W", kernel),
        "update": ("W′", kernel),
    }[scene.way]
    return f"{name}[{', '.join(str(at) for at in [*channels, *place])}]"


@final
@dataclass(frozen=True, slots=True)
class Readout:
    """The number at the chosen place: what it is called, in words, and how it is computed, in LaTeX."""

    title: str
    lines: tuple[str, ...]


def readout(scenes: Scenes, scene: Scene) -> Readout:
    """The number as a sum of products, a part of many channels or samples after the other."""
    meeting, title = scene.meeting, target(scenes, scene)
    head = _HEADS[scene.way]
    if meeting is None:
        return _update(scene, title)
    terms = meeting.terms
    total = number(terms.total)
    if terms.picks:
        numbers = ", ".join(number(value) for value in terms.left[terms.here])
        return Readout(title, (rf"{head} = \max({numbers}) = {total}",))
    part = meeting.part
    products, left_out = _products(terms, part)
    several = len(terms.of) > 1
    if left_out:
        title = f"{title} · {left_out}"
    if not several:
        added = "" if terms.added is None else f" + {number(terms.added, bare=False)}"
        return Readout(title, (f"{head} = {products}{added} = {total}",))
    parts = _tr("s: the sums of all samples") if scene.way == "kernel" else _tr("s: the sums of all channels")
    names = [f"s_{{{each + 1}}}" for each in terms.of]
    lines = [f"{names[part]} = {products} = {number(terms.sums[part])}", *_total(terms, names, head)]
    return Readout(f"{title} · {parts}", tuple(lines))


def verdict(scene: Scene) -> tuple[str, bool]:
    """What the traced number is, and whether the sum is that."""
    exact = format_exact(_shortest(scene))
    if scene.meeting is None:
        return _tr("traced: {0}").format(exact), True
    right = scene.meeting.terms.comes_to(scene.traced)
    if right:
        return _tr("✓ the traced number: {0}").format(exact), True
    return _tr("✗ not the traced number, which is {0}").format(exact), False


def _shortest(scene: Scene) -> float:
    """A float32 as the shortest decimal that reads back as itself."""
    return float(str(scene.result[scene.choice.place]))


def _products(terms: Terms, part: int) -> tuple[str, str]:
    """The products that are laid out, or the first ones and the last; how many there are, if not all are written."""
    here = terms.here[part]
    left, right = terms.left[part][here], terms.right[part][here]
    shown = list(range(len(left)))
    if len(left) > MOST_PRODUCTS:
        shown = [int(at) for at in np.flatnonzero(left * right)]
    count = ""
    if len(shown) < len(left):
        count = _tr("{0} products, {1} of them 0").format(len(left), len(left) - len(shown))
    elif len(shown) > MOST_PRODUCTS:
        count = _tr("{0} products").format(len(left))
    written = [rf"{number(left[at], bare=False)} \cdot {number(right[at], bare=False)}" for at in shown]
    if len(written) > MOST_PRODUCTS:
        written = [*written[:3], r"\cdots", written[-1]]
    return " + ".join(written) or "0", count


def _total(terms: Terms, names: Sequence[str], head: str) -> Iterator[str]:
    """The sum of the parts, in symbols and in numbers; where there are many, the last of them together."""
    symbols, values = list(names), [float(value) for value in terms.sums]
    if len(values) > MOST_PARTS:
        rest = sum(values[MOST_PARTS:])
        symbols = [*symbols[:MOST_PARTS], r"\cdots", symbols[-1]]
        values = [*values[:MOST_PARTS], rest]
    if terms.added is not None:
        symbols.append("b")
        values.append(terms.added)
    yield f"{head} = {' + '.join(symbols)}"
    numbers = [number(value, bare=not at) for at, value in enumerate(values)]
    yield f"{head} = {' + '.join(numbers)} = {number(terms.total)}"


def _update(scene: Scene, title: str) -> Readout:
    assert scene.window is not None
    place = scene.choice.place
    before, gradient = float(scene.picture[place]), float(scene.window[place])
    after = float(scene.result[place])
    change = number(abs(after - before))
    line = f"W' = {number(before)} {'-' if after < before else '+'} {change} = {number(after)}"
    return Readout(_tr("{0} · gradient {1}").format(title, format_number(gradient)), (line,))
