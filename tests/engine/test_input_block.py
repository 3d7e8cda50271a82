import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from engine.block import Context, block_named
from engine.blocks.input import DATASETS, TOY_FEATURES, Input
from engine.dataspec import DataFacts, Field
from engine.facts import FactsCache
from engine.param import Choice, Names, Text, parse_all
from engine.plan import check
from engine.recipe import Recipe
from engine.tensorspec import TensorSpec
from tests.engine.graphs import project
from tests.helpers.data import input_params


def test_it_is_registered_for_beginners():
    block = block_named("Input")
    assert isinstance(block, Input)
    assert block.beginner
    assert block.icon == "input"


def test_ports_are_x_and_y_until_the_facts_tell():
    block, params = Input(), input_params()
    assert block.inputs(params) == ()
    assert [(port.name, port.kind) for port in block.outputs(params)] == [("x", "value"), ("y", "target")]
    assert block.shape(params, {}, Context()) == {}


@pytest.mark.parametrize(
    ("values", "specs"),
    [
        ({}, {"x": TensorSpec(("N", 2)), "y": TensorSpec(("N", 1), classes=2)}),
        ({"dataset": "iris"}, {"x": TensorSpec(("N", 4)), "y": TensorSpec(("N",), "int", classes=3)}),
        ({"dataset": "iris", "one_hot": True}, {"x": TensorSpec(("N", 4)), "y": TensorSpec(("N", 3), classes=3)}),
        ({"dataset": "digits"}, {"x": TensorSpec(("N", 1, 8, 8)), "y": TensorSpec(("N",), "int", classes=10)}),
        ({"dataset": "inline", "x": [[1.0, 2.0]]}, {"x": TensorSpec(("N", 2))}),
    ],
)
def test_shapes_come_from_the_facts(values, specs):
    params = input_params(**values)
    facts = FactsCache().lookup(params)
    assert isinstance(facts, DataFacts)
    assert Input().shape(params, {}, Context(facts)) == specs
    assert {port.name for port in Input().outputs(params, facts)} == set(specs)
    assert Input().recipe(params, {}, Context(facts)) == Recipe()


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_has_a_formula_that_can_be_drawn_and_a_summary(dataset):
    params = input_params(dataset=dataset, standardize=True, one_hot=True)
    formula = Input().formula(params)
    drawn = [*formula.forward, *formula.backward, *(symbol for symbol, _ in formula.symbols)]
    for line in drawn:
        MathTextParser("path").parse(f"${line}$", dpi=72, prop=FontProperties())
    assert Input().summary(params, {})


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ({}, "Spiral · 500 points"),
        ({"noise": 0.1}, "Spiral · 500 points · noise 0.1"),
        ({"dataset": "fashion-mnist", "source": "sample"}, "Fashion-MNIST · 10,000 images"),
        ({"dataset": "inline", "x": [[1], [2]]}, "Typed in by hand · 2 samples"),
        ({"dataset": "csv", "path": "data/house prices.csv"}, "house prices.csv"),
        ({"dataset": "npz", "path": "measurements of the 22nd of November.npz"}, "measurements…ovember.npz"),
        ({"dataset": "csv"}, "Table (CSV file) · no file yet"),
        ({"dataset": "images"}, "Folder of images · no folder yet"),
        ({"dataset": "random", "shape": [3, 8, 8]}, "Random numbers · 3×8×8"),
        ({"dataset": "function", "expression": "2*x"}, "Function of x · y = 2*x"),
    ],
)
def test_summaries(values, summary):
    assert Input().summary(input_params(**values), {}) == summary


def test_the_inspector_shows_what_belongs_to_the_data_set():
    def shown(dataset):
        params = input_params(dataset=dataset)
        return {name for name, param in Input.params.items() if param.visible(params)} - set(COMMON)

    assert shown("spiral") == {"samples", "noise", "features", "labels", "seed"}
    assert shown("reg-plane") == {"samples", "noise", "features", "seed"}
    assert shown("function") == {"expression", "range", "samples", "noise", "features", "seed"}
    assert shown("csv") == {"path", "features", "target", "target_type", "missing", "decimal"}
    assert shown("images") == {"path", "size", "color", "memory"}
    assert shown("npz") == {"path", "features", "target", "target_type", "memory"}
    assert shown("shards") == {"path", "target_type", "size", "color", "memory"}
    assert shown("mnist") == {"folder"}
    assert shown("fashion-mnist") == {"folder", "source"}
    assert shown("inline") == {"x", "y", "x_val", "y_val", "x_test", "y_test", "target_type"}
    assert shown("iris") == set()


COMMON = ("dataset", "val_fraction", "test_fraction", "split_seed", "stratify", "standardize", "one_hot")


def test_every_choice_has_a_label_and_every_offer_is_taken():
    for name, param in Input.params.items():
        assert param.doc.endswith("."), name
        if isinstance(param, Choice):
            assert len(param.labels) == len(param.options), name
        if isinstance(param, Text | Names):
            for offer in param.offers:
                dataset = "spiral" if name == "features" else "function"
                values = {name: [offer] if isinstance(param, Names) else offer, "dataset": dataset}
                assert not hasattr(FactsCache().lookup(input_params(**values)), "severity"), offer
    assert TOY_FEATURES == ("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)")


def test_a_misspelt_data_set_is_answered_with_the_right_one():
    parsed, errors = parse_all(Input.params, {"dataset": "sprial"})
    assert parsed["dataset"] == "spiral"
    assert 'did you mean "spiral"?' in errors[0][1]


@pytest.mark.parametrize(
    ("values", "counts", "summary"),
    [
        ({"dataset": "fashion-mnist"}, (9000, 1000, 2000), "Fashion-MNIST · 10,000 images"),
        ({"dataset": "fashion-mnist"}, (54_000, 6000, 10_000), "Fashion-MNIST · 60,000 images"),
        ({"dataset": "fashion-mnist", "source": "full"}, (54_000, 6000, 10_000), "Fashion-MNIST · 60,000 images"),
        ({"dataset": "mnist"}, (1, 0, 1), "MNIST · 1 image"),
        ({"dataset": "iris"}, (120, 30, 0), "Iris · 150 flowers"),
    ],
)
def test_what_was_found_is_counted(values, counts, summary):
    facts = DataFacts((Field("x", (1, 28, 28)), Field("y", (), "int")), counts)
    assert Input().data_summary(input_params(**values), facts) == summary
    made = project({"data": ("Input", values)})
    assert check(made, lambda _: facts).nodes["data"].summary == summary


def test_what_missing_cells_cost_is_told_beside_the_file():
    facts = DataFacts((Field("x", (2,)), Field("y", (1,))), (40, 10, 0), left_out=1, filled=6)
    params = input_params(dataset="csv", path="data/house.csv", missing="mean")
    assert Input().data_summary(params, facts) == "house.csv · 1 row left out · 6 cells filled"
