"""Draws parameters that a block's form admits and inputs of any shape, whether they go together or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.block import registry
from engine.param import Bool, Choice, Float, Int, Param, Shape, Size, parse_all
from engine.tensorspec import BATCH, Dim, TensorSpec

_LARGEST = 5
_HARMLESS = ("eps", "momentum")

SIZES: SearchStrategy[Dim] = st.integers(1, 6)
SHAPES = st.one_of(
    st.lists(SIZES, max_size=4).map(tuple),
    st.builds(lambda size: ("T", size), st.integers(1, 4)),
    st.builds(lambda size: (size, "T"), st.integers(1, 4)),
)


@st.composite
def specs(draw: st.DrawFn) -> TensorSpec:
    """Mostly floats with a batch."""
    shape = draw(SHAPES)
    kind = draw(st.sampled_from(("float",) * 8 + ("int", "bool")))
    if kind == "float" and draw(st.integers(0, 9)) == 0:
        return TensorSpec(tuple(size for size in shape if size != "T"))
    classes = draw(st.one_of(st.none(), st.integers(2, 4))) if kind == "int" else None
    return TensorSpec((BATCH, *shape), kind, classes=classes)


def _whole(low: int | None, high: int | None) -> SearchStrategy[int]:
    low = 0 if low is None else low
    return st.integers(low, max(low, min(_LARGEST, _LARGEST if high is None else high)))


def _value(name: str, param: Param) -> SearchStrategy[Any]:
    if isinstance(param, Int):
        return _whole(param.min, param.max)
    if isinstance(param, Float) and name not in _HARMLESS:
        low = 0.01 if param.min is None else param.min
        high = 0.9 if param.max is None else min(param.max, 2.0)
        return st.sampled_from((param.start, max(low, 0.3), high))
    if isinstance(param, Bool):
        return st.booleans()
    if isinstance(param, Choice):
        return st.sampled_from(param.options)
    if isinstance(param, Size):
        size = _whole(param.min, param.max)
        several = st.lists(size, min_size=param.dims, max_size=param.dims)
        words = st.sampled_from((*param.words, *((None,) if param.optional else ()), param.start))
        return st.one_of(size, several, words)
    if isinstance(param, Shape):
        size = _whole(param.min, None)
        return st.lists(st.one_of(size, st.just(-1)) if param.infer else size, max_size=4)
    return st.just(param.start)


@st.composite
def params(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Values that `parse_all` takes; about half of them are the defaults."""
    block = registry()[kind]
    found = {name: draw(_value(name, param)) for name, param in block.params.items() if draw(st.booleans())}
    errors = dict(parse_all(block.params, found)[1])
    return {name: value for name, value in found.items() if name not in errors}


@st.composite
def anything(draw: st.DrawFn, kind: str) -> tuple[dict[str, Any], dict[str, TensorSpec]]:
    """Parameters, and an input for each port; often all inputs alike."""
    values = draw(params(kind))
    block = registry()[kind]
    parsed = parse_all(block.params, values)[0]
    first = draw(specs())
    found: dict[str, TensorSpec] = {}
    for port in block.inputs(parsed):
        found[port.name] = first if draw(st.integers(0, 2)) else draw(specs())
    return values, found
