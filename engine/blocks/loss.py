"""Loss: how far the prediction is from the target, as one number to minimise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port, Remark, ShapeError
from engine.loss_functions import LOSSES, At
from engine.param import Choice, Float, Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref, Value
from engine.shapes import fixed, need_batch, need_float, numel, received
from engine.tensorspec import TensorSpec
from engine.wording import plural

_CLASS_LOSSES = tuple(name for name, loss in LOSSES.items() if loss.classes)


@final
class Loss(Block):
    """Prediction and target to one number, `(N, …), (N, …) -> ()`.

    Prediction and target must have one shape: PyTorch would stretch `(5, 1)` against `(5,)` to 25 pairs without a
    word. One exception is spelled out in the recipe: a single output `(N, 1)` against one number per sample `(N,)`.
    """

    kind = "Loss"
    category = "loss"
    doc = "Compares the prediction with the target; training makes this number small."
    icon = "loss"
    beginner = True
    keywords = ("cost", "error", "objective", "criterion", "squared error", "softmax", "log loss", *LOSSES)
    params: ClassVar[Mapping[str, Param]] = {
        "function": Choice(
            default="mse",
            options=tuple(LOSSES),
            doc="mse and its kin compare numbers, cross_entropy and nll compare classes, bce answers yes or no.",
        ),
        "reduction": Choice(
            default="mean", options=("mean", "sum"), doc="Average the elements' losses or add them up.", advanced=True
        ),
        "delta": Float(default=1.0, above=0.0, doc="Errors beyond this count linearly.", when=("function", ("huber",))),
    }

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return (
            Port("prediction", doc="What the network says."),
            Port("target", "target", doc="What it should say."),
        )

    def outputs(self, params: Mapping[str, Any], facts: object = None) -> tuple[Port, ...]:
        return (Port("out", "scalar", doc="The loss, one number."),)

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        prediction, target = inputs["prediction"], inputs["target"]
        need_float(prediction, "prediction")
        if target.dtype == "bool":
            raise ShapeError(
                "compares numbers but its target is true or false",
                hint="Connect numbers or class labels.",
                port="target",
                code="G04",
            )
        if LOSSES[params["function"]].classes:
            _check_classes(params["function"], prediction, target)
        else:
            _check_numbers(params["function"], prediction, target)
        return {"out": TensorSpec(())}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        function, loss = params["function"], LOSSES[params["function"]]
        calls, target = ([], Ref("target")) if loss.classes else _aligned(function, inputs)
        settings: list[tuple[str, Value]] = []
        if function == "huber" and params["delta"] != 1.0:
            settings.append(("delta", params["delta"]))
        if params["reduction"] != "mean":
            settings.append(("reduction", params["reduction"]))
        half = function == "half_squared_error"
        out = "squared_error" if half else "out"
        calls.append(Call(out, loss.target, (Ref("prediction"), target), tuple(settings)))
        if half:
            calls.append(Call("out", "operator.mul", (0.5, Ref("squared_error"))))
        return Recipe(calls=tuple(calls))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return LOSSES[params["function"]].formula(params["reduction"])

    def grads(self, c: GradContext) -> dict[str, Any]:
        function, loss = c.params["function"], LOSSES[c.params["function"]]
        prediction, given, delta = c.inputs["prediction"], c.inputs["target"], c.upstream["out"]
        target = given
        if not loss.classes:
            target = given.to(prediction.dtype).reshape(prediction.shape)
            if function == "hinge" and not given.is_floating_point():
                target = 2 * target - 1
        by_prediction, by_target = loss.slopes(At(prediction, target, c.params, c.call))
        if c.params["reduction"] == "mean":
            per_sample = prediction.shape[1] if loss.classes else 1
            delta = delta / (prediction.numel() // per_sample)
        found = {"prediction": delta * by_prediction}
        if given.is_floating_point():
            found["target"] = (delta * by_target).reshape(given.shape)
        return found

    def remarks(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> tuple[Remark, ...]:
        function, prediction = params["function"], inputs["prediction"]
        found = _doubt(function, prediction)
        if function == "cross_entropy" and prediction.shape[1] == 1:
            message = "compares classes but gets one score only: loss and gradient are always 0, so nothing learns"
            hint = "Choose bce_with_logits, or give the prediction one output per class."
            return (*found, Remark("G14", message, hint, "prediction"))
        scores, classes = prediction.shape[1:2] or (0,), inputs["target"].classes
        if LOSSES[function].classes and classes is not None and isinstance(scores[0], int) and scores[0] > classes:
            message = f"has {scores[0]} scores per sample, but its target has only {plural(classes, 'class')}"
            hint = f"Give the layer before it {plural(classes, 'output')}."
            return (*found, Remark("G28", message, hint, "prediction", ("outputs", classes)))
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(inputs["prediction"])

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"{params['function']}, {params['reduction']}"

    def objective(self, params: Mapping[str, Any]) -> bool:
        return True


# -- comparing numbers --


def _aligned(function: str, inputs: Mapping[str, TensorSpec]) -> tuple[list[Call], Ref]:
    """The calls that bring the target to the prediction's dtype and shape, and the target's name after them."""
    prediction, target = inputs["prediction"], inputs["target"]
    calls: list[Call] = []
    name = "target"
    if target.dtype == "int":
        calls.append(Call("numbers", "torch.Tensor.type_as", (Ref(name), Ref("prediction"))))
        name = "numbers"
        if function == "hinge":
            calls.append(Call("doubled", "operator.mul", (2, Ref(name))))
            calls.append(Call("signs", "operator.sub", (Ref("doubled"), 1)))
            name = "signs"
    if target.shape != prediction.shape:
        calls.append(Call("column", "torch.unsqueeze", (Ref(name), 1)))
        name = "column"
    return calls, Ref(name)


def _check_numbers(function: str, prediction: TensorSpec, target: TensorSpec) -> None:
    """A prediction and a target of one shape, or (N, 1) against (N,). Raises ShapeError."""
    if target.dtype == "int" and target.classes is not None and target.classes > 2:
        outputs = prediction.shape[1] if len(prediction.shape) == 2 else 0
        _refuse_target(
            f"compares numbers ({function}) but its target is a class label (one of {target.classes})",
            "Choose cross_entropy."
            if outputs == target.classes
            else "Choose cross_entropy, or switch one_hot on in the Input.",
            ("set", "function", "cross_entropy"),
        )
    if target.shape == prediction.shape:
        return
    column = prediction.batched and prediction.sample_shape == (1,) and target.batched and target.sample_shape == ()
    if column:
        return
    both = f"prediction {prediction} and target {target}"
    if target.dtype == "int":
        _refuse_target(
            f"needs one output for a label of two classes ({function}) but gets {both}",
            "Give the layer before it 1 output, or choose cross_entropy.",
            ("set", "function", "cross_entropy"),
        )
    units = target.shape[1] if len(target.shape) == 2 else 1 if len(target.shape) == 1 else None
    dense = target.batched and len(prediction.shape) == 2 and isinstance(units, int)
    raise ShapeError(
        f"needs prediction and target of one shape but gets {both}",
        hint=f"Give the layer before it {plural(units, 'output')}." if dense else "Reshape one of them.",
        port="target",
        fix=("outputs", units, "prediction") if dense else (),
    )


# -- comparing classes --


def _check_classes(function: str, prediction: TensorSpec, target: TensorSpec) -> None:
    """Scores (N, classes, …) and labels (N, …) or, for cross entropy, shares (N, classes, …). Raises ShapeError."""
    need_batch(prediction, "prediction")
    if len(prediction.shape) < 2:
        raise ShapeError(
            f"needs one score per class (N × classes) but gets {received(prediction)}",
            hint="Give the layer before it one output per class, or choose bce_with_logits for yes or no.",
            port="prediction",
        )
    classes = fixed(prediction.shape[1], "classes", "prediction")
    if target.dtype == "float":
        _check_shares(function, prediction, target)
        return
    positions = (prediction.shape[0], *prediction.shape[2:])
    if target.shape != positions:
        _refuse_target(
            f"needs one class label for each prediction {prediction} but gets a target {target}",
            "Connect labels without a dimension for classes.",
        )
    if target.classes is not None and target.classes > classes:
        yes_no = " or choose bce_with_logits" if classes == 1 and target.classes == 2 else ""
        _refuse_target(
            f"has {plural(classes, 'score')} per sample but its target has {plural(target.classes, 'class')}",
            f"Give the layer before it {plural(target.classes, 'output')}{yes_no}.",
            ("outputs", target.classes),
            port="prediction",
        )


def _check_shares(function: str, prediction: TensorSpec, target: TensorSpec) -> None:
    if function == "nll":
        _refuse_target(
            f"needs class labels, whole numbers, for nll but gets {received(target)}",
            "Switch one_hot off in the Input, or choose cross_entropy without the log_softmax.",
        )
    if target.shape != prediction.shape:
        one_hot = len(target.shape) == 2 and len(prediction.shape) == 2 and target.shape[1] != 1
        both = f"gets prediction {prediction} and target {target}"
        if one_hot:
            _refuse_target(
                f"has {plural(prediction.shape[1], 'score')} per sample but its target has "
                f"{plural(target.shape[1], 'class')}",
                f"Give the layer before it {plural(target.shape[1], 'output')}.",
                ("outputs", target.shape[1]) if isinstance(target.shape[1], int) else (),
                port="prediction",
            )
        _refuse_target(
            f"needs class labels, or one-hot rows of the prediction's shape, but {both}",
            "Choose mse for numbers, or connect class labels.",
            ("set", "function", "mse"),
        )


def _refuse_target(message: str, hint: str, fix: tuple[Any, ...] = (), port: str = "target") -> NoReturn:
    raise ShapeError(message, hint=hint, port=port, code="G08", fix=fix)


# -- doubts --


def _doubt(function: str, prediction: TensorSpec) -> tuple[Remark, ...]:
    """A warning where the prediction does not hold what this loss wants."""
    wants, meaning = LOSSES[function].wants, prediction.meaning
    squashed = meaning in {"probability", "distribution"}
    gets = (
        "logits (raw scores)" if meaning == "logit" else "numbers of any size" if not meaning else "log-probabilities"
    )
    message = hint = ""
    fix: tuple[Any, ...] = ("remove_before", "activation")
    if wants == "probabilities" and not squashed:
        message = f"wants probabilities between 0 and 1 ({function}) but gets {gets}"
        hint = "Put a sigmoid before it, or choose bce_with_logits."
        fix = ("set", "function", "bce_with_logits") if meaning in {"", "logit"} else ()
    elif wants == "log_probabilities" and meaning != "log_probability":
        message = f"wants log-probabilities (nll) but gets {'probabilities' if squashed else gets}"
        hint = "Choose cross_entropy on the logits, or put a log_softmax before it."
        fix = () if squashed else ("set", "function", "cross_entropy")
    elif function == "cross_entropy" and squashed:
        maker = "softmax" if meaning == "distribution" else "sigmoid"
        message = f"wants logits but gets probabilities: cross_entropy takes the softmax itself, after the {maker}"
        hint = f"Remove the {maker} before it."
    elif function == "bce_with_logits" and (squashed or meaning == "log_probability"):
        message = "wants logits but gets probabilities: bce_with_logits takes the sigmoid itself, once more"
        hint = "Remove the activation before it, or choose binary_cross_entropy."
        fix = ("set", "function", "binary_cross_entropy") if squashed else fix
    elif function == "hinge" and squashed:
        message = "wants raw scores on both sides of 0 (hinge) but gets probabilities"
        hint = "Remove the activation before it."
    return (Remark("G13", message, hint, "prediction", fix),) if message else ()
