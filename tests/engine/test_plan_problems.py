"""Each kind of problem is found, alone and together with others, and says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.codes import CODES
from engine.graph import Node
from engine.problem import Problem
from tests.engine.graphs import CLASSIFIER, CLASSIFIER_WIRES, checked, facts, found, only, project, recipe_of, told

ROOT = Path(__file__).parents[2]


def test_a_sound_network_has_no_problems():
    result = checked(CLASSIFIER, CLASSIFIER_WIRES)
    assert result.problems == ()
    assert result.trainable
    assert result.order == ("data", "hidden", "act", "output", "loss")


def test_blocks_without_a_loss_have_nothing_to_minimise():
    result = checked({"data": "Input"})
    assert told(result) == [
        "G01 warning: There is nothing to minimise. Add a Loss and connect a prediction and a target to it."
    ]
    assert not result.trainable


def test_all_problems_are_told_at_once():
    nodes = {**CLASSIFIER, "stray": "Dense", "odd": "Dens", "wide": ("Dense", {"out_features": -1})}
    result = checked(nodes, [*CLASSIFIER_WIRES, "data.x > act", "hidden.ut > wide"], training={"lr": 0})
    assert {problem.code for problem in result.problems} == {"G06", "G07", "G09", "G11", "G12", "G15"}
    severities = [problem.severity for problem in result.problems]
    assert severities == sorted(severities, key=["error", "warning", "info"].index), "errors first"


def test_problems_come_in_the_order_in_which_the_network_runs():
    nodes = {"c": "Dense", "b": "Dense", "data": "Input", "a": "Dense"}
    wires = ["data.x > a", "a > b.nowhere", "b > c.nowhere", "a.nothing > c"]
    result = checked(nodes, wires)
    assert [problem.node for problem in result.errors] == ["a", "b", "b", "c"]


class TestWires:
    def test_an_open_input(self):
        problem = only(checked({"d": "Dense"}), "G07")
        assert (problem.node, problem.port) == ("d", "in")
        assert problem.message == 'Input "in" of "d" is not connected.'
        assert problem.hint == "Connect an output to it."

    def test_two_wires_into_one_input(self):
        problem = only(checked(CLASSIFIER, [*CLASSIFIER_WIRES, "data.x > act"]), "G09")
        assert (problem.node, problem.port) == ("act", "in")
        assert '2 wires, from "hidden.out" and "data.x"' in problem.message

    def test_an_input_port_that_is_not_there(self):
        result = checked(CLASSIFIER, [*CLASSIFIER_WIRES, "hidden > loss.targt"])
        problem = only(result, "G12")
        assert (problem.node, problem.port) == ("loss", "targt")
        assert problem.message == '"loss" has no input "targt"; its inputs are "prediction" and "target".'
        assert problem.hint == 'Did you mean "target"?'
        assert list(result.nodes["loss"].inputs) == ["prediction", "target", "targt"], "shown, behind the real ones"

    def test_an_output_port_that_is_not_there(self):
        result = checked(CLASSIFIER, [*CLASSIFIER_WIRES[:-1], "data.label > loss.target"])
        problem = only(result, "G12")
        assert (problem.node, problem.port) == ("data", "label")
        assert problem.message == '"data" has no output "label"; its outputs are "x" and "y".'
        assert "label" in result.nodes["data"].outputs
        assert "target" not in result.nodes["loss"].sources, "no proper connection"

    def test_shapes_go_on_beside_a_bad_wire(self):
        result = checked(CLASSIFIER, [*CLASSIFIER_WIRES, "hidden.nowhere > act.nothing"])
        assert result.nodes["loss"].outputs["out"] is not None


class TestLoops:
    def test_the_way_round_is_shown(self):
        nodes = {"data": "Input", "dense1": "Dense", "act1": "Activation", "after": "Dense", "beside": "Dense"}
        wires = ["dense1 > act1", "act1 > dense1", "act1 > after", "data.x > beside"]
        result = checked(nodes, wires)
        problem = only(result, "G02")
        assert problem.message == "Loop: dense1 → act1 → dense1."
        assert problem.hint == "Remove one of these connections."
        assert problem.node == "dense1"
        assert result.order == ("data", "after", "beside"), "all but the loop"
        assert result.nodes["beside"].outputs["out"] is not None, "off the loop, shapes are found"
        assert result.nodes["after"].outputs["out"] is None
        assert result.nodes["dense1"].outputs == {"out": None}

    def test_a_block_that_feeds_itself(self):
        assert only(checked({"d": "Dense"}, ["d > d"]), "G02").message == "Loop: d → d."

    def test_each_loop_once(self):
        nodes = dict.fromkeys(["a", "b", "c", "d"], "Dense")
        result = checked(nodes, ["a > b", "b > a", "c > d", "d > c"])
        assert [problem.message for problem in found(result, "G02")] == ["Loop: a → b → a.", "Loop: c → d → c."]

    def test_the_shortest_of_several_ways(self):
        nodes = dict.fromkeys(["a", "b", "c", "d"], "Add")
        wires = ["a > b.a", "b > c.a", "c > d.a", "d > a.a", "b > a.b"]
        assert only(checked(nodes, wires), "G02").message == "Loop: a → b → a."

    def test_a_long_loop_is_shortened(self):
        names = [f"n{number}" for number in range(500)]
        wires = [f"{one} > {other}" for one, other in zip(names, [*names[1:], names[0]], strict=True)]
        message = only(checked(dict.fromkeys(names, "Activation"), wires), "G02").message
        assert message.startswith("Loop: n0 → n1 → ")
        assert message.endswith("→ … (489 more) → n499 → n0.")
        assert len(message) < 200

    def test_a_loop_through_a_muted_block_is_one_too(self):
        nodes = {"a": "Activation", "m": Node("m", "Activation", bypass=True), "b": "Activation"}
        result = checked(nodes, ["a > m", "m > b", "b > a"])
        assert only(result, "G02").message == "Loop: a → m → b → a."
        assert all(plan.outputs == {"out": None} for plan in result.nodes.values())


class TestShapes:
    def test_the_message_names_who_sends_what(self):
        problem = only(checked({"data": "Input", "conv1": "Conv2d"}, ["data.x > conv1"]), "G03")
        assert (problem.node, problem.port) == ("conv1", "in")
        expected = '"conv1" needs images (channels × height × width) but gets 2 numbers from "data.x".'
        assert problem.message == expected
        assert problem.hint

    def test_both_shapes_are_named(self):
        nodes = {"data": "Input", "a": ("Dense", {"out_features": 3}), "b": "Dense", "sum": "Add"}
        problem = only(checked(nodes, ["data.x > a", "data.x > b", "a > sum.a", "b > sum.b"]), "G03")
        assert "N × 3" in problem.message
        assert "N × 8" in problem.message

    def test_a_kernel_larger_than_its_input(self):
        nodes = {"data": ("Input", {"dataset": "mnist"}), "conv": ("Conv2d", {"kernel_size": 50})}
        problem = only(checked(nodes, ["data.x > conv"]), "G06")
        assert "50×50" in problem.message
        assert "28×28" in problem.message
        assert problem.fix == ("set", "kernel_size", 28)

    def test_labels_where_numbers_are_wanted(self):
        nodes = {"data": ("Input", {"dataset": "iris"}), "d": "Dense"}
        assert "data.y" in only(checked(nodes, ["data.y > d"]), "G04").message

    def test_a_loss_with_the_wrong_target(self):
        nodes = {**CLASSIFIER, "data": ("Input", {"dataset": "iris"})}
        assert only(checked(nodes, CLASSIFIER_WIRES), "G08").node == "loss"

    def test_what_comes_after_a_mismatch_is_not_blamed(self):
        nodes = {"data": "Input", "conv": "Conv2d", "pool": "MaxPool2d", "flat": "Flatten", "d": "Dense"}
        result = checked(nodes, ["data.x > conv", "conv > pool", "pool > flat", "flat > d"])
        assert [problem.node for problem in result.errors] == ["conv"]
        assert result.nodes["d"].inputs == {"in": None}

    @pytest.mark.parametrize(
        ("code", "function", "units", "softmax"),
        [("G13", "cross_entropy", 3, True), ("G14", "cross_entropy", 1, False)],
    )
    def test_doubts_about_softmax(self, code, function, units, softmax):
        nodes = {
            "data": ("Input", {"dataset": "iris" if units > 1 else "spiral"}),
            "d": ("Dense", {"out_features": units}),
            "act": ("Activation", {"function": "softmax" if softmax else "identity"}),
            "loss": ("Loss", {"function": function}),
        }
        wires = ["data.x > d", "d > act", "act > loss.prediction", "data.y > loss.target"]
        problem = only(checked(nodes, wires), code)
        assert (problem.severity, problem.node) == ("warning", "loss")

    @pytest.mark.parametrize(("units", "told"), [(3, 0), (8, 1)])
    def test_scores_of_classes_that_are_not_there(self, units, told):
        nodes = {
            "data": ("Input", {"dataset": "iris"}),
            "d": ("Dense", {"out_features": units}),
            "loss": ("Loss", {"function": "cross_entropy"}),
        }
        doubts = found(checked(nodes, ["data.x > d", "d > loss.prediction", "data.y > loss.target"]), "G28")
        assert len(doubts) == told
        assert all(doubt.fix == ("outputs", 3) and "8 scores" in doubt.message for doubt in doubts)


class TestParameters:
    def test_an_impossible_value(self):
        result = checked({**CLASSIFIER, "hidden": ("Dense", {"out_features": 0})}, CLASSIFIER_WIRES)
        problem = only(result, "G06")
        assert problem.message == '"hidden": out_features must be at least 1 but is 0.'
        assert result.nodes["hidden"].outputs == {"out": None}, "no shape is made up"
        assert len(result.errors) == 1

    def test_several_at_once(self):
        result = checked({"data": "Input", "d": ("Dense", {"out_features": 0, "bias": 3})}, ["data.x > d"])
        assert len(found(result, "G06")) == 2

    def test_an_unknown_name_is_kept_and_told(self):
        result = checked({**CLASSIFIER, "hidden": ("Dense", {"out_feature": 3})}, CLASSIFIER_WIRES)
        problem = only(result, "G06")
        assert problem.severity == "info"
        assert problem.hint == 'Did you mean "out_features"?'
        assert result.trainable

    def test_one_sentence_ends_once(self):
        problem = only(checked({"d": ("Activation", {"function": "tan"})}), "G06")
        assert problem.message.endswith('did you mean "tanh"?')


class TestUnknownKinds:
    def test_it_is_kept_with_the_ports_that_wires_name(self):
        nodes = {"data": "Input", "odd": ("Dens", {"a": 1}), "d": "Dense"}
        result = checked(nodes, ["data.x > odd.left", "odd.right > d"])
        problem = only(result, "G11")
        assert problem.message == '"odd" is of the unknown kind "Dens".'
        assert problem.hint == 'Did you mean "Dense"?'
        plan = result.nodes["odd"]
        assert [*plan.inputs] == ["left"]
        assert [*plan.outputs] == ["right"]
        assert plan.inputs["left"] == result.nodes["data"].outputs["x"], "what comes in is known"
        assert [problem.code for problem in result.errors] == ["G11"]

    def test_nothing_near(self):
        assert "kept as it is" in only(checked({"odd": "Quaternion"}), "G11").hint


class TestData:
    def test_facts_on_their_way(self):
        result = checked({**CLASSIFIER, "data": ("Input", {"dataset": "csv"})}, CLASSIFIER_WIRES)
        assert told(result) == ['D00 info: "data": reading table.csv …']
        assert all(spec is None for plan in result.nodes.values() for spec in plan.outputs.values())
        assert not result.trainable
        assert not result.objectives

    def test_a_problem_with_the_data_names_its_block(self):
        result = checked({**CLASSIFIER, "data": ("Input", {"dataset": "npz"})}, CLASSIFIER_WIRES)
        problem = only(result, "D03")
        assert problem.node == "data"
        assert result.problems == (problem,), "nothing that follows from it is told"

    def test_a_regularizer_waits_for_the_data(self):
        nodes = {**CLASSIFIER, "data": ("Input", {"dataset": "csv"}), "reg": "Regularizer"}
        assert {problem.code for problem in checked(nodes, CLASSIFIER_WIRES).problems} == {"D00"}

    def test_inputs_whose_samples_do_not_pair_up(self):
        nodes = {
            "data": "Input",
            "more": ("Input", {"dataset": "iris"}),
            "d": ("Dense", {"out_features": 1}),
            "e": ("Dense", {"out_features": 1}),
            "sum": "Add",
            "loss": ("Loss", {"function": "mse"}),
        }
        wires = ["data.x > d", "more.x > e", "d > sum.a", "e > sum.b", "sum > loss.prediction", "data.y > loss.target"]
        problem = only(checked(nodes, wires), "D06")
        assert (problem.severity, problem.node) == ("error", "more")
        assert '"more" has 120 training samples but "data" has 80' in problem.message
        without = [one for one in wires if one not in ("more.x > e", "e > sum.b")]
        assert found(checked(nodes, [*without, "d > sum.b"]), "D06") == [], "what nothing depends on is not loaded"


class TestSingleSamples:
    """Torch refuses to normalise a batch with one number per channel; the check says so before."""

    def norm(self, **training):
        nodes = {**CLASSIFIER, "act": "BatchNorm1d"}
        return found(checked(nodes, CLASSIFIER_WIRES, training=training), "G15")

    def test_batches_of_one(self):
        (problem,) = self.norm(batch_size=1)
        assert (problem.severity, problem.node) == ("error", "act")
        assert problem.message == '"act" normalises over the samples of a batch, but each batch has only one.'
        assert problem.hint == "Set batch_size to at least 2."

    def test_a_last_batch_of_one(self):
        (problem,) = self.norm(batch_size=79, drop_last="false")  # of 80 samples
        assert "the last batch" in problem.message
        assert self.norm(batch_size=79) == [], "drop_last auto leaves it out"
        assert self.norm(batch_size=2) == []

    @pytest.mark.parametrize(("kernel_size", "count"), [(28, 1), (14, 0)])
    def test_pixels_count_as_well(self, kernel_size, count):
        nodes = {
            "data": ("Input", {"dataset": "mnist"}),
            "pool": ("AvgPool2d", {"kernel_size": kernel_size}),
            "norm": "BatchNorm2d",
            "flat": "Flatten",
            "d": ("Dense", {"out_features": 10}),
            "loss": "Loss",
        }
        wires = ["data.x > pool", "pool > norm", "norm > flat", "flat > d", "d > loss.prediction"]
        result = checked(nodes, [*wires, "data.y > loss.target"], training={"batch_size": 1})
        assert len(found(result, "G15")) == count


class TestNothingToLearn:
    def test_all_is_frozen(self):
        everything = frozenset({"weight", "bias"})
        nodes = {
            **CLASSIFIER,
            **{name: Node(name, "Dense", _params(out_features=1), frozen=everything) for name in ("hidden", "output")},
        }
        result = checked(nodes, CLASSIFIER_WIRES)
        assert only(result, "G25").severity == "warning"
        assert result.trainable, "a warning stops nothing"

    def test_one_parameter_is_enough(self):
        nodes = {**CLASSIFIER, "hidden": Node("hidden", "Dense", frozen=frozenset({"weight", "bias"}))}
        assert found(checked(nodes, CLASSIFIER_WIRES), "G25") == []


class TestStartValues:
    def start(self, **parameters):
        values = {name.replace("__", "."): value for name, value in parameters.items()}
        return checked(CLASSIFIER, CLASSIFIER_WIRES, parameters=values)

    def test_fitting_ones(self):
        assert self.start(hidden__weight=((1.0, 2.0),) * 4, output__bias=(0.5,)).problems == ()

    def test_another_shape(self):
        problem = only(self.start(hidden__weight=((1.0, 2.0),)), "G18")
        assert problem.message == 'The start value of "hidden.weight" is 1 × 2, but the parameter is 4 × 2.'
        assert problem.fix == ("drop_start", "hidden.weight")

    def test_rows_of_different_length(self):
        assert (
            'The start value of "hidden.weight"' in only(self.start(hidden__weight=((1.0,), (1.0, 2.0))), "G18").message
        )

    def test_an_unknown_parameter(self):
        assert only(self.start(hidden__wieght=(1.0,)), "G18").hint == 'Did you mean "weight"?'

    def test_an_unknown_block(self):
        problem = only(self.start(hiden__weight=(1.0,)), "G18")
        assert problem.node is None
        assert problem.hint == 'Did you mean "hidden"?'

    def test_not_a_finite_number(self):
        assert only(self.start(output__bias=(float("nan"),)), "G18").node == "output"

    def test_a_buffer_may_have_one(self):
        nodes = {**CLASSIFIER, "act": "BatchNorm1d"}
        result = checked(nodes, CLASSIFIER_WIRES, parameters={"act.running_mean": (0.0,) * 4})
        assert result.problems == ()

    def test_thousands_of_lost_ones_are_counted(self):
        result = checked({}, parameters={f"gone{number}.weight": (1.0,) for number in range(3000)})
        assert len(found(result, "G18")) == 11
        assert "2,990 more" in found(result, "G18")[-1].message


def test_a_frozen_name_that_is_not_there():
    nodes = {**CLASSIFIER, "hidden": Node("hidden", "Dense", frozen=frozenset({"bias", "biass"}))}
    result = checked(nodes, CLASSIFIER_WIRES)
    problem = only(result, "G18")
    assert problem.message == '"hidden" freezes "biass", but its parameters are "weight" and "bias".'
    assert result.nodes["hidden"].frozen == {"bias"}


class TestDeadBranches:
    def test_the_end_is_named_once(self):
        nodes = {**CLASSIFIER, "extra": "Dense", "soft": ("Activation", {"function": "softmax"})}
        result = checked(nodes, [*CLASSIFIER_WIRES, "hidden > extra", "extra > soft"])
        problem = only(result, "G10")
        assert (problem.severity, problem.node) == ("warning", "soft")
        assert result.live == {"data", "hidden", "act", "output", "loss"}
        assert result.trainable

    def test_without_an_objective_nothing_is_dead(self):
        result = checked({"data": "Input", "d": "Dense"}, ["data.x > d"])
        assert [problem.code for problem in result.problems] == ["G01"]

    def test_an_error_at_the_end_is_enough(self):
        result = checked({**CLASSIFIER, "extra": "Dense"}, CLASSIFIER_WIRES)
        assert [problem.code for problem in result.problems] == ["G07"]


class TestMuted:
    def test_its_input_passes_through(self):
        nodes = {**CLASSIFIER, "act": Node("act", "Dropout", bypass=True)}
        result = checked(nodes, CLASSIFIER_WIRES)
        assert result.trainable
        assert result.nodes["act"].outputs == {"out": result.nodes["hidden"].outputs["out"]}
        assert result.nodes["output"].sources == {"in": ("hidden", "out")}, "nothing has to run for it"
        assert recipe_of(result, "act").calls == ()
        assert "act" not in result.live

    def test_several_in_a_row(self):
        nodes = {**CLASSIFIER, **{name: Node(name, "Dense", bypass=True) for name in ("hidden", "act")}}
        result = checked(nodes, CLASSIFIER_WIRES)
        assert result.nodes["output"].sources == {"in": ("data", "x")}
        assert recipe_of(result, "output").parameters[0].shape == (1, 2)

    def test_a_mismatch_behind_it_is_told_there(self):
        nodes = {
            "data": ("Input", {"dataset": "mnist"}),
            "flat": Node("flat", "Flatten", bypass=True),
            "norm": "BatchNorm1d",
        }
        assert only(checked(nodes, ["data.x > flat", "flat > norm"]), "G03").node == "norm"

    def test_its_own_parameters_no_longer_matter(self):
        bad = Node("act", "Dropout", _params(p=7), bypass=True)
        assert checked({**CLASSIFIER, "act": bad}, CLASSIFIER_WIRES).problems == ()

    def test_a_muted_loss_is_no_objective(self):
        nodes = {**CLASSIFIER, "loss": Node("loss", "Loss", bypass=True)}
        assert only(checked(nodes, CLASSIFIER_WIRES), "G01").severity == "warning"

    def test_a_block_without_inputs_cannot_be_muted(self):
        nodes = {**CLASSIFIER, "data": Node("data", "Input", bypass=True)}
        assert only(checked(nodes, CLASSIFIER_WIRES), "G07").node == "data"


def _params(**values):
    return project({"n": ("Dropout", values)}).graph.nodes["n"].params


class TestRegularizer:
    def test_it_follows_all_weights(self):
        result = checked({**CLASSIFIER, "reg": "Regularizer"}, CLASSIFIER_WIRES)
        assert result.problems == ()
        assert recipe_of(result, "reg").borrows == ("hidden", "output")
        assert result.order[-1] == "reg", "after all it looks at"

    def test_named_blocks(self):
        result = checked({"reg": ("Regularizer", {"blocks": ["output"]}), **CLASSIFIER}, CLASSIFIER_WIRES)
        assert recipe_of(result, "reg").borrows == ("output",)

    def test_a_block_that_is_not_there(self):
        result = checked({**CLASSIFIER, "reg": ("Regularizer", {"blocks": ["hiden"]})}, CLASSIFIER_WIRES)
        problem = only(result, "G06")
        assert problem.message == '"reg": blocks names "hiden", but there is no such block.'
        assert problem.hint == 'Did you mean "hidden"?'

    def test_a_block_without_weights(self):
        result = checked({**CLASSIFIER, "reg": ("Regularizer", {"blocks": ["act"]})}, CLASSIFIER_WIRES)
        assert '"act"' in only(result, "G06").message


def test_every_code_is_documented_and_every_documented_code_of_graphs_is_used():
    sources = "\n".join(path.read_text() for path in (ROOT / "engine").rglob("*.py") if path.name != "codes.py")
    used = set(re.findall(r'"([GDT]\d\d|F0\d)"', sources))
    assert used <= set(CODES)
    assert {code for code in CODES if code.startswith("G")} <= used


def test_the_helpers_of_these_tests_look_at_the_data_set():
    assert isinstance(facts({"dataset": "npz"}), Problem)
