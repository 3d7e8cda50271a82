"""Start values: few stand in the graph file, many in a weights file that other programs can read."""

import hashlib
import json
import math
import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from engine import edits, files, startvalues, tensorfile
from engine.fingerprint import fingerprint
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Node, Project, Wire
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


def test_what_other_programs_write_is_read(tmp_path):
    there = {f"a.{kind}": np.arange(6, dtype=kind).reshape(2, 3) for kind in "bhiqBHIQefd"} | {"flag": np.array([True])}
    safetensors.numpy.save_file(there, tmp_path / "x.safetensors", {"who": "someone"})
    tensors, metadata = tensorfile.read(tmp_path / "x.safetensors")
    assert metadata == {"who": "someone"}
    assert {name: (tensor.shape, tensor.flat()) for name, tensor in tensors.items()} == {
        name: (value.shape, tuple(value.ravel().tolist())) for name, value in there.items()
    }
    assert startvalues.numbers(tensors["a.f"]) == ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0))
    assert startvalues.numbers(tensors["flag"]) == (1,)


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


# -- damaged weights files --


def safetensors_file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin=0, end=8, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


EIGHT = bytes(8)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "ends within the first 8 bytes"),
        (b"1234567", "ends within the first 8 bytes"),
        (safetensors_file({}, length=3), "its header should have 3 bytes"),
        (safetensors_file({}, length=2**63), "more than there are"),
        (safetensors_file(b"\xff\xff"), "no UTF-8"),
        (safetensors_file(b"[]"), "no object"),
        (safetensors_file(b'{"a": 1, "a": 2}'), "stands twice"),
        (safetensors_file(b"{" * 9), "its header: line 1"),
        (safetensors_file({"__metadata__": {"a": 1}}), "metadata"),
        (safetensors_file({"a": 1}), 'a" is described by 1'),
        (safetensors_file({"a": {"dtype": "F32"}}), "is described by"),
        (safetensors_file({"a": entry(dtype="F31")}, EIGHT), 'unknown kind "F31"'),
        (safetensors_file({"a": entry(shape=(-2, -1))}, EIGHT), "has sizes [-2, -1]"),
        (safetensors_file({"a": entry(shape=(2.0,))}, EIGHT), "has sizes [2.0]"),
        (safetensors_file({"a": entry(shape=(True, 2))}, EIGHT), "has sizes [true, 2]"),
        (safetensors_file({"a": entry(shape=(3,))}, EIGHT), "does not fit its shape"),
        (safetensors_file({"a": entry(shape=(2**40, 2**40))}, EIGHT), "does not fit its shape"),
        (safetensors_file({"a": entry()}, bytes(7)), "does not fit its shape"),
        (safetensors_file({"a": entry()}, bytes(9)), "belong to no tensor"),
        (safetensors_file({"a": entry(8, 0)}, EIGHT), "begins at byte 8"),
        (safetensors_file({"a": entry(), "b": entry()}, EIGHT), "begins at byte 0 of the data, but 8 is next"),
        (safetensors_file({"a": entry(), "b": entry(4, 12)}, bytes(12)), "begins at byte 4"),
        (safetensors_file({"a": entry(8, 16)}, bytes(16)), "begins at byte 8 of the data, but 0 is next"),
        (safetensors_file({"a": {**entry(), "data_offsets": [0]}}, EIGHT), "has the place"),
    ],
)
def test_a_damaged_weights_file_is_one_clear_error(tmp_path, content, part):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r'The weights file "x.safetensors" is damaged \(') as caught:
        tensorfile.read(path)
    assert part in str(caught.value)
    with pytest.raises(safetensors.SafetensorError):
        safetensors.numpy.load(content)


def test_more_dimensions_than_anyone_knows_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    for dimensions in (64, 65):
        path.write_bytes(safetensors_file({"a": entry(shape=(2,) + (1,) * (dimensions - 1))}, EIGHT))
        if dimensions == 64:
            assert len(tensorfile.read(path)[0]["a"].shape) == 64
    with pytest.raises(FileError, match="65 dimensions"):
        tensorfile.read(path)


@given(st.data())
def test_any_damage_to_the_header_is_an_error_or_harmless(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    content = bytearray(safetensors_file({"a": entry(), "b": entry(8, 16, (2, 1))}, bytes(16)))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        tensors, _ = tensorfile.read(path)
    except FileError:
        return
    assert all(len(tensor.flat()) == tensor.count for tensor in tensors.values() if tensor.dtype != "BF16")


# -- fingerprints --


@pytest.mark.parametrize(
    "change",
    [
        lambda p: edits.move_nodes(p, {"dense1": (1.0, 2.0)}),
        lambda p: edits.set_meta(p, name="x", notes="y"),
        lambda p: edits.set_training(p, {"lr": 1.0}),
        lambda p: edits.set_parameters(p, {"dense1.bias": [1.0]}),
        lambda p: edits.set_node(p, "dense1", label="x", frozen=frozenset({"bias"})),
        lambda p: edits.set_params(p, "dense1", {"weight_init": "zeros"}),
        lambda p: edits.set_params(p, "dense1", {"bias": True}),  # the default, written out
        lambda p: edits.set_params(p, "data", {"samples": 7, "noise": 0.5}),
        lambda p: edits.set_params(p, "tanh1", {"function": "relu"}),
        lambda p: (Project(graph=Graph.of(reversed(p.graph.ordered_nodes()), reversed(p.graph.wires()))), frozenset()),
    ],
)
def test_what_changes_no_shape_changes_no_fingerprint(change):
    assert fingerprint(change(spiral())[0]) == fingerprint(spiral())


@pytest.mark.parametrize(
    "change",
    [
        lambda p: edits.set_params(p, "dense1", {"out_features": 9}),
        lambda p: edits.set_params(p, "dense1", {"bias": False}),
        lambda p: edits.set_params(p, "data", {"features": ["x1"]}),
        lambda p: edits.rename_node(p, "dense1", "first"),
        lambda p: edits.remove_nodes(p, ["tanh1"]),
        lambda p: edits.disconnect(p, p.graph.wires()[:1]),
        lambda p: edits.add_node(p, "Dense", (0.0, 0.0)),
    ],
)
def test_what_changes_a_shape_changes_the_fingerprint(change):
    assert fingerprint(change(spiral())[0]) != fingerprint(spiral())


def test_groups_and_unknown_blocks_count():
    group = Group(Graph.of([Node("a", "Dense")]), (GroupPort("in", "a", "in"),))
    wired, _ = group.graph.connect(Wire("a", "out", "a", "in"))
    unknown = Project(graph=Graph.of([Node("a", "Plugin", FrozenDict({"p": 1}))]))
    variants = [
        Project(),
        Project(groups=HashTrieMap({"G": group})),
        Project(groups=HashTrieMap({"H": group})),
        Project(groups=HashTrieMap({"G": Group(wired, group.inputs)})),
        Project(groups=HashTrieMap({"G": Group(group.graph, group.inputs, (GroupPort("out", "a", "out"),))})),
        unknown,
        edits.set_params(unknown, "a", {"p": 2})[0],
    ]
    assert len({fingerprint(project) for project in variants}) == len(variants)


def test_the_fingerprint_is_the_hash_of_canonical_json():
    graph, _ = Graph.of([Node("b", "Flatten"), Node("a", "Plugin", FrozenDict({"z": [1.5], "k": "ü"}))]).connect(
        Wire("b", "out", "a", "in")
    )
    text = r'{"groups":{},"nodes":{"a":["Plugin",{"k":"\u00fc","z":[1.5]}],"b":["Flatten",{"start_dim":1}]},'
    text += '"wires":[["b","out","a","in"]]}'
    assert fingerprint(Project("name", graph=graph)) == hashlib.sha256(text.encode()).hexdigest()
