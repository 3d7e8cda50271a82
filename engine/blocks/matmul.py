"""MatMul: the product of two matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port, ShapeError
from engine.broadcast import sum_to
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import need_float, numel
from engine.tensorspec import Dim, TensorSpec


@final
class MatMul(Block):
    """`y = a @ b`: `(N, …, m, k) @ (k, n)`, or both with a batch, `(N, …, m, k) @ (N, …, k, n)`.

    A batch of rows `(N, k)` may be multiplied by a matrix without a batch; as a second factor it would be taken for a
    matrix of all samples, and is refused.
    """

    kind = "MatMul"
    category = "math"
    doc = "Multiplies matrices: rows of a by columns of b."
    icon = "multiply"
    keywords = ("matrix", "product", "dot", "@", "linear", "attention")
    params: ClassVar[Mapping[str, Param]] = {}

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return (Port("a", doc="The matrix on the left."), Port("b", doc="The matrix on the right."))

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        a, b = inputs["a"], inputs["b"]
        for port, spec in inputs.items():
            need_float(spec, port)
            if not spec.shape or spec.shape == ("N",):
                raise ShapeError(f"needs matrices or vectors but gets {spec}", hint="Reshape it first.", port=port)
        if b.batched and (len(b.shape) < 3 or (len(a.shape) != len(b.shape) and a.batched)):
            raise ShapeError(
                f"would mix the samples of the batch: a is {a} and b is {b}",
                hint="Give both the same number of dimensions, three at least, or let b be without a batch.",
                port="b",
            )
        rows, columns = a.shape, b.shape
        if (a.batched and not b.batched and len(columns) > 2) or not self._alike(rows[:-2], columns[:-2]):
            raise ShapeError(
                f"needs as many matrices in a as in b, or a single one, but a is {a} and b is {b}",
                hint="Give both the same dimensions before the last two, or one of them none.",
                port="b",
            )
        inner = columns[-2] if len(columns) > 1 else columns[0]
        if rows[-1] != inner:
            raise ShapeError(
                f"needs as many columns in a as rows in b, but a is {a} and b is {b}",
                hint="Transpose one of them, or change its size.",
                port="b",
            )
        lead = rows[:-2] if len(rows) >= len(columns) else columns[:-2]
        out = (*lead, *rows[-2:-1], *(columns[-1:] if len(columns) > 1 else ()))
        return {"out": TensorSpec(out)}

    @staticmethod
    def _alike(left: tuple[Dim, ...], right: tuple[Dim, ...]) -> bool:
        """Whether the matrices come one for one, or one side has a single one."""
        return not left or not right or left == right

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "operator.matmul", (Ref("a"), Ref("b"))),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=("y = a\\, b",),
            backward=(rf"{wrt('a')} = \delta\, b^{{\top}}", rf"{wrt('b')} = a^{{\top}} \delta"),
            symbols=(("a, b", "matrices"), OUTPUT, DELTA),
            source="torch.matmul",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        a, b, delta = c.inputs["a"], c.inputs["b"], c.upstream["out"]
        # Vectors are matrices of one row or one column.
        left = a.unsqueeze(0) if a.ndim == 1 else a
        right = b.unsqueeze(-1) if b.ndim == 1 else b
        if a.ndim == 1:
            delta = delta.unsqueeze(-1 if b.ndim == 1 else -2)
        if b.ndim == 1:
            delta = delta.unsqueeze(-1)
        by_a = sum_to(delta @ right.transpose(-2, -1), left.shape)
        by_b = sum_to(left.transpose(-2, -1) @ delta, right.shape)
        return {"a": by_a.reshape(a.shape), "b": by_b.reshape(b.shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        inner = inputs["a"].shape[-1]
        return numel(outputs["out"]) * (inner if isinstance(inner, int) else 1)
