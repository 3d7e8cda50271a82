"""Start values: few stand in the graph file, many in a weights file that other programs can read."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from engine import edits, files, startvalues, tensorfile
from engine.fingerprint import fingerprint
from engine.graph import Graph, Node, Project
from engine.problem import FileError
from engine.references import present_names
from engine.startvalues import MAX_NUMBERS
from tests.helpers.sample_projects import spiral

RNG = np.random.default_rng(0)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.chainrule"


def weights_file(path):
    return path.parent / files.load(path).weights


def test_a_small_network_keeps_its_weights_in_the_file(path):
    weights = {
        "dense1.weight": np.array([[0.15, 0.2], [1 / 3, -1e-9]], "f"),
        "dense1.bias": np.array([1 / 3, 0.1]),
        "norm.running_mean": np.array([16777216.0, 0.1], "f"),
        "norm.num_batches_tracked": np.array(12),
    }
    project, _ = edits.set_parameters(spiral(), {"dense1.bias": [7.0, 7.0], "dense2.bias": [1.0]})
    saved = files.save(project, path, weights)
    assert names(path.parent) == ["net.chainrule"]
    assert files.load(path) == saved
    assert dict(saved.parameters) == {
        "dense1.weight": ((0.15, 0.2), (0.33333334, -1e-9)),
        "dense1.bias": (1 / 3, 0.1),
        "norm.running_mean": (16777216.0, 0.1),
        "norm.num_batches_tracked": 12,
        "dense2.bias": (1.0,),
    }
    for name, value in weights.items():
        assert np.array_equal(np.array(saved.parameters[name], dtype=value.dtype), value)
    assert '"dense1.weight": [[0.15, 0.2], [0.33333334, -1e-09]],' in path.read_text()


def digit_count(value):
    return len(Decimal(str(value)).normalize().as_tuple().digits)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_single_precision_number_is_written_short_and_stays_the_same(value):
    short = startvalues.short(value)
    assert np.float32(short) == np.float32(value)
    assert digit_count(short) == digit_count(np.float32(value))  # NumPy finds the shortest by an algorithm of its own


@pytest.mark.parametrize(("count", "beside"), [(MAX_NUMBERS, False), (MAX_NUMBERS + 1, True)])
def test_the_number_of_numbers_decides(path, count, beside):
    half = count // 2
    saved = files.save(spiral(), path, {"a.weight": np.ones(half), "a.bias": np.ones(count - half)})
    assert bool(saved.weights) == beside
    assert bool(saved.parameters) != beside
    assert len(names(path.parent)) == 1 + beside


def test_a_large_network_has_a_weights_file(path):
    weights: dict[str, Any] = {
        "dense1.weight": RNG.normal(size=(100, 60)).astype("f"),
        "dense1.bias": RNG.normal(size=100),
        "norm.num_batches_tracked": np.int64(3),
        "norm.running_var": np.asfortranarray(RNG.normal(size=(3, 4))),
        "empty.weight": np.empty((0, 3), "f"),
        "list": [[1, 2], [3, 4]],
    }
    saved = files.save(spiral(), path, weights)
    assert saved.weights in names(path.parent)
    assert saved.weights.startswith("net.")
    assert saved == files.load(path)
    assert not saved.parameters
    assert f'"weights": "{saved.weights}"' in path.read_text()
    there = safetensors.numpy.load_file(weights_file(path))
    assert there.keys() == weights.keys()
    for name, value in weights.items():
        assert np.array_equal(there[name], value), name
        assert there[name].dtype == np.asarray(value).dtype
    with safetensors.safe_open(weights_file(path), "numpy") as file:
        assert file.metadata() == {"format": "pt", "chainrule.fingerprint": fingerprint(spiral())}


def test_the_same_weights_give_the_same_file(path):
    weights = {"b": np.ones(3000), "a": np.zeros(3000)}
    first = files.save(spiral(), path, weights)
    content = weights_file(path).read_bytes()
    assert files.save(spiral(), path, dict(reversed(weights.items()))) == first
    assert weights_file(path).read_bytes() == content


def test_the_old_weights_file_goes_and_no_other(path):
    first = files.save(spiral(), path, {"a": np.ones(5000)})
    kept = ["net.12345678.pt", "net.1234567.safetensors", "net.123456789.safetensors", "net.x.12345678.safetensors"]
    for name in kept:
        (path.parent / name).touch()
    second = files.save(first, path, {"a": np.zeros(5000)})
    assert names(path.parent) == sorted([*kept, "net.chainrule", second.weights])
    third = files.save(second, path)
    assert third == second
    assert second.weights in names(path.parent)
    fourth = files.save(second, path, {"a": np.ones(3)})
    assert fourth.weights == ""
    assert names(path.parent) == sorted([*kept, "net.chainrule"])


def test_weights_of_an_undone_save_are_not_lost(path):
    first = files.save(spiral(), path, {"a": np.ones(5000)})
    second = files.save(first, path, {"a": np.zeros(5000)})
    again = files.save(edits.set_meta(first, name="undone")[0], path)  # names a file that is gone
    assert again.weights == second.weights
    assert weights_file(path).exists()


def test_saved_under_another_name_each_document_has_its_own(path, tmp_path):
    first = files.save(spiral(), path, {"a": np.ones(5000)})
    (tmp_path / "elsewhere").mkdir()
    here, there = tmp_path / "other.chainrule", tmp_path / "elsewhere" / "net.chainrule"
    other = files.save(first, here)
    moved = files.save(first, there, folder=tmp_path)
    assert other.weights == first.weights.replace("net.", "other.")
    assert moved.weights == first.weights
    files.save(first, path, {"a": np.zeros(5000)})  # deletes its own
    for copy in (here, there):
        assert tensorfile.read(weights_file(copy))[0]["a"].flat() == (1.0,) * 5000


def test_a_weights_file_that_the_user_named_is_left_alone(path, tmp_path):
    safetensors.numpy.save_file({"a": np.ones(9)}, tmp_path / "mine.safetensors")
    project = files.save(Project(weights="mine.safetensors"), path)
    assert project.weights == "mine.safetensors"
    files.save(project, path, {"a": np.ones(5000)})
    assert "mine.safetensors" in names(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        'my "net": 1|2?.chainrule',
        ".hidden.chainrule",
        "a\\b.chainrule",
        "ü" * 110 + ".chainrule",
        "noun",
        "b\udcff.chainrule",
        "new\nline.chainrule",
    ],
)
def test_a_document_of_any_name_has_a_weights_file(tmp_path, name):
    path = tmp_path / name
    saved = files.save(spiral(), path, {"a": np.ones(5000)})
    assert files.load(path) == saved
    assert (tmp_path / saved.weights).is_file()
    again = files.save(saved, path, {"a": np.zeros(5000)})
    assert names(tmp_path) == sorted([name, again.weights])


def test_documents_of_like_names_keep_out_of_each_others_way(tmp_path):
    documents = ["net.chainrule", "net.json", "net.chainrule.bak", "a:b.chainrule", "a_b.chainrule", "a|b.chainrule"]
    for value in (1.0, 2.0):
        for name in documents:
            files.save(spiral(), tmp_path / name, {"a": np.full(5000, value)})
    assert len(names(tmp_path)) == 2 * len(documents)
    for name in documents:
        assert tensorfile.read(weights_file(tmp_path / name))[0]["a"].flat() == (2.0,) * 5000


def test_a_damaged_weights_file_does_not_keep_the_graph_from_being_saved(path):
    first = files.save(spiral(), path, {"dense1.weight": np.ones(5000)})
    weights_file(path).write_bytes(b"damaged")
    renamed, _ = edits.rename_node(first, "dense1", "hidden")
    many, _ = edits.set_parameters(renamed, {"dense2.bias": [1.0] * 5000})
    for project in (renamed, many):
        assert files.save(project, path) == project == files.load(path)
        assert weights_file(path).read_bytes() == b"damaged"


def test_weights_follow_a_renamed_block(path):
    """The weights file keeps its names until the next save; then it has those of the day."""
    first = files.save(spiral(), path, {"dense1.weight": np.ones(5000), "dense2.bias": np.full(1, 2.0)})
    project, _ = edits.rename_node(first, "dense1", "hidden")
    project, _, _ = edits.add_node(project, "Dense", (0.0, 0.0), node_id="dense1")  # another block of the old name
    assert dict(project.former) == {"hidden": "dense1"}
    second = files.save(project, path)
    assert not second.former
    there = safetensors.numpy.load_file(weights_file(path))
    assert {name: value[0] for name, value in there.items()} == {"hidden.weight": 1.0, "dense2.bias": 2.0}
    assert len(names(path.parent)) == 2
    assert files.save(second, path) == second
    big, _ = edits.set_parameters(edits.rename_node(second, "hidden", "z")[0], {"dense1.bias": [1.0] * 5000})
    files.save(big, path)
    assert set(safetensors.numpy.load_file(weights_file(path))) == {"z.weight", "dense2.bias", "dense1.bias"}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcdef")), max_size=8), st.data())
def test_names_in_the_weights_file_follow_any_renames(renames, data):
    """Beside a model: each node of the file remembers who it was; nodes that came later were nobody."""
    nodes = {"a": "a", "b": "b", "c": "c"}
    project = Project(graph=Graph.of(Node(name, "Dense") for name in nodes), weights="net.01234567.safetensors")
    for old, new in renames:
        if old in nodes and new not in nodes:
            project, _ = edits.rename_node(project, old, new)
            nodes[new] = nodes.pop(old)
        elif data.draw(st.booleans()) and old not in nodes:
            project, _, _ = edits.add_node(project, "Dense", (0.0, 0.0), node_id=old)
            nodes[old] = ""
    found = present_names(project.former, ["a.0.weight", "b.0.weight", "c.0.weight", "odd"])
    now = {was: name for name, was in nodes.items() if was}
    assert {old: new for old, new in found.items() if old != "odd"} == {
        f"{was}.0.weight": f"{name}.0.weight" for was, name in now.items()
    }


def test_a_missing_weights_file_does_not_keep_the_graph_from_being_saved(path):
    project = Project(weights="net.01234567.safetensors", notes="precious")
    assert files.save(project, path) == project == files.load(path)


def test_many_start_values_move_into_the_file_beside(path):
    first = files.save(spiral(), path, {"a.weight": np.ones(5000), "b.weight": np.ones(2)})
    rows = [[float(number), 0.1] for number in range(2500)]
    project, _ = edits.set_parameters(first, {"b.weight": [5.0, 6.0], "c.weight": rows, "c.whole": [1, 2]})
    saved = files.save(project, path)
    assert not saved.parameters
    assert saved == files.load(path)
    there = safetensors.numpy.load_file(weights_file(path))
    assert np.array_equal(there["a.weight"], np.ones(5000))
    assert np.array_equal(there["b.weight"], [5.0, 6.0])
    assert np.array_equal(there["c.weight"], rows)
    assert there["c.whole"].dtype == np.int64


def test_start_values_that_are_no_array_stay_where_check_tells_of_them(path):
    project, _ = edits.set_parameters(spiral(), {"a.weight": [1.0] * 5000, "b.weight": [[1.0], [2.0, 3.0]]})
    saved = files.save(project, path)
    assert dict(saved.parameters) == {"b.weight": ((1.0,), (2.0, 3.0))}
    assert list(safetensors.numpy.load_file(weights_file(path))) == ["a.weight"]


@pytest.mark.parametrize("size", [3, 5000])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "list"])
def test_weights_that_are_not_finite_are_refused(path, size, value, kind):
    weights = np.ones(size)
    weights[1] = value
    with pytest.raises(FileError, match=r'"dense\.weight" ') as caught:
        files.save(spiral(), path, {"dense.weight": weights.tolist() if kind == "list" else weights.astype(kind)})
    assert caught.value.code == "F06"
    assert names(path.parent) == []


def test_numbers_whose_sum_overflows_are_finite(path):
    weights = np.full(5000, np.finfo("d").max)
    assert files.save(spiral(), path, {"a": weights}).weights


@pytest.mark.parametrize("value", ["text", None, {"a": 1}, [[1.0], [2.0, 3.0]], np.array(["x"]), 1j, np.ones(3, "c16")])
def test_what_is_no_array_of_numbers_is_refused(path, value):
    with pytest.raises(FileError) as caught:
        files.save(spiral(), path, {"a.weight": value})
    assert caught.value.code == "F06"
    assert names(path.parent) == []
