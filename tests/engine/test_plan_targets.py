"""Targets that get into the network, and inputs that stand open: what is said of them."""

from __future__ import annotations

import pytest

from engine import assets, edits, files
from engine.facts import FactsCache
from engine.graph import Wire
from engine.plan import check
from engine.result import Result
from tests.engine.graphs import checked, facts, found, only, project, told

NODES = {"data": "Input", "hidden": "Dense", "act": "Activation", "output": ("Dense", {"out_features": 1})}
ALL = {**NODES, "loss": "Loss"}
BODY = ["hidden > act", "act > output", "output > loss.prediction"]


def leaks(result: Result) -> list[tuple[str | None, str | None]]:
    return [(problem.node, problem.port) for problem in found(result, "G26")]


def test_a_target_dropped_on_a_layer_in_place_of_the_input_is_told():
    made = project(ALL, ["data.x > hidden", *BODY, "data.y > loss.target"])
    assert told(check(made, facts)) == []
    edited, touched = edits.connect(made, Wire("data", "y", "hidden", "in"))
    problem = only(check(edited, facts, check(made, facts), touched), "G26")
    assert (problem.severity, problem.node, problem.port) == ("warning", "hidden", "in")
    assert problem.message == (
        '"hidden" gets the targets through the wire data.y → hidden.in, so the prediction of "loss" knows the answer, '
        'and "data.x" is read by nothing.'
    )
    assert problem.hint == 'Connect "data.x" to it instead.'


def test_targets_joined_to_the_inputs_are_told_at_the_block_that_joins_them():
    nodes = {**ALL, "both": ("Concat", {}), "y2": ("Reshape", {"shape": [1]})}
    wires = ["data.x > both.a", "data.y > y2", "y2 > both.b", "both > hidden", *BODY, "data.y > loss.target"]
    result = checked(nodes, wires)
    assert leaks(result) == [("y2", "in")]
    assert "is read by nothing" not in only(result, "G26").message


def test_a_target_that_is_the_prediction_is_told():
    result = checked({"data": "Input", "loss": "Loss"}, ["data.y > loss.prediction", "data.y > loss.target"])
    assert leaks(result) == [("loss", "prediction")]


def test_targets_for_inputs_are_told_while_the_loss_has_no_target_yet():
    assert leaks(checked(ALL, ["data.y > hidden", *BODY])) == [("hidden", "in")]


@pytest.mark.parametrize(
    ("more", "wires"),
    [
        ({}, ["data.x > hidden", "data.y > loss.target"]),
        ({}, ["data.x > hidden", "data.x > loss.target"]),  # an autoencoder
        ({"scale": "Dense"}, ["data.x > hidden", "data.y > scale", "scale > loss.target"]),
        ({"mute": "Dense"}, ["data.x > hidden", "data.y > mute", "data.y > loss.target"]),  # leads nowhere
        # Conditioned by the targets: what is judged is something else.
        ({"both": "Concat"}, ["data.x > both.a", "data.y > both.b", "both > hidden", "data.x > loss.target"]),
    ],
)
def test_targets_used_as_targets_or_beside_the_inputs_are_not(more, wires):
    assert leaks(checked({**ALL, **more}, [*wires, *BODY])) == []


def test_labels_that_a_layer_refuses_are_told_once():
    nodes = {**ALL, "data": ("Input", {"dataset": "iris"})}
    result = checked(nodes, ["data.y > hidden", *BODY, "data.y > loss.target"])
    assert found(result, "G04")
    assert leaks(result) == []


def test_muted_blocks_are_passed_over():
    nodes = {**ALL, "mute": ("Dense", {})}
    made = project(nodes, ["data.x > act", "data.y > mute", "mute > hidden", *BODY, "data.y > loss.target"])
    made, _ = edits.disconnect(made, [Wire("data", "x", "act", "in")])
    muted, _ = edits.set_node(made, "mute", bypass=True)
    assert leaks(check(made, facts)) == [("mute", "in")]
    assert leaks(check(muted, facts)) == [("hidden", "in")]


# -- a prediction that is its own target --


def test_a_loss_whose_target_is_its_prediction_is_told_at_once_and_no_more_when_it_gets_another():
    made = project(ALL, ["data.x > hidden", *BODY, "data.y > loss.target"])
    clean = check(made, facts)
    cut, _ = edits.disconnect(made, [Wire("data", "y", "loss", "target")])
    edited, touched = edits.connect(cut, Wire("output", "out", "loss", "target"))
    result = check(edited, facts, clean, touched)
    problem = only(result, "G27")
    assert (problem.severity, problem.node, problem.port, result.trainable) == ("warning", "loss", "target", True)
    assert problem.message == ('"loss" compares "output.out" with itself, so nothing tells the network what is right.')
    assert problem.hint == 'Connect "data.y" to its target instead.'
    back, touched = edits.disconnect(edited, [Wire("output", "out", "loss", "target")])
    back, more = edits.connect(back, Wire("data", "y", "loss", "target"))
    assert found(check(back, facts, result, touched | more), "G27") == []


def test_a_target_that_comes_from_the_prediction_through_a_muted_block_is_told():
    made = project({**ALL, "between": "Activation"}, ["data.x > hidden", *BODY, "output > between"])
    made, _ = edits.connect(made, Wire("between", "out", "loss", "target"))
    assert found(check(made, facts), "G27") == []
    assert found(check(edits.set_node(made, "between", bypass=True)[0], facts), "G27")


def test_data_compared_with_themselves_are_told_with_the_way_to_a_network():
    problem = only(
        checked({"data": "Input", "loss": "Loss"}, ["data.x > loss.prediction", "data.x > loss.target"]), "G27"
    )
    assert problem.hint == "Connect the output of the network to its prediction."


@pytest.mark.parametrize(
    ("nodes", "wires"),
    [
        ({}, ["data.x > hidden", "data.x > loss.target"]),  # an autoencoder
        ({}, ["data.x > hidden", "hidden > loss.target"]),  # of another layer
        # refused, and told as that
        ({"loss": ("Loss", {"function": "nll"})}, ["data.x > hidden", "output > loss.target"]),
    ],
)
def test_other_targets_of_a_loss_are_not(nodes, wires):
    assert found(checked({**ALL, **nodes}, [*wires, *BODY]), "G27") == []


def test_a_target_of_the_data_that_is_the_prediction_is_told_once():
    result = checked({"data": "Input", "loss": "Loss"}, ["data.y > loss.prediction", "data.y > loss.target"])
    assert found(result, "G27") == []


@pytest.mark.parametrize("path", sorted((assets.folder() / "examples").glob("*.chainrule")), ids=lambda path: path.stem)
def test_no_example_feeds_its_targets(path):
    result = check(files.load(path), FactsCache().lookup)
    assert (leaks(result), found(result, "G27")) == ([], [])


# -- an empty document --


def test_an_empty_document_has_no_problem():
    empty = checked({})
    assert (told(empty), empty.trainable) == ([], False)
    assert [problem.code for problem in checked({"data": "Input"}).problems] == ["G01"]


# -- open inputs --


def hints(result: Result) -> dict[tuple[str | None, str | None], str]:
    return {(problem.node, problem.port): problem.hint for problem in found(result, "G07")}


def test_an_open_input_names_the_one_output_that_fits():
    result = checked(ALL, ["data.x > hidden", "hidden > act", "act > output"])
    assert hints(result) == {
        ("loss", "prediction"): 'Connect "output" to it.',
        ("loss", "target"): 'Connect "data.y" to it.',
    }
    result = checked(ALL, ["data.x > hidden", "act > output", "output > loss.prediction", "data.y > loss.target"])
    assert hints(result) == {("act", "in"): 'Connect "hidden" to it.'}


def test_labels_are_offered_to_a_loss_before_the_layers_give_what_they_need():
    wires = ["data.x > hidden", "hidden > loss.prediction"]
    result = checked({"data": "Input", "hidden": "Dense", "loss": "Loss"}, wires)
    assert hints(result) == {("loss", "target"): 'Connect "data.y" to it.'}
    (problem,) = checked(
        {"data": "Input", "hidden": "Dense", "loss": "Loss"}, [*wires, "data.y > loss.target"]
    ).problems
    assert (problem.node, problem.code, problem.fix is not None) == ("loss", "G03", True)


def test_an_output_that_fits_by_its_shape_alone_is_named():
    nodes = {"data": ("Input", {"dataset": "fashion-mnist"}), "other": "Input", "conv": "Conv2d"}
    assert hints(checked(nodes))["conv", "in"] == 'Connect "data.x" to it.'


@pytest.mark.parametrize(
    ("nodes", "wires"),
    [
        ({"one": "Dense"}, []),  # itself
        ({"data": "Input", "one": "Dense", "two": "Dense"}, ["one > two"]),  # two is behind it; "x" of data is not
        ({"data": "Input", "conv": "Conv2d"}, []),  # of another shape
    ],
)
def test_otherwise_nothing_is_guessed(nodes, wires):
    result = checked(nodes, wires)
    expected = {"Connect an output to it."}
    if wires:
        expected = {'Connect "data.x" to it.'}
    assert set(hints(result).values()) == expected


def test_a_few_outputs_that_fit_are_a_choice_and_many_are_not():
    named = ["one", "two", "three", "four", "five", "six"]
    result = checked(dict.fromkeys(named[:3], "Dense"))
    for problem in found(result, "G07"):
        others = [name for name in result.order if name != problem.node]
        assert problem.hint == f'Connect "{others[0]}" or "{others[1]}" to it.'
        assert problem.fix == ("choose", tuple(("connect", name, "out") for name in others))
    assert {*hints(checked(dict.fromkeys(named, "Dense"))).values()} == {"Connect an output to it."}


@pytest.mark.parametrize(("before", "named"), [(50, True), (150, False)])
def test_a_hint_costs_no_walk_through_a_whole_graph(before, named):
    chain = {f"n{index}": "Activation" for index in range(before)}
    nodes = {"value": "Value", "first": "Add", "sink": "Loss", **chain}
    wires = ["value > first.a", "first > sink.prediction", "value > n0"]
    wires += [f"n{index} > n{index + 1}" for index in range(before - 1)]
    result = checked(nodes, wires)
    last = f"n{before - 1}"
    assert result.order.index(last) > result.order.index("first"), "so that only a walk can tell that it closes no loop"
    assert (hints(result)["first", "b"] == f'Connect "{last}" to it.') is named
