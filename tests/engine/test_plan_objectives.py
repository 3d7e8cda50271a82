"""What is minimised: losses, named scalars, phases; over which parameters and how."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.graph import Node
from engine.planning import memory
from engine.result import Objective
from tests.engine.graphs import CLASSIFIER, CLASSIFIER_WIRES, checked, found, only

NAMES = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")


def trained(nodes=CLASSIFIER, wires=(), **training):
    return checked(nodes, [*CLASSIFIER_WIRES, *wires], training=training)


class TestObjectives:
    def test_all_losses_and_regularizers(self):
        nodes = {**CLASSIFIER, "aux": ("Loss", {"function": "mse"}), "l2": "Regularizer"}
        result = trained(nodes, ["output > aux.prediction", "data.y > aux.target"])
        assert result.objectives == (Objective("loss"), Objective("aux"), Objective("l2"))
        assert len(result.phases) == 1
        assert result.phases[0].objectives == result.objectives
        assert result.phases[0].update == NAMES

    def test_a_named_scalar_is_added(self):
        result = trained({**CLASSIFIER, "twice": "Add"}, ["loss > twice.a", "loss > twice.b"], objective=["twice.out"])
        assert result.objectives == (Objective("loss"), Objective("twice"))
        assert "twice" in result.live

    def test_naming_a_loss_again_changes_nothing(self):
        assert trained(objective=["loss.out"]).objectives == (Objective("loss"),)

    @pytest.mark.parametrize(
        ("objective", "said"),
        [
            (["los.out"], '"los.out" names no block'),
            (["loss.result"], '"loss" has no output "result"'),
            (["hidden.out"], '"hidden.out" is N × 4, but only a single number can be minimised'),
            ([7], "expects a name such as loss.out but got 7"),
            ("loss.out", "expects a list of names"),
        ],
    )
    def test_names_that_mean_nothing(self, objective, said):
        problem = only(trained(objective=objective), "G17")
        assert said in problem.message

    def test_frozen_parameters_are_not_updated(self):
        nodes = {**CLASSIFIER, "hidden": Node("hidden", "Dense", CLASSIFIER_PARAMS, frozenset({"bias"}))}
        assert trained(nodes).phases[0].update == ("hidden.weight", "output.weight", "output.bias")


CLASSIFIER_PARAMS = checked(CLASSIFIER).state.project.graph.nodes["hidden"].params  # type: ignore[attr-defined]


class TestPhases:
    def test_alternating_training(self):
        one = {"minimise": [{"from": "loss.out", "weight": 2}], "update": ["output"], "optimizer": "adam", "steps": 3}
        two = {"maximise": [{"from": "loss.out"}], "update": ["hidden.weight"], "lr": 0.5}
        result = trained(phases=[one, two], lr=0.1, momentum=0.5)
        assert result.problems == ()
        first, second = result.phases
        assert first.objectives == (Objective("loss", "out", 2.0),)
        assert second.objectives == (Objective("loss", "out", -1.0),)
        assert first.update == ("output.weight", "output.bias")
        assert second.update == ("hidden.weight",)
        assert (first.settings["optimizer"], first.settings["lr"], first.steps) == ("adam", 0.1, 3)
        assert (second.settings["optimizer"], second.settings["lr"], second.steps) == ("sgd", 0.5, 1)
        assert second.settings["momentum"] == 0.5

    def test_without_terms_a_phase_minimises_all(self):
        result = trained(phases=[{"update": ["*"]}])
        assert result.phases[0].objectives == result.objectives == (Objective("loss"),)
        assert result.phases[0].update == NAMES

    @pytest.mark.parametrize(
        ("phase", "code", "said"),
        [
            ({"update": ["hiden"]}, "G17", 'update names "hiden", but there is no such block or parameter'),
            ({"update": "*"}, "G17", "update expects a list"),
            ({"minimise": []}, "G17", "Phase 1 minimises nothing"),
            ({"minimise": ["loss.out"]}, "G17", 'expects objects such as {"from"'),
            ({"minimise": [{"from": "loss.out", "weight": "x"}]}, "G17", "a weight expects a finite number"),
            ({"minimise": [{"from": "lss.out"}]}, "G17", 'Phase 1, minimise: "lss.out" names no block'),
            ({"steps": 0}, "G17", "steps expects a whole number of at least 1 but got 0"),
            ({"lr": -1}, "G15", "Phase 1: lr must be more than 0"),
            ("adam", "G17", "expects an object"),
        ],
    )
    def test_mistakes(self, phase, code, said):
        assert said in only(trained(phases=[phase]), code).message

    def test_a_common_mistake_is_told_once(self):
        assert len(found(trained(phases=[{}, {}], lr=-1), "G15")) == 1

    def test_a_misspelt_key_of_a_phase(self):
        assert only(trained(phases=[{"stepps": 2}]), "G15").hint == 'Did you mean "steps"?'


class TestSettings:
    def test_all_of_them_are_parsed(self):
        result = trained(
            optimizer="adam", betas=[0.8, 0.9], schedule={"kind": "cosine"}, early_stopping={"patience": 3}
        )
        assert result.settings["beta1"] == 0.8
        assert result.settings["schedule"] == "cosine"
        assert result.settings["patience"] == 3
        assert result.settings["epochs"] == 10, "a default"

    @pytest.mark.parametrize(
        ("training", "said"),
        [
            ({"lr": -1}, "Training: lr must be more than 0 but is"),
            ({"optimizer": "adm"}, 'did you mean "adam"?'),
            ({"drop_last": True, "batch_size": 81}, "there are only 80"),
        ],
    )
    def test_impossible_ones(self, training, said):
        problem = only(trained(**training), "G15")
        assert problem.severity == "error"
        assert said in problem.message

    def test_nesterov_without_momentum_is_plain_descent(self):
        """Momentum may be set to 0 while it trains: what begins again with it is no error."""
        problem = only(trained(nesterov=True, momentum=0), "G15")
        assert problem.severity == "warning"
        assert "nesterov has no effect while the momentum is 0" in problem.message

    def test_unknown_names_are_kept_and_told(self):
        problem = only(trained(schedule={"kind": "step", "gama": 0.5}), "G15")
        assert (problem.severity, problem.hint) == ("info", 'Did you mean "schedule.gamma"?')

    def test_early_stopping_without_validation_data(self):
        nodes = {**CLASSIFIER, "data": ("Input", {"dataset": "fashion-mnist"})}
        assert found(trained(nodes, early_stopping={}), "G15") == []
        without = {"d": "Loss"}
        assert found(checked(without, training={"early_stopping": {}}), "G15") == [], "nothing is known of the data"


class TestMemory:
    def big(self, monkeypatch, free, **nodes):
        monkeypatch.setattr(memory, "available_bytes", lambda: free)
        return checked({**CLASSIFIER, **nodes}, CLASSIFIER_WIRES, training={"optimizer": "adam"})

    def test_the_block_and_the_figure(self, monkeypatch):
        """10⁶ × 10⁶ weights and 10⁶ biases, four numbers of 4 bytes each: parameter, gradient and two of Adam."""
        million = ("Dense", {"out_features": 1_000_000})
        problem = only(self.big(monkeypatch, 18 << 30, hidden=million, act="Activation", output=million), "G05")
        assert problem.severity == "warning"
        assert problem.message == '"output" would need 14 TiB; 18 GiB is free. Its units are 1,000,000.'
        assert problem.hint == "Did you mean 1,000?"

    def test_enough_memory(self, monkeypatch):
        million = ("Dense", {"out_features": 1_000_000})
        assert found(self.big(monkeypatch, 1 << 60, hidden=million, act="Activation", output=million), "G05") == []

    def test_many_blocks_together(self, monkeypatch):
        layers = {f"n{number}": ("Dense", {"out_features": 4000}) for number in range(8)}
        names = list(layers)
        wires = ["data.x > n0", *(f"{one} > {other}" for one, other in pairwise(names))]
        monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 28)
        problem = only(checked({"data": "Input", **layers}, wires), "G05")
        assert problem.node is None
        assert problem.message == "Training would need 1.2 GiB for 112,040,000 parameters; 256 MiB is free."

    @pytest.mark.parametrize(
        ("settings", "numbers"),
        [({"optimizer": "sgd"}, 3), ({"optimizer": "adagrad"}, 3), ({"optimizer": "adamw"}, 4)],
    )
    def test_what_each_optimizer_keeps(self, settings, numbers):
        given = {"dtype": "float64", **settings}
        assert memory.training_bytes(10, given) == 10 * numbers * 8

    def test_this_machine_has_memory(self):
        free = memory.available_bytes()
        assert free is not None
        assert 1 << 20 < free < 1 << 50
