"""Ids are what PyTorch, Python and the exported code can live with."""

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

from engine.names import RESERVED, fresh_id, fresh_ids, id_error

PATTERN = re.compile(r"[a-z][A-Za-z0-9_]{0,39}")


@pytest.mark.parametrize("name", ["a", "dense1", "resBlock_2", "z" * 40, "match", "loss", "data", "weight", "print"])
def test_names_that_will_do(name):
    assert id_error(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "A", "1a", "_a", "a b", "a.b", "a-b", "ä", "aä", "a\n", "a" * 41, "²", "a²", None, 3, ["a"], "a\0", "а"],
)
def test_names_of_another_form(name):
    assert id_error(name) == "must begin with a small letter and hold at most 40 letters, digits and _"


@pytest.mark.parametrize(
    "name", ["class", "lambda", "train", "type", "code", "forward", "graph", "self", "torch", "to"]
)
def test_names_that_are_taken(name):
    assert id_error(name) == "is a word that Python or PyTorch uses itself"


def module_attributes() -> set[str]:
    graph = fx.Graph()
    graph.output(graph.placeholder("x"))
    modules = (nn.Module(), fx.GraphModule(nn.Module(), graph))
    return {name for module in modules for name in dir(module) if PATTERN.fullmatch(name)}


def test_every_attribute_of_a_module_is_reserved():
    assert module_attributes() <= RESERVED


def test_nothing_is_reserved_without_a_reason():
    reasons = module_attributes() | set(keyword.kwlist)
    unexplained = RESERVED - reasons - {"self", "torch", "nn", "math", "json", "struct", "load", "init"}
    assert unexplained <= {"children", "mtia", "xpu", "to_folder", "shape_env"}  # of other versions of PyTorch


@given(st.sampled_from([*sorted(name for name in RESERVED if PATTERN.fullmatch(name)), "dense", "a1", "x" * 40]))
def test_a_module_takes_what_is_no_error(name):
    if id_error(name) is None:
        module = nn.Module()
        module.add_module(name, nn.Identity())
        assert isinstance(getattr(module, name), nn.Identity)


@pytest.mark.parametrize(
    ("base", "taken", "expected"),
    [
        ("Dense", [], "dense"),
        ("Dense", ["dense"], "dense2"),
        ("dense", ["dense", "dense2", "dense3"], "dense4"),
        ("dense", ["dense", "dense3"], "dense2"),
        ("conv1", ["conv1"], "conv2"),
        ("conv7", ["conv7", "conv8"], "conv9"),
        ("conv7", [], "conv7"),
        ("a9", ["a9"], "a10"),
        ("Conv2d", ["conv2d"], "conv2d2"),
        ("Type", [], "type2"),
        ("class", [], "class2"),
        ("3 rows", [], "rows"),
        ("ReLU & more", [], "reLUmore"),
        ("_", [], "block"),
        ("", ["block"], "block2"),
        ("日本", [], "block"),
        ("a²", [], "a"),
        ("x" * 99, [], "x" * 36),
        ("x" * 99, ["x" * 36], "x" * 36 + "2"),
    ],
)
def test_a_fresh_id(base, taken, expected):
    assert fresh_id(base, taken) == expected


@given(st.text(max_size=50), st.sets(st.sampled_from(["block", "a", "a1", "a2", "a3", "dense", "dense2", "dense4"])))
def test_a_fresh_id_is_valid_and_free(base, taken):
    name = fresh_id(base, taken)
    assert id_error(name) is None
    assert name not in taken


@given(
    st.lists(st.sampled_from(["a", "a2", "a3", "a10", "b", "type", "dense", "dense9", "z" * 36]), max_size=25),
    st.sets(st.sampled_from(["a", "a2", "a4", "b2", "dense", "dense10"])),
)
def test_many_fresh_ids_are_those_one_by_one(bases, taken):
    one_by_one: list[str] = []
    for base in bases:
        one_by_one.append(fresh_id(base, {*taken, *one_by_one}))
    assert fresh_ids(bases, taken) == one_by_one


def test_ten_thousand_copies_of_the_longest_name():
    base = "z" * 40
    names = fresh_ids([base] * 20_000, {base})
    assert len(set(names)) == 20_000
    assert all(id_error(name) is None for name in names)


def test_copies_of_a_long_chain_take_no_time():
    """Counting up from each name would take 2,000 × 4,000 tries."""
    tries = 0

    class Counting(set):
        def __contains__(self, name):
            nonlocal tries
            tries += 1
            return super().__contains__(name)

    taken = Counting(f"dense{number}" for number in range(2, 4002))
    assert len(set(fresh_ids([f"dense{number}" for number in range(2, 2002)], taken)) & taken) == 0
    assert tries < 20_000
