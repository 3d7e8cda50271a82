"""A block whose own code fails spoils nothing but itself."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest

import engine.block
from engine.block import Block, Port
from engine.param import Int, Param
from engine.plan import check
from engine.recipe import Formula, Recipe
from engine.tensorspec import TensorSpec
from tests.engine.graphs import CLASSIFIER, CLASSIFIER_WIRES, checked, found, only, project

WHERE = ["inputs", "outputs", "objective", "shape", "recipe", "macs", "remarks", "summary", "wrong"]


class Faulty(Block):
    """Does what `Activation` does, and fails where `where` says."""

    kind = "Faulty"
    category = "layers"
    doc = ""
    icon = ""
    params: ClassVar[dict[str, Param]] = {"where": Int(default=0, doc="")}

    def _fail(self, params, place):
        if WHERE[params["where"]] == place:
            raise ZeroDivisionError("something is off")

    def inputs(self, params):
        self._fail(params, "inputs")
        return (Port("in"),)

    def outputs(self, params, facts=None):
        self._fail(params, "outputs")
        return (Port("out"),)

    def objective(self, params):
        self._fail(params, "objective")
        return False

    def shape(self, params, inputs, context=None):
        self._fail(params, "shape")
        return {} if WHERE[params["where"]] == "wrong" else {"out": TensorSpec(inputs["in"].shape)}

    def recipe(self, params, inputs, context=None):
        self._fail(params, "recipe")
        return Recipe()

    def macs(self, params, inputs, outputs):
        self._fail(params, "macs")
        return 0

    def remarks(self, params, inputs, context=None):
        self._fail(params, "remarks")
        return ()

    def summary(self, params, inputs):
        self._fail(params, "summary")
        return ""

    def formula(self, params):
        return Formula((), ())

    def grads(self, c):
        return {}


@pytest.fixture(autouse=True)
def _with_faulty(monkeypatch):
    blocks = {**engine.block.registry(), "Faulty": Faulty()}
    monkeypatch.setattr(engine.block, "registry", lambda: blocks)


@pytest.mark.parametrize("where", range(len(WHERE)), ids=WHERE)
def test_the_block_is_named_and_the_rest_is_planned(where, expect_log):
    expect_log("block act failed", level=logging.ERROR)
    result = checked({**CLASSIFIER, "act": ("Faulty", {"where": where})}, CLASSIFIER_WIRES)
    problems = found(result, "G19")
    assert {problem.node for problem in problems} == {"act"}
    wanted = "TypeError" if WHERE[where] == "wrong" else "ZeroDivisionError: something is off"
    assert wanted in problems[0].message
    assert not result.trainable
    assert result.nodes["hidden"].recipe is not None


def test_a_lookup_of_data_that_fails(expect_log):
    expect_log("block data failed in data", level=logging.ERROR)

    def broken(params):
        raise OSError("the disk is gone")

    result = check(project(CLASSIFIER, CLASSIFIER_WIRES), broken)
    assert only(result, "G19").node == "data"


def test_a_registry_that_fails(expect_log, monkeypatch):
    def broken():
        raise ImportError("a plug-in is broken")

    monkeypatch.setattr(engine.block, "registry", broken)
    for name in [*CLASSIFIER, "Input", "Dense", "Activation", "Loss"]:
        expect_log(f"block {name} failed", level=logging.ERROR)
    result = checked(CLASSIFIER, CLASSIFIER_WIRES)
    assert {problem.node for problem in found(result, "G19")} == set(CLASSIFIER)
