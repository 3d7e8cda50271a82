"""Every block explains itself: help, formulas that can be drawn, symbols that are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

from engine.assets import folder
from engine.block import Block, registry
from engine.param import Bool, Choice, Int
from engine.recipe import Formula

_BLOCKS = {kind: block for kind, block in registry().items() if kind != "Input"}
_COMMANDS = re.compile(
    r"\\(?:mathrm|mathcal)\{[^}]*\}|\\(?:dfrac|partial|sum|max|min|ln|tanh|sqrt|quad|ldots|hat|bar)(?![A-Za-z])"
)
_NAMES = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
_COMMON = {
    "L",
    "e",
    r"\partial",
    r"\pi",
    r"\top",
    r"\sin",
    r"\cos",
    r"\leq",
    r"\geq",
    r"\in",
    r"\leftarrow",
    r"\sim",
    r"\cdot",
    r"\times",
}


def _variants(block: Block) -> Iterator[dict[str, Any]]:
    """The parameters' defaults, and each choice and switch in turn."""
    defaults = {name: param.start for name, param in block.params.items()}
    yield defaults
    for name, param in block.params.items():
        options: tuple[Any, ...] = ()
        if isinstance(param, Choice):
            options = param.options
        elif isinstance(param, Bool):
            options = (True, False)
        elif isinstance(param, Int) and name == "inputs":
            options = (2, 3, 4, 5, 26)
        for option in options:
            yield {**defaults, name: option}
    if block.kind == "Activation":
        yield {**defaults, "function": "gelu", "approximate": "tanh"}
    if block.kind == "Permute":
        yield {**defaults, "dims": (0, 2, 3, 1)}


def _lines(formula: Formula) -> list[str]:
    return [*formula.forward, *formula.backward]


@pytest.mark.parametrize("kind", _BLOCKS)
def test_formulas_can_be_drawn(kind: str) -> None:
    parser = MathTextParser("path")
    for params in _variants(_BLOCKS[kind]):
        formula = _BLOCKS[kind].formula(params)
        assert formula.forward
        assert formula.backward
        assert formula.source
        for line in [*_lines(formula), *(symbol for symbol, _ in formula.symbols)]:
            assert "$" not in line
            width, height, *_ = parser.parse(f"${line}$")
            assert width > 0
            assert height > 0


@pytest.mark.parametrize("kind", _BLOCKS)
def test_every_symbol_is_named(kind: str) -> None:
    for params in _variants(_BLOCKS[kind]):
        formula = _BLOCKS[kind].formula(params)
        used = set(_NAMES.findall(_COMMANDS.sub(" ", " ".join(_lines(formula)))))
        named = set(_NAMES.findall(_COMMANDS.sub(" ", " ".join(symbol for symbol, _ in formula.symbols))))
        assert used - _COMMON <= named, params
        assert named - _COMMON <= used, params
        assert all(meaning for _, meaning in formula.symbols)


@pytest.mark.parametrize("kind", _BLOCKS)
def test_help_is_there(kind: str) -> None:
    block = _BLOCKS[kind]
    assert block.doc.endswith(".")
    assert type(block).__doc__
    assert block.keywords
    for param in block.params.values():
        assert param.doc.endswith(".")
        assert param.parse(param.start) == param.start
    defaults = {name: param.start for name, param in block.params.items()}
    ports = [*block.inputs(defaults), *block.outputs(defaults)]
    if len(block.inputs(defaults)) > 1:
        assert all(port.doc for port in block.inputs(defaults))
    assert len({port.name for port in ports}) == len(ports)


def test_conditions_name_parameters_and_their_values() -> None:
    for block in _BLOCKS.values():
        for param in block.params.values():
            if param.when is not None:
                other = block.params[param.when[0]]
                assert all(other.parse(value) == value for value in param.when[1])


def test_icons_exist() -> None:
    for block in _BLOCKS.values():
        assert (folder() / "icons" / f"{block.icon}.svg").is_file(), block.kind


def test_beginners_find_a_dozen() -> None:
    assert {kind for kind, block in _BLOCKS.items() if block.beginner} == {
        "Activation",
        "Add",
        "BatchNorm2d",
        "Concat",
        "Conv2d",
        "Dense",
        "Dropout",
        "Flatten",
        "Loss",
        "MaxPool2d",
        "Regularizer",
    }
