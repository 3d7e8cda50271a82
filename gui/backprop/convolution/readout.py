"""The sum at the chosen place, written out as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication

from gui.backprop.convolution.scenes import Meeting, Scene, Scenes
from gui.backprop.products import Terms
from gui.format import format_exact, format_number

MOST_PRODUCTS: Final = 9
MOST_PARTS: Final = 6


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


def sum_lines(scenes: Scenes, scene: Scene) -> list[str]:
    """The number as a sum, a part a line; the last line is the sum."""
    meeting = scene.meeting
    head = target(scenes, scene)
    if meeting is None:
        return _update_lines(scene, head)
    terms = meeting.terms
    if terms.picks:
        numbers = ", ".join(format_number(value) for value in terms.left[terms.here])
        return [f"{head} = max({numbers})", f"= {format_number(terms.total)}"]
    lines = [_part(scene, meeting, head)]
    lines += _others(terms, meeting.part, _names(scene, terms))
    if terms.added is not None:
        lines.append("+ " + _tr("bias {0}").format(format_number(terms.added)))
    lines.append(f"= {format_number(terms.total)}")
    return lines


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


def _part(scene: Scene, meeting: Meeting, head: str) -> str:
    """The part that is laid out: its products, or the first ones and the last."""
    terms, part = meeting.terms, meeting.part
    here = terms.here[part]
    left, right = terms.left[part][here], terms.right[part][here]

    def product(at: int) -> str:
        return f"{signed(format_number(left[at], 3))}·{signed(format_number(right[at], 3))}"

    shown = list(range(len(left)))
    if len(left) > MOST_PRODUCTS:
        shown = [int(at) for at in np.flatnonzero(left * right)]
    if len(shown) > MOST_PRODUCTS:
        written = [*(product(at) for at in shown[:3]), "…", product(shown[-1])]
    else:
        written = [product(at) for at in shown]
    found = " + ".join(written) if written else "0"
    name = _names(scene, terms)[part] if len(terms.of) > 1 else ""
    value = format_number(terms.sums[part])
    if len(left) > MOST_PRODUCTS:
        zeros = len(left) - len(shown)
        count = _tr("{0} products, {1} of them 0").format(len(left), zeros)
        if not zeros:
            count = _tr("{0} products").format(len(left))
        found = f"{found}  ({count})"
    if name:
        return f"{head} = {name}: {found} = {value}"
    return f"{head} = {found}"


def signed(text: str) -> str:
    """A number in parentheses where a sign would stand after another one."""
    return f"({text})" if text.startswith("-") else text


def _others(terms: Terms, part: int, names: Sequence[str]) -> list[str]:
    """The other parts, each by its sum."""
    rest = [(name, value) for at, (name, value) in enumerate(zip(names, terms.sums, strict=True)) if at != part]
    lines = [f"+ {name}: {format_number(value)}" for name, value in rest[:MOST_PARTS]]
    if len(rest) > MOST_PARTS:
        together = sum(value for _, value in rest[MOST_PARTS:])
        lines.append("+ " + _tr("{0} more, together {1}").format(len(rest) - MOST_PARTS, format_number(together)))
    return lines


def _names(scene: Scene, terms: Terms) -> list[str]:
    word = _tr("sample {0}") if scene.way == "kernel" else _tr("channel {0}")
    return [word.format(each + 1) for each in terms.of]


def _update_lines(scene: Scene, head: str) -> list[str]:
    assert scene.window is not None
    place = scene.choice.place
    before, gradient = float(scene.picture[place]), float(scene.window[place])
    after = float(scene.result[place])
    change = format_number(after - before)
    return [
        _tr("{0}: before {1}, gradient {2}").format(head, format_number(before), format_number(gradient)),
        f"= {format_number(before)} {'-' if after < before else '+'} {change.lstrip('-')} = {format_number(after)}",
    ]
