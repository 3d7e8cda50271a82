"""What is said of a training that has ended and learned nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine import assets, files
from engine.cli import main
from engine.events import Concluded
from engine.graph import Project
from engine.result import Result
from engine.training.concluding import verdict
from engine.verdict import FEWEST_EPOCHS, Ended, judge
from tests.engine.cli_helpers import saved, told
from tests.engine.graphs import checked
from tests.engine.session_listener import Listener
from tests.engine.training_projects import mlp, run_of, train

NODES = {"data": "Input", "hidden": "Dense", "act": "Activation", "output": ("Dense", {"out_features": 1})}
WIRES = ["data.x > hidden", "hidden > act", "act > output", "output > loss.prediction", "data.y > loss.target"]
STRAIGHT = ["data.x > output", "output > loss.prediction", "data.y > loss.target"]
OUTER = {"dataset": "circle", "samples": 100, "val_fraction": 0.5}


def network(*, straight: bool = False, **more: Any) -> Result:
    if straight:
        return checked({**{name: NODES[name] for name in ("data", "output")}, "loss": "Loss", **more}, STRAIGHT)
    return checked({**NODES, "loss": "Loss", **more}, WIRES)


def records(
    count: int, *, loss: float = 1.0, last: float | None = None, **metrics: float | None
) -> list[dict[str, Any]]:
    end = loss if last is None else last
    between = [loss + (end - loss) * at / (count - 1) for at in range(1, count - 1)]
    losses = [loss, *between, end][:count]
    return [{"epoch": at, "loss": value, "metrics": metrics} for at, value in enumerate(losses, 1)]


def ended(made: list[dict[str, Any]], result: Result | None = None, **more: Any) -> Ended:
    return Ended(result or network(), made, **{"lr": 0.01, "optimizer": "adam", **more})


@pytest.mark.parametrize(
    ("metrics", "common", "silent"),
    [
        ({"r2": 0.01, "val_r2": -0.02}, {}, False),
        ({"r2": 0.01}, {}, False),
        ({"r2": 0.4, "val_r2": -3.0}, {}, True),  # learned by heart
        ({"r2": 0.01, "val_r2": 0.2}, {}, True),  # dropout while training
        ({"r2": None, "val_r2": None}, {}, True),
        ({"r2": float("nan")}, {}, True),
        ({"accuracy": 0.9, "val_accuracy": 0.9}, {"train": 0.9, "val": 0.9}, False),
        ({"accuracy": 0.9, "val_accuracy": 0.9}, {"train": 0.5, "val": 0.5}, True),
        ({"accuracy": 1.0}, {"train": 1.0}, True),  # one class alone
        ({"mae": 0.5}, {}, True),
        ({}, {}, True),
    ],
)
def test_an_answer_without_looking_is_what_a_network_is_measured_by(metrics, common, silent):
    assert (judge(ended(records(FEWEST_EPOCHS, **metrics), common=common)) is None) == silent
    assert judge(ended(records(FEWEST_EPOCHS - 1, **metrics), common=common)) is None


def test_it_is_the_weights_at_the_end_that_are_judged():
    made = [*records(FEWEST_EPOCHS, r2=0.8), *records(1, r2=-0.1)]
    made[-1]["epoch"] = len(made)
    assert judge(ended(made))
    assert judge(ended(made, kept=3)) is None


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"result": network(straight=True)}, "add a Dense and an Activation before the last"),
        ({"result": network(act=("Activation", {"function": "identity"}))}, "put an Activation between its layers"),
        ({"spreads": {"data": 5e3}}, 'The inputs of "data" have very different scales: standardize them.'),
        ({"lr": 1e-7}, "The learning rate 1e-07 is very small"),
        ({"lr": 5.0, "optimizer": "sgd", "smaller_lr": 0.1}, "The learning rate 5 is very large: try 0.1."),
        ({}, "Try another learning rate, more epochs, or more units."),
    ],
)
def test_what_to_try_fits_the_network(more, hint):
    found = judge(ended(records(FEWEST_EPOCHS, r2=0.0), **more))
    assert found is not None
    assert hint in found.hint
    assert found.suggested_lr == more.get("smaller_lr")
    assert ("straight line" in found.hint) == ("result" in more)


@pytest.mark.parametrize(
    ("more", "loss", "skill", "hint"),
    [
        ({"lr": 5.0, "smaller_lr": 0.01}, 0.9, 0.2, "The learning rate 5 is very large: try 0.01."),
        ({"lr": 5.0, "smaller_lr": 0.01}, 0.9, 0.4, None),
        ({"lr": 1e-6}, 0.999, 0.2, "The learning rate 1e-06 is very small: try a hundred times as much."),
        ({"lr": 1e-6}, 0.9, 0.2, None),  # it takes its time, but it learns
        ({}, 0.999, 0.2, None),
    ],
)
def test_little_learned_with_a_learning_rate_out_of_range_is_told(more, loss, skill, hint):
    common = {"train": 0.5, "val": 0.5}
    for metrics in ({"r2": skill, "val_r2": 0.0}, {"accuracy": 0.5, "val_accuracy": 0.5 + skill / 2}):
        found = judge(ended(records(FEWEST_EPOCHS, last=loss, **metrics), common=common, **more))
        assert (found and found.hint) == hint
        if found is not None:
            assert found.message.startswith("Little was learned: on the validation data ")
            assert found.suggested_lr == more.get("smaller_lr")
    assert judge(ended(records(FEWEST_EPOCHS - 1, last=loss, r2=skill), **more)) is None


def test_little_learned_behind_many_sigmoids_is_told():
    sigmoids = {f"act{at}": ("Activation", {"function": "sigmoid"}) for at in range(4)}
    row = ["hidden", *sigmoids, "output"]
    wires = ["data.x > hidden", *map(" > ".join, pairwise(row)), "output > loss.prediction", "data.y > loss.target"]
    deep = checked({"data": "Input", "hidden": "Dense", **sigmoids, "output": NODES["output"], "loss": "Loss"}, wires)
    found = judge(ended(records(FEWEST_EPOCHS, r2=0.2), deep))
    assert found is not None
    assert found.hint == (
        "So many sigmoids or tanhs in a row let the gradient vanish: try relu, with Kaiming initialisation."
    )
    assert judge(ended(records(FEWEST_EPOCHS, r2=0.4), deep)) is None


def learned(val_losses: list[float], train_losses: list[float]) -> list[dict[str, Any]]:
    pairs = zip(train_losses, val_losses, strict=True)
    return [
        {"epoch": at, "loss": train, "val_loss": val, "metrics": {"r2": 0.9, "val_r2": 0.5}}
        for at, (train, val) in enumerate(pairs, 1)
    ]


FALLS = [1.0, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05]


@pytest.mark.parametrize(
    ("val", "train", "more", "silent"),
    [
        ([1.0, 0.6, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2], FALLS, {}, False),
        ([1.0, 0.6, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2], FALLS, {"kept": 3}, True),  # early stopping went back
        ([1.0, 0.6, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2], [1.0, *[0.4] * 9], {}, True),
        ([1.0, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.2], FALLS, {}, True),  # one bad epoch
        ([1.0, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6], FALLS, {}, True),
        ([1.0, 0.6, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, float("nan")], FALLS, {}, True),
    ],
)
def test_what_is_learned_by_heart_is_told(val, train, more, silent):
    found = judge(ended(learned(val, train), **more))
    assert (found is None) == silent
    if found is not None:
        assert found.message == (
            "The training data were learned by heart (overfitting): the validation loss was lowest in epoch 3 (0.5) "
            "and has risen to 1.2, while the training loss is 0.05."
        )
        assert found.hint == (
            "Try weight decay, a Dropout, fewer units, more data, or early stopping, which goes back to the best epoch."
        )
    assert judge(ended(learned(val, train)[: FEWEST_EPOCHS - 1])) is None


def test_the_example_of_overfitting_is_told_and_the_cured_one_is_not():
    def made(name: str) -> Project:
        example = files.load(assets.folder() / "examples" / f"{name}.chainrule")
        exactly = {"epochs": 300, "dtype": "float64"}  # or how a processor rounds would decide how far it rises
        return replace(example, training=example.training.merged(exactly))

    found = verdict(train(run_of(made("overfitting"))))
    assert found is not None
    assert "learned by heart" in found.message
    assert verdict(train(run_of(made("overfitting-cured")))) is None


def test_units_that_begin_alike_are_told():
    zeros = {"weight_init": "zeros"}
    hint = 'All units of "hidden" begin alike, and learn alike: draw its weights at random (weight_init).'
    found = judge(ended(records(FEWEST_EPOCHS, r2=0.0), network(hidden=("Dense", zeros))))
    assert found is not None
    assert found.hint == hint
    last = judge(ended(records(FEWEST_EPOCHS, r2=0.0), network(output=("Dense", {"out_features": 1, **zeros}))))
    assert last is not None
    assert "alike" not in last.hint


def test_a_loss_that_still_falls_asks_for_more_epochs():
    found = judge(ended(records(FEWEST_EPOCHS, last=0.5, r2=0.0)))
    assert found is not None
    assert found.hint == "The loss was still falling: train for more epochs."


@pytest.mark.parametrize(
    ("made", "more", "silent"),
    [
        (records(3, last=50.0), {}, False),
        (records(3, last=5.0), {}, True),
        (records(3, loss=30.0, last=50.0), {"first_loss": 1.0}, False),  # the first epoch had grown already
        (records(3, loss=1e-12, last=1e-9), {}, True),
        (records(3, last=50.0, r2=0.9), {}, True),
        (records(3, last=float("inf")), {}, True),  # is told as a failure where it happens in training
        (records(3, loss=-1.0, last=50.0), {}, True),
    ],
)
def test_a_loss_far_above_its_beginning_offers_a_smaller_learning_rate(made, more, silent):
    found = judge(ended(made, smaller_lr=0.001, **more))
    assert (found is None) == silent
    assert found is None or found.suggested_lr == 0.001


def test_a_game_of_several_phases_is_not_judged():
    result = network()
    game = replace(result, phases=result.phases * 2)
    assert judge(ended(records(3, last=50.0))) is not None
    assert judge(ended(records(3, last=50.0), game)) is None


# -- real trainings --


def xor(epochs: int) -> Project:
    made = files.load(assets.folder() / "examples" / "linear-xor.chainrule")
    return replace(made, training=made.training.merged({"epochs": epochs}))


def test_the_example_of_two_layers_with_nothing_between_them_is_told():
    found = verdict(train(run_of(xor(FEWEST_EPOCHS))))
    assert found is not None
    assert found.hint.startswith("A network without an Activation between layers can only draw a straight line")


def test_the_most_frequent_class_is_counted_in_the_part_that_is_judged():
    made = mlp(
        1, data=OUTER, last="", loss="mse", optimizer="sgd", lr=1e-9, epochs=FEWEST_EPOCHS, metrics=("accuracy",)
    )
    run = train(run_of(made))
    with_bias = run.weights()
    with_bias["d0.bias"].fill_(5.0)  # says yes to everything, whatever comes in
    with_bias["d0.weight"].zero_()
    run.records[-1]["metrics"]["accuracy"] = run.evaluate("train").metrics["accuracy"]
    run.records[-1]["metrics"]["val_accuracy"] = run.evaluate("val").metrics["accuracy"]
    targets = run.loaded.part("val")["data.y"].numpy()
    share = max(np.mean(targets > 0), np.mean(targets <= 0))
    found = verdict(run)
    assert found is not None
    assert f"the most frequent class would be right in {share:.0%}." in found.message
    assert "The learning rate 1e-09 is very small" in found.hint


def test_inputs_of_different_scales_are_told():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=40) * 1e-4, rng.normal(size=40) * 1e3]).tolist()
    y = rng.normal(size=(40, 1)).tolist()
    data = {"dataset": "inline", "x": x, "y": y}
    run = train(run_of(mlp(3, 1, data=data, last="", lr=1e-6, optimizer="sgd", epochs=FEWEST_EPOCHS, batch_size=40)))
    found = verdict(run)
    assert found is not None
    assert 'The inputs of "data" have very different scales: standardize them.' in found.hint


def test_a_session_tells_it_once_at_the_end():
    with Listener(xor(FEWEST_EPOCHS)) as listener:
        listener.play_to_the_end()
        told_of = listener.wait(Concluded)
        assert told_of.message.startswith("Nothing was learned: on the training data ")
        listener.session.close()
        assert listener.of(Concluded) == [told_of]


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    path = saved(tmp_path, xor(FEWEST_EPOCHS))
    assert main(["train", str(path), "--run", str(tmp_path / "run")]) == 0
    lines = [line for line in told(capsys) if "Nothing was learned" in line]
    assert len(lines) == 1
    assert "put an Activation between its layers" in lines[0]
