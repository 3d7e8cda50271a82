"""Graphs as Mermaid text, against golden text and against what the grammar allows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine import assets, files
from engine.facts import FactsCache
from engine.graph import Project, Wire
from engine.mermaid import mermaid
from engine.plan import check
from tests.engine.graphs import facts, group, project

GOLDEN = Path(__file__).parent.parent / "golden"
RESIDUAL = group(
    {"lin": ("Dense", {"out_features": 4}), "relu": "Activation", "sum": "Add"},
    ["lin > relu", "relu > sum.a"],
    ["in = lin.in", "in = sum.b"],
    ["out = sum.out"],
)


def _drawn(what: Project, **options: object) -> str:
    return mermaid(what, check(what, facts), **options)  # type: ignore[arg-type]


def _residual(repeat: int = 2, **groups: object) -> Project:
    return project(
        {
            "data": "Input",
            "first": ("Dense", {"out_features": 4}),
            "res": ("Group", {"group": "Residual", "repeat": repeat}),
            "last": ("Dense", {"out_features": 1}),
            "loss": ("Loss", {"function": "mse"}),
        },
        ["data.x > first", "first > res", "res > last", "last > loss.prediction", "data.y > loss.target"],
        groups={"Residual": RESIDUAL, **groups},
    )


def test_mazur_as_the_golden_text_has_it():
    made = files.load(assets.example("mazur.chainrule"))
    text = mermaid(made, check(made, FactsCache(None).lookup))
    assert text == (GOLDEN / "mazur.mmd").read_text(encoding="utf-8")


def test_groups_are_subgraphs_as_the_golden_text_has_it():
    assert _drawn(_residual()) == (GOLDEN / "residual.mmd").read_text(encoding="utf-8")


def test_wires_of_a_group_lead_to_the_blocks_inside_that_its_ports_stand_for():
    text = _drawn(_residual(), shapes=False)
    arrows = set(re.findall(r"(\w+) --> (\w+)", text))
    assert {("first", "res_lin"), ("first", "res_sum"), ("res_sum", "last"), ("res_lin", "res_relu")} <= arrows
    assert "|" not in text


def test_groups_within_groups():
    outer = group({"a": ("Group", {"group": "Residual"})}, [], ["in = a.in"], ["out = a.out"])
    made = _residual(1, Outer=outer)
    made = replace(made, graph=made.graph.set_params("res", {"group": "Outer"})[0])
    text = _drawn(made, shapes=False)
    assert text.count("subgraph") == text.count("  end\n") == 2
    assert ("first", "res_a_lin") in set(re.findall(r"(\w+) --> (\w+)", text))


def test_groups_that_use_each_other_are_drawn_as_blocks():
    loop = group({"a": ("Group", {"group": "Residual"})}, [], ["in = a.in"], ["out = a.out"])
    made = _residual(1, Residual=loop)
    text = _drawn(made)
    assert "subgraph" not in text
    assert '  res["' in text


def test_a_part_has_the_wires_among_its_blocks_alone():
    text = _drawn(_residual(), chosen=frozenset({"first", "data", "loss", "gone"}), shapes=False)
    assert re.findall(r"(\w+) --> (\w+)", text) == [("data", "first"), ("data", "loss")]
    assert "last" not in text


@pytest.mark.parametrize(
    "label", ['say "hi"', "<img src=x onerror=alert(1)>", "a]b) --> c", "`x`", "#quot;", "two\nlines", "&amp;", "\\"]
)
def test_labels_cannot_break_out_of_their_quotes(label):
    made = _residual()
    made = replace(made, graph=made.graph.update("first", label=label)[0])
    lines = [line for line in _drawn(made).splitlines() if line.startswith("  first[")]
    assert len(lines) == 1
    match = re.fullmatch(r'  first\["([^"]*)"\]:::layers', lines[0])
    assert match is not None
    shown, _, _ = match[1].partition("<br/>")
    assert not set(shown) & set('"<>&`\\')
    codes = {"#quot;": '"', "#lt;": "<", "#gt;": ">", "#amp;": "&", "#35;": "#", "#96;": "`", "#92;": "\\"}
    plain = re.sub(r"#\w+;", lambda code: codes[code[0]], shown)
    assert plain == " ".join(label.split())


def test_words_of_mermaid_are_no_ids():
    made = project({"end": "Activation", "click": "Activation"}, ["end > click"])
    text = _drawn(made)
    assert "end_ --> click_" in text.replace('|"?"|', "")
    assert '  end_("' in text


def test_paths_that_read_alike_stay_apart():
    inner = group({"lin": "Dense"}, [], ["in = lin.in"], ["out = lin.out"])
    made = project(
        {"data": "Input", "res_lin": "Dense", "res": ("Group", {"group": "G"})},
        ["data.x > res_lin", "res_lin > res"],
        groups={"G": inner},
    )
    assert "res_lin --> res_lin_" in _drawn(made, shapes=False)


def test_unknown_blocks_and_muted_ones_are_told():
    made = project({"odd": "Wonder", "act": "Activation"}, ["odd > act"])
    made = replace(made, graph=made.graph.update("act", bypass=True)[0])
    text = _drawn(made)
    assert 'odd["odd<br/>Wonder"]\n' in text
    assert "muted" in text


def test_a_long_chain_is_no_matter():
    nodes = {f"n{index}": "Activation" for index in range(3000)}
    made = project(nodes)
    graph, _ = made.graph.connect(*(Wire(f"n{i}", "out", f"n{i + 1}", "in") for i in range(2999)))
    text = _drawn(replace(made, graph=graph))
    assert text.count("-->") == 2999
