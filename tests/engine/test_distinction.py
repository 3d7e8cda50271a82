"""The words for what differs between two runs, held against edits as people make them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import assets, edits, files
from engine.distinction import distinction
from engine.graph import Project
from tests.engine.graphs import group, project


@pytest.fixture(scope="module")
def circle() -> Project:
    return files.load(assets.example("circle.chainrule"))


def trained(base: Project, **training: object) -> Project:
    return edits.set_training(base, training)[0]


def functions(base: Project, function: str, *names: str) -> Project:
    for name in names:
        base = edits.set_params(base, name, {"function": function})[0]
    return base


def test_what_does_not_change_a_run_tells_nothing(circle):
    assert distinction(circle, circle) == ()
    moved = edits.move_nodes(circle, {"dense1": (900.0, 900.0)})[0]
    named = replace(moved, name="Another", notes="not the same")
    assert distinction(circle, named) == ()
    assert distinction(circle, trained(circle, metrics=["accuracy", "mae"], threads=1)) == ()
    assert distinction(circle, trained(circle, momentum=0.0)) == (), "the default, written out"


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"lr": 0.1}, ("lr 0.1",)),
        ({"lr": 3e-5}, ("lr 3e-5",)),
        ({"optimizer": "adam"}, ("Adam",)),
        ({"optimizer": "rmsprop", "lr": 0.001, "momentum": 0.5}, ("RMSprop", "lr 0.001", "momentum 0.5")),
        ({"momentum": 0.9, "nesterov": True}, ("momentum 0.9", "nesterov")),
        ({"batch_size": 32, "epochs": 1000}, ("batch size 32", "1,000 epochs")),
        ({"schedule": "cosine"}, ("schedule cosine",)),
        ({"clip_norm": 1.0}, ("clip norm 1",)),
        ({"lr": 0.1 / 3}, ("lr 0.03333",)),
        ({"lr": 0.030000001}, ("lr 0.030000001",)),
        ({"seed": 7}, ("seed 7",)),
    ],
)
def test_settings_are_told_by_their_values(circle, training, words):
    assert distinction(circle, trained(circle, **training)) == words


def test_the_words_are_those_of_the_second_one(circle):
    slow, fast = trained(circle, lr=0.001, clip_norm=2.0), trained(circle, lr=0.5)
    assert distinction(fast, slow) == ("lr 0.001", "clip norm 2")
    assert distinction(slow, fast) == ("lr 0.5", "clip norm no limit")


def test_settings_that_the_optimizer_lacks_are_not_told(circle):
    adam = trained(circle, optimizer="adam")
    assert distinction(adam, trained(adam, momentum=0.9, nesterov=True)) == ()
    assert distinction(trained(circle, momentum=0.9), trained(adam, momentum=0.9)) == ("Adam",)
    assert distinction(adam, trained(adam, beta1=0.5)) == ("beta1 0.5",)


def test_the_same_change_in_several_blocks_is_said_once(circle):
    assert distinction(circle, functions(circle, "relu", "tanh1", "tanh2")) == ("relu",)
    assert distinction(circle, functions(circle, "relu", "tanh1", "tanh2", "tanh3")) == ("relu",)


def test_a_change_of_one_among_several_says_which(circle):
    assert distinction(circle, functions(circle, "relu", "tanh1")) == ("tanh1 relu",)
    mixed = functions(functions(circle, "relu", "tanh1"), "sigmoid", "tanh2")
    assert distinction(circle, mixed) == ("tanh1 relu", "tanh2 sigmoid")
    wide = edits.set_params(circle, "dense1", {"out_features": 8})[0]
    assert distinction(circle, wide) == ("dense1 8 units",)
    assert distinction(wide, circle) == ("dense1 4 units",)


def test_the_only_one_of_its_kind_needs_no_name(circle):
    noisy = edits.set_params(circle, "data", {"dataset": "gauss", "noise": 0.5})[0]
    words = distinction(circle, noisy)
    assert len(words) == 2
    assert words[1] == "noise 0.5"
    assert not any("data" in word for word in words)


def test_blocks_more_or_less_are_told_by_kind(circle):
    more, _, _ = edits.add_node(circle, "Dropout", (0.0, 0.0))
    assert distinction(circle, more) == ("Dropout",)
    assert distinction(more, circle) == ("no Dropout",)
    two = edits.add_node(more, "Dropout", (0.0, 0.0))[0]
    assert distinction(circle, two) == ("2 Dropout",)
    assert distinction(circle, edits.rename_node(circle, "tanh1", "first")[0]) == ()


def test_muted_frozen_rewired_and_started_otherwise(circle):
    assert distinction(circle, edits.set_node(circle, "dense2", bypass=True)[0]) == ("dense2 muted",)
    frozen = edits.set_node(circle, "dense2", frozen=frozenset({"weight"}))[0]
    assert distinction(circle, frozen) == ("dense2 weight frozen",)
    cut = edits.disconnect(circle, [circle.graph.wires_into("loss")[0]])[0]
    assert distinction(circle, cut) == ("other wires",)
    begun = edits.set_parameters(circle, {"output.bias": (0.5,)})[0]
    assert distinction(circle, begun) == ("other start values",)


def test_inside_of_a_group():
    inside = group({"one": ("Dense", {"out_features": 3})}, [], ["in = one.in"], ["out = one.out"])
    before = project(
        {"x": "Input", "block": ("Group", {"group": "Hidden"})}, ["x.x > block.in"], groups={"Hidden": inside}
    )
    graph, _ = inside.graph.set_params("one", {"out_features": 77})
    after = replace(before, groups=before.groups.insert("Hidden", replace(inside, graph=graph)))
    assert distinction(before, after) == ("Hidden: 77 units",)
