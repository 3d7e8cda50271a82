"""Groups are planned as if their blocks had been drawn where they are used."""

from __future__ import annotations

import pytest

from engine.frozen import FrozenDict
from engine.graph import Group, Node
from engine.result import Result
from tests.engine.graphs import Nodes, checked, found, group, only, recipe_of, shape_of

RESIDUAL = group(
    {"lin": ("Dense", {"out_features": 4}), "relu": "Activation", "sum": "Add"},
    ["lin > relu", "relu > sum.a"],
    ["in = lin.in", "in = sum.b"],
    ["out = sum.out"],
)
DENSE = group({"lin": ("Dense", {"out_features": 4})}, [], ["in = lin.in"], ["out = lin.out"])
AROUND: Nodes = {
    "data": "Input",
    "first": ("Dense", {"out_features": 4}),
    "res": ("Group", {"group": "Residual", "repeat": 2}),
    "last": ("Dense", {"out_features": 1}),
    "loss": ("Loss", {"function": "mse"}),
}
WIRES = ["data.x > first", "first > res", "res > last", "last > loss.prediction", "data.y > loss.target"]


def used(params: dict[str, object], **groups: Group) -> Result:
    """The network around one use of a group."""
    return checked({**AROUND, "res": ("Group", params)}, WIRES, groups={"Residual": RESIDUAL, **groups})


class TestWrittenOut:
    def test_names_and_wires(self):
        result = used({"group": "Residual", "repeat": 2})
        assert result.problems == ()
        inside = ("res.0.lin", "res.0.relu", "res.0.sum", "res.1.lin", "res.1.relu", "res.1.sum")
        assert result.order == ("data", "first", *inside, "last", "loss")
        assert result.nodes["res.0.lin"].sources == {"in": ("first", "out")}
        assert result.nodes["res.0.sum"].sources == {"a": ("res.0.relu", "out"), "b": ("first", "out")}
        assert result.nodes["res.1.sum"].sources == {"a": ("res.1.relu", "out"), "b": ("res.0.sum", "out")}
        assert result.nodes["last"].sources == {"in": ("res.1.sum", "out")}
        assert {result.nodes[path].node for path in inside} == {"res"}

    def test_without_repeat_there_is_no_number(self):
        assert "res.lin" in used({"group": "Residual"}).order

    def test_the_same_by_hand(self):
        nodes = {**AROUND}
        del nodes["res"]
        wires, last = ["data.x > first"], "first"
        for number in (0, 1):
            for name, block in (("lin", ("Dense", {"out_features": 4})), ("relu", "Activation"), ("sum", "Add")):
                nodes[f"{name}{number}"] = block
            wires += [f"{last} > lin{number}", f"lin{number} > relu{number}"]
            wires += [f"relu{number} > sum{number}.a", f"{last} > sum{number}.b"]
            last = f"sum{number}"
        by_hand = checked(nodes, [*wires, f"{last} > last", *WIRES[3:]])
        result = used({"group": "Residual", "repeat": 2})
        for figure in ("parameters", "macs", "activation_bytes"):
            assert getattr(result, figure) == getattr(by_hand, figure)
        assert recipe_of(result, "res.1.lin") == recipe_of(by_hand, "lin1")

    def test_a_use_shows_its_ports_and_sums(self):
        result = used({"group": "Residual", "repeat": 2})
        plan = result.nodes["res"]
        assert plan.inputs == {"in": result.nodes["first"].outputs["out"]}
        assert shape_of(result, "res") == ("N", 4)
        assert plan.parameters == 2 * (4 * 4 + 4)
        assert plan.summary == "Residual · 6 blocks"
        assert "res" not in result.order
        assert result.parameters == sum(result.nodes[path].parameters for path in result.order)

    def test_groups_in_groups(self):
        outer = group(
            {"a": ("Group", {"group": "Residual"}), "b": ("Group", {"group": "Residual", "repeat": 2})},
            ["a > b"],
            ["in = a.in"],
            ["out = b.out"],
        )
        result = used({"group": "Outer", "repeat": 2}, Outer=outer)
        assert result.problems == ()
        assert result.nodes["res.1.a.sum"].sources["b"] == ("res.0.b.1.sum", "out")
        assert result.nodes["last"].sources == {"in": ("res.1.b.1.sum", "out")}
        assert result.nodes["res.1.b"].parameters == 40

    def test_several_ports_in_order(self):
        crossed = group(
            {"x": "Activation", "y": "Activation"}, [], ["a = x.in", "b = y.in"], ["first = y.out", "second = x.out"]
        )
        nodes = {"data": "Input", "g": ("Group", {"group": "G", "repeat": 2})}
        result = checked(nodes, ["data.x > g.a", "data.y > g.b"], groups={"G": crossed})
        assert result.nodes["g.1.x"].sources == {"in": ("g.0.y", "out")}
        assert result.nodes["g.1.y"].sources == {"in": ("g.0.x", "out")}

    def test_references_stay_inside(self):
        inner = group(
            {"lin": ("Dense", {"out_features": 4}), "l2": ("Regularizer", {"blocks": ["lin"]})},
            [],
            ["in = lin.in"],
            ["out = lin.out"],
        )
        result = used({"group": "G", "repeat": 2}, G=inner)
        assert recipe_of(result, "res.1.l2").borrows == ("res.1.lin",)
        assert [objective.path for objective in result.objectives] == ["loss", "res.0.l2", "res.1.l2"]

    def test_a_reference_to_a_use_means_all_inside(self):
        nodes = {**AROUND, "l2": ("Regularizer", {"blocks": ["res"]})}
        wires = [wire for wire in WIRES if wire != "first > res"]
        inside = group(
            {"a": ("Dense", {"out_features": 4}), "act": "Activation", "b": ("Dense", {"out_features": 4})},
            ["a > act", "act > b"],
            ["in = a.in"],
            ["out = b.out"],
        )
        result = checked(nodes, [*wires, "first > res"], groups={"Residual": inside})
        assert recipe_of(result, "l2").borrows == ("res.0.a", "res.0.b", "res.1.a", "res.1.b")


class TestShared:
    def test_across_repeats(self):
        result = used({"group": "Residual", "repeat": 3, "share_across_repeats": True})
        assert result.problems == ()
        assert {result.nodes[f"res.{number}.lin"].weights_path for number in range(3)} == {"res.0.lin"}
        assert [result.nodes[f"res.{number}.lin"].parameters for number in range(3)] == [20, 0, 0]
        assert result.phases[0].update.count("res.0.lin.weight") == 1
        assert "res.1.lin.weight" not in result.phases[0].update

    def test_with_another_use_stored_under_the_first_in_order(self):
        nodes = {
            "data": "Input",
            "late": ("Group", {"group": "G"}),
            "early": ("Group", {"group": "G", "share_with": "late"}),
            "first": ("Dense", {"out_features": 4}),
        }
        result = checked(nodes, ["data.x > first", "first > early", "early > late"], groups={"G": DENSE})
        assert found(result, "G16") == []
        assert result.nodes["late.lin"].weights_path == "early.lin"
        assert result.nodes["early.lin"].weights_path == "early.lin"
        assert result.parameters == 12 + 20

    def test_weights_of_another_shape_cannot_be_shared(self):
        nodes = {"data": "Input", "a": ("Group", {"group": "G"}), "b": ("Group", {"group": "G", "share_with": "a"})}
        problem = only(checked(nodes, ["data.x > a", "a > b"], groups={"G": DENSE}), "G16")
        assert problem.node == "b.lin"
        assert "4 × 4 and not 4 × 2" in problem.message

    def test_only_the_owner_takes_start_values(self):
        nodes = {**AROUND, "res": ("Group", {"group": "Residual", "repeat": 2, "share_across_repeats": True})}
        parts = {"groups": {"Residual": RESIDUAL}}
        assert checked(nodes, WIRES, **parts, parameters={"res.0.lin.bias": (0.0,) * 4}).problems == ()
        problem = only(checked(nodes, WIRES, **parts, parameters={"res.1.lin.bias": (0.0,) * 4}), "G18")
        assert problem.hint == 'Give it to "res.0.lin.bias" instead.'


class TestRefused:
    @pytest.mark.parametrize(
        ("params", "said"),
        [
            ({"group": "Residul"}, 'uses the group "Residul", which does not exist'),
            ({}, "names no group"),
            ({"group": "Self"}, "contains itself: Self → Self"),
            ({"group": "Ping"}, "contains itself: Ping → Pong → Ping"),
            ({"group": "Two", "repeat": 2}, "cannot be repeated"),
            ({"group": "Broken"}, 'no block "gone" in it'),
            ({"group": "Residual", "share_with": "first"}, "which is no use of a group"),
            ({"group": "Residual", "share_with": "res"}, "in a circle: res → res"),
            ({"group": "Many", "repeat": 10_000}, "stands for 500,000 blocks, but at most 100,000 are possible"),
        ],
    )
    def test_uses_that_make_no_sense(self, params, said):
        groups = {
            "Self": group({"again": ("Group", {"group": "Self"})}, [], ["in = again.in"], ["out = again.out"]),
            "Ping": group({"pong": ("Group", {"group": "Pong"})}, [], [], []),
            "Pong": group({"ping": ("Group", {"group": "Ping"})}, [], [], []),
            "Two": group({"a": "Add"}, [], ["x = a.a", "y = a.b"], ["out = a.out"]),
            "Broken": group({"a": "Add"}, [], ["x = gone.in"], ["out = a.out"]),
            "Many": group({f"n{number}": "Activation" for number in range(50)}, [], ["in = n0.in"], ["out = n0.out"]),
        }
        result = used(params, **groups)
        problem = only(result, "G16")
        assert problem.node == "res"
        assert said in problem.message
        assert [*result.nodes["res"].inputs] == ["in"], "kept, with the ports that wires name"
        assert [*result.nodes["res"].outputs] == ["out"]

    def test_a_bad_parameter(self):
        assert only(used({"group": "Residual", "repeat": 0}), "G06").node == "res"

    def test_many_uses_together(self):
        many = group({f"n{number}": "Activation" for number in range(500)}, [], ["in = n0.in"], ["out = n0.out"])
        nodes = {f"g{number}": ("Group", {"group": "Many", "repeat": 100}) for number in range(3)}
        result = checked(nodes, [], groups={"Many": many})
        assert len(found(result, "G16")) == 3
        assert "150,000 blocks in all" in found(result, "G16")[0].message

    def test_a_bomb_of_nested_repeats_is_not_written_out(self):
        groups = {"G0": DENSE}
        for level in range(1, 12):
            use = ("Group", {"group": f"G{level - 1}", "repeat": 10_000})
            groups[f"G{level}"] = group({"g": use}, [], ["in = g.in"], ["out = g.out"])
        assert "blocks" in only(used({"group": "G11"}, **groups), "G16").message

    def test_nesting_is_limited(self):
        groups = {"G0": DENSE}
        for level in range(1, 2000):
            groups[f"G{level}"] = group(
                {"g": ("Group", {"group": f"G{level - 1}"})}, [], ["in = g.in"], ["out = g.out"]
            )
        assert "nests groups 2000 deep" in only(used({"group": "G1999"}, **groups), "G16").message

    def test_an_open_input_is_told_once_where_it_is_to_be_connected(self):
        problem = only(checked({"res": ("Group", {"group": "Residual"})}, [], groups={"Residual": RESIDUAL}), "G07")
        assert (problem.node, problem.port) == ("res", "in")
        assert problem.message == 'Input "in" of "res" is not connected.'

    def test_an_open_input_of_nested_groups_is_told_at_the_outermost(self):
        outer = group({"inner": ("Group", {"group": "G"})}, [], ["in = inner.in"], ["out = inner.out"])
        result = checked({"res": ("Group", {"group": "Outer"})}, [], groups={"Outer": outer, "G": DENSE})
        assert (only(result, "G07").node, only(result, "G07").port) == ("res", "in")
        alone = group({"inner": ("Group", {"group": "G"})}, [], [], ["out = inner.out"])
        result = checked({"res": ("Group", {"group": "Outer"})}, [], groups={"Outer": alone, "G": DENSE})
        assert (only(result, "G07").node, only(result, "G07").port) == ("res.inner", "in")

    def test_ports_that_the_group_lacks(self):
        result = checked(AROUND, [*WIRES, "first > res.side", "res.other > last"], groups={"Residual": RESIDUAL})
        messages = [problem.message for problem in found(result, "G12")]
        assert messages == [
            '"res" has no input "side"; its input is "in".',
            '"res" has no output "other"; its output is "out".',
        ]

    def test_a_loop_through_a_group(self):
        nodes = {"a": "Activation", "g": ("Group", {"group": "G"})}
        assert only(checked(nodes, ["a > g", "g > a"], groups={"G": DENSE}), "G02").message == "Loop: a → g.lin → a."


def test_a_muted_block_inside():
    quiet = group(
        {"lin": ("Dense", {"out_features": 4}), "drop": Node("drop", "Dropout", bypass=True)},
        ["lin > drop"],
        ["in = lin.in"],
        ["out = drop.out"],
    )
    result = used({"group": "G", "repeat": 2}, G=quiet)
    assert result.nodes["last"].sources == {"in": ("res.1.lin", "out")}
    assert result.nodes["res.1.lin"].sources == {"in": ("res.0.lin", "out")}


class TestMuted:
    def test_a_muted_group_hands_its_input_on(self):
        muted = Node("res", "Group", FrozenDict({"group": "Residual", "repeat": 2}), bypass=True)
        result = checked({**AROUND, "res": muted}, WIRES, groups={"Residual": RESIDUAL})
        assert result.problems == ()
        assert result.order == ("data", "first", "last", "loss")
        assert result.nodes["last"].sources == {"in": ("first", "out")}
        assert result.nodes["res"].outputs["out"] == result.nodes["res"].inputs["in"]
        assert result.nodes["res"].parameters == 0

    def test_muted_groups_in_a_circle_wait_for_nobody(self):
        muted = Node("res", "Group", FrozenDict({"group": "Residual"}), bypass=True)
        nodes = {"one": muted, "two": muted, "act": "Activation"}
        result = checked(nodes, ["one > two", "two > one", "two > act"], groups={"Residual": RESIDUAL})
        assert result.nodes["act"].sources == {}
        assert result.errors
