"""Whatever a file holds, the answer is one clear error that names the place, or a project."""

import inspect
import json
import os
import resource
import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import diskfile, files, jsontext
from engine.frozen import FrozenDict
from engine.graph import Graph, Layout, Node, Project
from engine.problem import FileError
from tests.engine.test_files import FULL, SAMPLE
from tests.helpers.random_projects import JSON, projects


def message(text: str) -> str:
    with pytest.raises(FileError) as caught:
        files.loads(text, "net.chainrule")
    error = caught.value
    assert error.code == "F01"
    assert "\n" not in str(error)
    assert len(str(error)) < 400
    return str(error)


def swapped(old: str, new: str, text: str = SAMPLE) -> str:
    assert old in text
    return text.replace(old, new, 1)


DAMAGED = [
    (SAMPLE[:-3], "line 19, $.layout: the value ends early"),
    (SAMPLE[:320], "line 5, $.nodes[2].block: the value ends early"),
    ("", "line 1: the value ends early"),
    ("\n\n  \n", "line 4: the value ends early"),
    (SAMPLE + "{}", "line 20: something follows after the end"),
    (swapped('"id": "act1"', '"id": "act1", "id": "act9"'), 'line 5, $.nodes[2]: the key "id" stands twice'),
    (swapped("0.05", "NaN"), "line 3, $.nodes[0].params.x[0][0]: NaN and Infinity are no numbers a file can hold"),
    (swapped("0.05", "-Infinity"), "NaN and Infinity are no numbers"),
    (swapped("0.05", "1e999"), "the number 1e999 is too large"),
    (swapped("0.05", "-1E+400"), "the number -1E+400 is too large"),
    (swapped("0.05", "9" * 400), "a whole number of more than 64 bits"),
    (swapped("0.05", "9" * 400 + ".5"), "is too large"),
    (swapped("0.05", "18446744073709551616"), "a whole number of more than 64 bits"),
    (swapped("0.05", "9" * 5000), "a whole number of more than 64 bits"),
    (swapped("0.05", "01"), "a comma or the end is missing"),
    (swapped("0.05", ".5"), 'a value is missing before "."'),
    (swapped("0.05", "0.05,"), 'a value is missing before ","'),
    (swapped("0.05", "'a'"), 'a value is missing before "\'"'),
    (swapped("0.05", "True"), 'a value is missing before "T"'),
    (swapped("0.05", '"\\ud800"'), "half a character (a lone surrogate)"),
    (swapped('"markdown"', '"\\udc00x"'), "line 1, $.notes: the text in quotes holds half a character"),
    (swapped('"markdown"', '"mark\ndown"'), "line 1, $.notes: the text in quotes holds a character that has to be"),
    (swapped('"markdown"', '"\\x"'), "a wrong escape"),
    (swapped('"notes":', '"notes"'), 'line 1: a colon is missing after the key "notes"'),
    (swapped('"notes"', "notes"), "line 1: a key in double quotes is missing"),
    (swapped('"markdown",', '"markdown"'), "line 2: a comma or the end is missing"),
    (swapped("0.05", "[" * 200 + "]" * 200), "lists and objects are nested more than 64 deep"),
    ("[" * 200_000, "nested more than 64 deep"),
    ('{"a":' * 200_000, "nested more than 64 deep"),
    ("[" * 500_000 + "]" * 500_000, "nested more than 64 deep"),
]

WRONG = [
    ("{}", 'it lacks "format": "chainrule"'),
    ("[]", "is no Chainrule graph"),
    ('"chainrule"', "is no Chainrule graph"),
    (swapped('"chainrule"', '"Chainrule"'), "is no Chainrule graph"),
    (swapped('"version": 1', '"version": 0'), "$.version: expects a version from 1 but got 0"),
    (swapped('"version": 1', '"version": "1"'), "$.version: expects a version from 1 but got '1'"),
    (swapped('"version": 1', '"version": true'), "$.version: expects a version from 1 but got True"),
    (swapped('"version": 1, ', ""), '$.version: the key "version" is missing'),
    (swapped('"name": "Mazur 2-2-2"', '"name": 3'), "line 1, $.name: expects a text but got 3"),
    (swapped('"block": "Dense", "params": {"out_features": 2}', '"block": "Dense", "params": [2]'),
     "line 4, $.nodes[1].params: expects an object but got [2]"),
    (swapped('"frozen": ["bias"]', '"frozen": "bias"'), '$.nodes[1].frozen: expects a list but got "bias"'),
    (swapped('"frozen": ["bias"]', '"frozen": [["bias"]]'), '$.nodes[1].frozen[0]: expects a text but got ["bias"]'),
    (swapped('"frozen": ["bias"]', '"bypass": 1'), "$.nodes[1].bypass: expects true or false but got 1"),
    (swapped('"frozen": ["bias"]', '"label": null'), "$.nodes[1].label: expects a text but got null"),
    (swapped('"id": "hidden"', '"id": "Hidden"'), 'line 4, $.nodes[1].id: the name "Hidden" must begin with a small'),
    (swapped('"id": "hidden"', '"id": "train"'), "$.nodes[1].id: the name \"train\" is a word that Python or PyTorch"),
    (swapped('"id": "hidden"', '"id": "class"'), "is a word that Python"),
    (swapped('"id": "hidden"', '"id": "a.b"'), "at most 40 letters, digits and _"),
    (swapped('"id": "hidden"', '"id": "a\\n"'), "at most 40 letters, digits and _"),
    (swapped('"id": "hidden"', '"id": "' + "h" * 9999 + '"'), "at most 40 letters, digits and _"),
    (swapped('"id": "hidden", ', ""), 'line 4, $.nodes[1]: the key "id" is missing'),
    (swapped('"id": "act1"', '"id": "data"'), 'line 5, $.nodes[2].id: there are two blocks "data"'),
    (swapped('"block": "Activation"', '"block": ""'), "$.nodes[2].block: the kind of the block is empty"),
    (swapped('"to": "hidden.in"', '"to": "hiden.in"'),
     'line 9, $.wires[0].to: the wire leads to a block "hiden" that is not there; did you mean "hidden"?'),
    (swapped('"from": "data.x"', '"from": "x"'), '$.wires[0].from: expects block.port but got "x"'),
    (swapped('"from": "data.x"', '"from": "data."'), '$.wires[0].from: expects block.port but got "data."'),
    (swapped('"from": "data.x", ', ""), 'line 9, $.wires[0]: the key "from" is missing'),
    (swapped('{"from": "data.x", "to": "hidden.in"}', "7"), "$.wires[0]: expects an object but got 7"),
    (swapped('"to": "hidden.in"', '"to": "hidden.in", "via": [[1]]'), "$.wires[0].via[0]: expects a place [x, y] but"),
    (swapped('"to": "hidden.in"', '"to": "hidden.in", "via": [[1, true]]'), "expects a place [x, y] but got [1, true]"),
    (swapped("[0.35, 0.35]", '[0.35, "x"]'), 'line 16, $.parameters["hidden.bias"][1]: expects numbers but got "x"'),
    (swapped("[0.35, 0.35]", "{}"), '$.parameters["hidden.bias"]: expects numbers but got {}'),
    (swapped("[0.35, 0.35]", "true"), "expects numbers but got true"),
    (swapped("[0.35, 0.35]", "[" * 9 + "1" + "]" * 9), "is nested more than 8 deep"),
    (swapped('"training": {', '"training": 1, "more": {'), "line 18, $.training: expects an object but got 1"),
    (swapped('"data": [0, 0]', '"data": [0, 0, 0]'), "line 19, $.layout.nodes.data: expects a place [x, y] but got"),
    (swapped('"frames": []', '"frames": [1]'), "$.layout.frames[0]: expects an object but got 1"),
    (swapped('"weights": "net.0123abcd.safetensors"', '"weights": "../net.safetensors"', FULL),
     '$.weights: expects the name of a .safetensors file in the same folder but got "../net.safetensors"'),
    (swapped('"weights": "net.0123abcd.safetensors"', '"weights": "/etc/passwd"', FULL), "$.weights: expects"),
    (swapped('"weights": "net.0123abcd.safetensors"', '"weights": "c:x.safetensors"', FULL), "$.weights: expects"),
    (swapped('"id": "dense"', '"id": 5', FULL), "line 12, $.groups.Residual.nodes[0].id: expects a text but got 5"),
    (swapped('"to": "dense.in"', '"to": "dense"', FULL), "$.groups.Residual.inputs[0].to: expects block.port"),
    (swapped('"name": "out", ', "", FULL), '$.groups.Residual.outputs[0]: the key "name" is missing'),
    (swapped('"Residual 2": {', '"Residual 2": 3, "Residual 3": {', FULL), '$.groups["Residual 2"]: expects an object'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part"), DAMAGED, ids=lambda value: value[:30])
def test_damage_is_told_with_line_and_path(text, part):
    told = message(text)
    assert told.startswith('"net.chainrule" is damaged (')
    assert told.endswith("Nothing was changed.")
    assert part in told


@pytest.mark.parametrize(("text", "part"), WRONG, ids=lambda value: value[-30:])
def test_a_wrong_value_is_told_with_what_was_expected_and_received(text, part):
    assert part in message(text)


def test_a_newer_version_is_told_as_such():
    with pytest.raises(FileError) as caught:
        files.loads(swapped('"version": 1', '"version": 2'), "net.chainrule")
    assert caught.value.code == "F03"
    assert caught.value.message.startswith('"net.chainrule" was written by a newer Chainrule (format 2,')
    assert caught.value.hint == "Update Chainrule."


def test_surprising_text_in_a_message_is_escaped():
    told = message(swapped('"id": "hidden"', '"id": "<b>\\u202e\\n"'))
    assert "\\u202e\\n" in told


@given(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.text(string.printable, max_size=4))
def test_any_damage_gives_a_project_or_one_error(place, length, put):
    text = SAMPLE[:place] + put + SAMPLE[place + length :]
    project, told = None, ""
    try:
        project = files.loads(text)
    except FileError as error:
        told = str(error)
    assert "\n" not in told
    assert project is None or files.loads(files.dumps(project)) == project


@given(projects(), st.data())
def test_every_beginning_of_a_file_is_an_error(project, data):
    text = files.dumps(project).rstrip()
    with pytest.raises(FileError, match=r"line \d+"):
        files.loads(text[: data.draw(st.integers(0, len(text) - 1))])


@given(JSON)
def test_any_json_is_a_project_or_an_error(value):
    for text in (json.dumps(value), json.dumps({"format": "chainrule", "version": 1, "nodes": value, "wires": value})):
        try:
            files.loads(text)
        except FileError:
            pass
        else:
            assert value in ([], {}) or not isinstance(value, dict | list)


# -- the strict reader itself --


@given(JSON)
def test_both_readers_read_the_same(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        exact = jsontext._Reader(text).document()
        assert repr(exact) == repr(json.loads(text)) == repr(jsontext.parse(text))


@given(st.text('{}[]",:01.eE-+ntfN\\ud8\n', max_size=12))
def test_the_exact_reader_refuses_what_the_quick_one_refuses(text):
    try:
        json.loads(text, object_pairs_hook=jsontext._object, parse_constant=jsontext._refuse)
    except ValueError:
        with pytest.raises(jsontext.JsonError):
            jsontext.parse(text)
    else:
        told = ""
        try:
            jsontext.parse(text)
        except jsontext.JsonError as error:
            told = error.what
        assert not told or any(word in told for word in ("too large", "64 bits", "half a character"))


def test_ids_that_look_like_large_numbers_are_read_quickly(monkeypatch):
    nodes = [Node(f"dense{number}", "Dense") for number in (100, 1000, 1234567890123456)]
    text = files.dumps(Project(graph=Graph.of(nodes)))
    monkeypatch.delattr(jsontext, "_Reader")
    assert len(files.loads(text).graph) == 3


def test_an_escaped_pair_of_surrogates_is_a_character():
    assert jsontext.parse('"\\ud83d\\ude00"') == "😀"


def test_depth_up_to_the_limit_is_read():
    depth = jsontext.MAX_DEPTH
    assert jsontext.parse("[" * depth + "]" * depth)
    with pytest.raises(jsontext.JsonError, match="deep"):
        jsontext.parse("[" * (depth + 1) + "]" * (depth + 1))


@pytest.mark.parametrize(
    "path", [(), ("nodes",), ("nodes", 1), ("nodes", 1, "frozen", 0), ("parameters", "hidden.bias")]
)
def test_a_value_is_located(path):
    expected = {(): 1, ("nodes",): 2, ("nodes", 1): 4, ("nodes", 1, "frozen", 0): 4}.get(path, 16)
    assert jsontext.locate(SAMPLE, path) == expected
    assert jsontext.locate(SAMPLE, (*path, "no such key")) == expected


def test_paths_are_written_as_people_write_them():
    assert jsontext.path_text(("nodes", 3, "params", "odd key")) == '$.nodes[3].params["odd key"]'
    assert len(jsontext.path_text(("x" * 999,) * 60)) < 600


def test_an_error_deep_in_the_stack_is_still_no_recursion_error():
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            with pytest.raises(FileError):
                files.loads("[" * 5000)

    deeper(sys.getrecursionlimit() - len(inspect.stack(0)) - 60)


# -- values that no file can hold --


@pytest.mark.parametrize(
    ("project", "part"),
    [
        (Project(name="\ud800"), r'$.name is "\ud800", which holds half a character'),
        (Project(graph=Graph.of([Node("a", "Dense", FrozenDict({"p": (1, float("nan"))}))])),
         "$.nodes[0].params.p[1] is nan; a file can hold finite numbers only"),
        (Project(graph=Graph.of([Node("a", "Dense", FrozenDict({"p": {1}}))])),
         "$.nodes[0].params.p is of the kind set"),
        (Project(training=FrozenDict({"x\ud800": 1})), r'$.training has the key "x\ud800"'),
        (Project(parameters=Project().parameters.insert("a.b", float("inf"))), '$.parameters["a.b"] is inf'),
        (Project(layout=Layout(Layout().nodes.insert("a", (0.0, float("nan"))))), "$.layout.nodes.a[1] is nan"),
    ],
)  # fmt: skip
def test_a_value_that_no_file_can_hold_is_named(tmp_path, project, part):
    path = tmp_path / "net.chainrule"
    path.write_text("before")
    for write in (files.dumps, lambda project: files.save(project, path)):
        with pytest.raises(FileError) as caught:
            write(project)
        assert caught.value.code == "F06"
        assert part in str(caught.value)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.chainrule"]


@pytest.mark.parametrize("value", [10**30, -(2**63) - 1])
def test_a_number_that_could_not_be_read_again_is_not_saved(tmp_path, value):
    node = Node("a", "Dense", FrozenDict({"out_features": value}))
    with pytest.raises(FileError, match=r"This cannot be saved: .*out_features: a whole number of more than 64 bits"):
        files.save(Project(graph=Graph.of([node])), tmp_path / "net.chainrule")
    assert list(tmp_path.iterdir()) == []


# -- what lies at a path --


def refused(path) -> str:
    with pytest.raises(FileError) as caught:
        files.load(path)
    return f"{caught.value.code} {caught.value}"


def test_a_missing_file(tmp_path):
    assert refused(tmp_path / "no.chainrule") == f'F02 There is no file "{tmp_path / "no.chainrule"}".'


def test_a_folder_a_pipe_a_device_and_a_socket(tmp_path):
    assert "is a folder; a file is expected" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == f'F04 "{tmp_path / "pipe"}" is a pipe; a file is expected.'
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert "is a device" in refused(tmp_path / "zero")
    (tmp_path / "loop").symlink_to("loop")
    assert refused(tmp_path / "loop").startswith("F04")
    assert refused(tmp_path / "a\0b").startswith("F04")
    assert refused(tmp_path / ("n" * 5000)).endswith("cannot be read: File name too long.")


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.chainrule"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(path) == f'F04 "{path}" has 1 TiB; at most 16 MiB are read.'
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
    with pytest.raises(FileError, match="has more than 16 MiB"):
        files.loads(" " * (files.MAX_BYTES + 1))


def test_a_file_that_would_be_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(FileError, match=r"would have .* at most 100 bytes fit") as caught:
        files.save(files.loads('{"format": "chainrule", "version": 1, "notes": "' + "x" * 50 + '"}'), tmp_path / "a")
    assert caught.value.code == "F05"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "net.chainrule"
    path.write_text(SAMPLE)
    monkeypatch.setattr(diskfile, "_look_at", lambda status, limit: None)
    with pytest.raises(FileError, match="has more than"):
        diskfile.read(path, 10)


def test_other_encodings(tmp_path):
    path = tmp_path / "net.chainrule"
    path.write_bytes(swapped("markdown", "Prüfung").encode("latin-1"))
    assert refused(path) == 'F01 "net.chainrule" is damaged (line 1: it is no UTF-8 text). Nothing was changed.'
    path.write_bytes(swapped("act1", "ÄÖ").encode("latin-1"))
    assert "line 5: it is no UTF-8 text" in refused(path)
    path.write_bytes(SAMPLE.encode("utf-16"))
    assert refused(path).startswith("F01")
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.encode())  # as some editors write it
    assert files.load(path) == files.loads(SAMPLE)
    path.write_bytes(SAMPLE.replace("\n", "\r\n").encode())
    assert files.load(path) == files.loads(SAMPLE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "net.chainrule"
    path.write_text(SAMPLE)
    path.chmod(0)
    assert refused(path) == f'F04 "{path}" cannot be read: Permission denied.'
