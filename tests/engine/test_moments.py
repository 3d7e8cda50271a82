"""A step as moments: against autograd, golden figures, and the order of a calculation by hand."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import assets, files
from engine.build import build
from engine.moments import KEPT, Backward, Forward, Level, Objective, Outcome, Update, Values, values_in
from engine.numerals import Numerals
from engine.tracing import trace_step
from engine.training.loading import load
from engine.training.run import Run
from engine.unfolding import Unfolding
from tests.engine.nets import CNN, RESIDUAL, batch, two_losses
from tests.helpers.projects import planned, rows

GOLDEN = Path(__file__).parents[1] / "golden"
EXAMPLES = sorted(path.stem for path in (assets.folder() / "examples").glob("*.chainrule"))


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def run_of(example: str) -> Run:
    file = assets.folder() / "examples" / f"{example}.chainrule"
    return Run(load(files.load(file), file.parent), lambda _event: None)


def first_batch(run: Run) -> dict[str, torch.Tensor]:
    return {} if run.trainer.batches is None else run.trainer.batches.peek(0)


def unfolded(example: str) -> Unfolding:
    run = run_of(example)
    with run.trainer.drawing():
        return Unfolding(run.trainer.net, first_batch(run))


def full(values: Values) -> Any:
    assert values.array is not None
    return values.array


def values_of(unfolding: Unfolding, level: Any = "weight") -> list[tuple[str, str, float]]:
    found = Numerals(unfolding.step, 0, unfolding.arrays.get).walk(level)
    return [(numeral.kind, numeral.place.text, numeral.value) for numeral in found if numeral.moment]


# -- the order of a calculation by hand --


def test_mazurs_page_is_followed_from_its_first_number_to_its_last():
    want, page = golden("mazur_2_2_2"), []
    step = want["step1"]
    for unit in range(2):
        page += [("value", step["net_h"][unit]), ("value", step["out_h"][unit])]
    for unit in range(2):
        page += [("value", step["net_o"][unit]), ("value", step["out_o"][unit])]
    page += [("loss", step["E"][0]), ("loss", step["E"][1]), ("loss", step["E_total"])]
    for unit in range(2):
        page += [
            ("gradient", step["dE_dout_o"][unit]),
            ("local", step["dout_o_dnet_o"][unit]),
            ("gradient", step["dE_dnet_o"][unit]),
        ]
        for weight in range(2):
            page += [("gradient", step["dE_dW2"][unit][weight]), ("update", step["W2_next"][unit][weight])]
    for unit in range(2):
        out = step["out_h"][unit]
        page += [
            ("gradient", step["dE_dout_h"][unit]),
            ("local", out * (1 - out)),
            ("gradient", step["dE_dnet_h"][unit]),
        ]
        for weight in range(2):
            page += [("gradient", step["dE_dW1"][unit][weight]), ("update", step["W1_next"][unit][weight])]
    unfolding = unfolded("mazur")
    found = values_of(unfolding)
    assert [kind for kind, _, _ in found] == [kind for kind, _ in page]
    np.testing.assert_allclose([value for _, _, value in found], [value for _, value in page], rtol=1e-12)
    outcome = unfolding.step.moments[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.after == pytest.approx(want["E_total_after_1_update"], rel=1e-12)


def test_the_exercise_of_the_slides_is_answered():
    want = golden("slides_2_2_1")
    unfolding = unfolded("two-two-one")
    kinds = [type(moment).__name__ + " " + moment.node for moment in unfolding.step.moments]
    assert kinds == [
        *(f"Forward {node}" for node in ("data", "hidden", "act1", "output", "act2", "loss")),
        "Objective ",
        *(f"Backward {node}" for node in ("loss", "act2", "output")),
        "Update output",
        "Backward act1",
        "Backward hidden",
        "Update hidden",
        "Outcome ",
    ]
    updates = {text: value for kind, text, value in values_of(unfolding) if kind == "update"}
    after = want["after_update"]
    assert updates["output.weight₁,₂"] == pytest.approx(after["w2"][1], rel=1e-12)  # w6
    assert updates["hidden.weight₁,₁"] == pytest.approx(after["W1"][0][0], rel=1e-12)  # w1
    assert updates["hidden.weight₂,₂"] == pytest.approx(after["W1"][1][1], rel=1e-12)  # w4
    outcome = unfolding.step.moments[-1]
    assert isinstance(outcome, Outcome)
    assert (outcome.before, outcome.after) == pytest.approx((want["E"], after["E"]), rel=1e-12)
    assert outcome.outputs[0].number == pytest.approx(after["out_o"], rel=1e-12)


def test_formulas_hold_the_real_numbers():
    unfolding = unfolded("mazur")
    look = Numerals(unfolding.step)
    (first, *_) = look.inside(1, "neuron")
    assert first.numbers == (r"\mathrm{hidden}_{1} = 0.15 \cdot 0.05 + 0.2 \cdot 0.1 + 0.35",)
    assert [[number for _, number in term] for term in first.terms] == [[0.15, 0.05], [0.2, 0.1], [0.35]]
    assert look.inside(2, "neuron")[0].numbers == (r"y = \dfrac{1}{1 + e^{-0.3775}}",)
    update = next(numeral for numeral in look.walk("weight") if numeral.kind == "update")
    assert update.numbers == (r"w' = 0.4 - 0.5 \cdot 0.082167",)


# -- every example --


@pytest.mark.parametrize("example", EXAMPLES)
def test_moments_agree_with_the_trace_and_with_autograd(example):
    run = run_of(example)
    with run.trainer.drawing():
        unfolding = Unfolding(run.trainer.net, first_batch(run))
        trace = trace_step(run.trainer.net, first_batch(run))
    step = unfolding.step
    assert (step.loss, step.errors) == (trace["loss"], ())
    assert [moment.index for moment in step.moments] == list(range(len(step.moments)))
    for entry in trace["forward"]:
        moment = step.at(Forward, entry["node"])
        assert isinstance(moment, Forward)
        for values in moment.outputs:
            np.testing.assert_array_equal(unfolding.arrays[values.key], entry["outputs"][values.name])
    for entry in trace["backward"]:
        moment = step.at(Backward, entry["node"])
        if moment is None:
            assert entry["node"] in run.trainer.result.inputs
            continue
        assert isinstance(moment, Backward)
        for values in (*moment.inputs, *moment.weights):
            wanted = {**entry["grad_inputs"], **entry["grad_parameters"]}[values.name]
            np.testing.assert_array_equal(unfolding.arrays[values.key], wanted)
    for entry in trace["update"]:
        moment = step.at(Update, entry["parameter"])
        assert isinstance(moment, Update)
        np.testing.assert_array_equal(unfolding.arrays[moment.after.key], entry["after"])
    assert len([moment for moment in step.moments if isinstance(moment, Update)]) == len(trace["update"])


@pytest.mark.parametrize("example", ["mazur", "spiral", "overfitting-cured", "residual-digits", "fashion-cnn"])
def test_numerals_are_the_numbers_of_the_tensors(example):
    """Sums of products, computed here once more, are the values that torch computed."""
    unfolding = unfolded(example)
    seen = 0
    for moment in unfolding.step.moments:
        for numeral in Numerals(unfolding.step, 0, unfolding.arrays.get).inside(moment.index, "weight", count=40):
            if not numeral.terms:
                continue
            seen += 1
            total = sum(float(np.prod([number for _, number in term])) for term in numeral.terms) + numeral.rest
            assert total == pytest.approx(numeral.value, rel=1e-4, abs=1e-6), numeral
    assert seen >= 14


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_outline_tells_the_order_without_writing_anything_out(example):
    """Pages from anywhere are cut from the same walk, whose moments are those of the outline."""
    unfolding = unfolded(example)
    look = Numerals(unfolding.step, 0, unfolding.arrays.get)
    moments, fine = look.outline()
    assert len(moments) == len(fine) > 0
    total = {"weight": len(moments), "neuron": len(moments) - int(fine.sum())}
    views: list[tuple[Level, Any]] = [("weight", moments), ("neuron", moments[~fine])]
    for level, coarse in views:
        assert look.walk(level, total[level]) == ()
        for first in {0, 1, 7, total[level] // 2, total[level] // 2 + 1, total[level] - 30}:
            begin = max(0, first)
            page = look.walk(level, begin, 30)
            assert [numeral.moment for numeral in page] == coarse[begin : begin + 30].tolist()
            assert len(page) == max(0, min(30, total[level] - begin))
    if len(moments) < 3000:
        whole = look.walk("weight", 0, 10_000)
        assert [numeral.moment for numeral in whole] == moments.tolist()
        for first in range(0, len(whole), 37):
            assert look.walk("weight", first, 5) == whole[first : first + 5]


def test_a_local_derivative_is_written_out_too():
    local = next(n for n in Numerals(unfolded("mazur").step).walk("weight") if n.kind == "local")
    assert local.formula == (rf"{local.left} = y\,(1 - y)",)
    assert local.numbers == (rf"{local.left} = 0.751365 \cdot (1 - 0.751365)",)


# -- details --


def test_local_derivatives_times_what_arrives_is_what_flows_on():
    net = build(RESIDUAL, dtype=torch.float64)
    step = Unfolding(net, batch(RESIDUAL, 3, dtype=torch.float64)).step
    act = step.at(Backward, "act2")
    assert isinstance(act, Backward)
    (local,) = act.local
    assert local.kind == "slope"
    np.testing.assert_allclose(full(local.values) * full(act.upstream[0].total), full(act.inputs[0]), rtol=1e-12)
    dense = step.at(Backward, "inner")
    assert isinstance(dense, Backward)
    assert dense.local[0].kind == "weight"
    np.testing.assert_array_equal(full(dense.local[0].values), net.get_parameter("inner.weight").detach().numpy())


def test_what_arrives_on_several_wires_is_a_sum_with_its_terms():
    step = Unfolding(build(RESIDUAL, dtype=torch.float64), batch(RESIDUAL, 3, dtype=torch.float64)).step
    skip = step.at(Backward, "act1")
    assert isinstance(skip, Backward)
    (arriving,) = skip.upstream
    assert {term.source for term in arriving.terms} == {"inner.in", "add.a"}
    one, other = (full(term.values) for term in arriving.terms)
    np.testing.assert_allclose(one + other, full(arriving.total), rtol=1e-12)
    price = step.at(Update, "inner.weight")
    assert isinstance(price, Update)
    assert {term.source for term in price.gradient.terms} == {"inner", "price"}


def test_several_objectives_are_added_up():
    made = planned(two_losses(), rows(4, 2))
    step = Unfolding(build(made, dtype=torch.float64), batch(made, dtype=torch.float64)).step
    (total,) = [moment for moment in step.moments if isinstance(moment, Objective)]
    assert [source for source, _, _ in total.parts] == ["near.out", "far.out"]
    assert sum(weight * value for _, weight, value in total.parts) == pytest.approx(total.loss, rel=1e-12)


def test_updates_wait_where_clipping_needs_every_gradient():
    made = planned(two_losses(clip_norm=0.1), rows(4, 2))
    moments = Unfolding(build(made, dtype=torch.float64), batch(made, dtype=torch.float64)).step.moments
    kinds = [type(moment) for moment in moments]
    assert kinds.index(Update) > max(at for at, kind in enumerate(kinds) if kind is Backward)
    update = next(moment for moment in moments if isinstance(moment, Update))
    assert update.applied is not None
    assert abs(update.applied.mean) < abs(update.gradient.total.mean)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        {"optimizer": "adam"},
        {"optimizer": "adamw"},
        {"optimizer": "rmsprop"},
        {"optimizer": "rmsprop", "momentum": 0.5},
        {"optimizer": "adagrad"},
        {"optimizer": "adadelta"},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
def test_the_update_with_its_numbers_gives_the_new_weight(settings):
    """The LaTeX lines are read as arithmetic, and compared with what the optimizer did."""
    made = planned(two_losses(lr=0.05, **settings), rows(4, 2))
    net = build(made, dtype=torch.float64)
    memory = {
        name: {"step": 3, **{kind: torch.full_like(value, 0.25) for kind in _states(settings)}}
        for name, value in net.named_parameters()
    }
    unfolding = Unfolding(net, batch(made, dtype=torch.float64), memory=memory)
    updates = [numeral for numeral in Numerals(unfolding.step).walk("weight") if numeral.kind == "update"]
    assert len(updates) > 10
    for numeral in updates:
        (line,) = [line for line in numeral.numbers if line.startswith("w'")]
        assert evaluated(line.partition("=")[2]) == pytest.approx(numeral.value, abs=2e-5)


def _states(settings):
    from engine.training.optimizers import RULES

    return RULES[settings["optimizer"]].names


def evaluated(latex: str) -> float:
    """Arithmetic in LaTeX as a number."""
    text, before = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", latex), ""
    while text != before:
        before = text
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"((\1)**0.5)", text)
        text = re.sub(r"\\dfrac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
    text = text.replace(r"\cdot", "*").replace(r"\,", "*")
    assert re.fullmatch(r"[\d\s.()*/+\-]*", text), text
    return float(eval(text))


def test_large_tensors_are_summed_up_and_can_be_asked_for():
    unfolding = unfolded("fashion-cnn")
    conv = unfolding.step.at(Forward, "conv1")
    assert isinstance(conv, Forward)
    (out,) = conv.outputs
    full = unfolding.arrays[out.key]
    assert out.array is None
    assert full.size > KEPT
    assert (out.shape, out.low, out.high) == (full.shape, full.min(), full.max())
    every = [values for moment in unfolding.step.moments for values in values_in(moment)]
    assert all(values.array is None or values.array.size <= KEPT for values in every)
    assert unfolding.step.bytes == sum(values.array.nbytes for values in every if values.array is not None)
    copy = pickle.loads(pickle.dumps(unfolding.step))
    assert [type(moment) for moment in copy.moments] == [type(moment) for moment in unfolding.step.moments]


def test_a_step_taken_apart_changes_nothing():
    net = build(CNN)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    Unfolding(net, batch(CNN))
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_mask_of_the_step_is_shown():
    torch.manual_seed(3)
    step = Unfolding(build(CNN, dtype=torch.float64), batch(CNN, dtype=torch.float64)).step
    drop = step.at(Forward, "drop")
    assert isinstance(drop, Forward)
    (mask,) = drop.saved
    assert set(np.unique(full(mask))) == {0.0, 2.0}
    np.testing.assert_array_equal(full(drop.inputs[0]) * full(mask), full(drop.outputs[0]))
