"""The function `train` of exported code: a loop as one writes it by hand, with the settings of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.export.layout import Bracket, Expr, call, lines
from engine.export.parts import Parts
from engine.init import generator
from engine.training.batching import ORDER
from engine.training.randomness import PURPOSE
from engine.training.slicing import NotSliceableError, adding, batch_norm_of

_FORMATS = {"bf16": "torch.bfloat16", "fp16": "torch.float16"}

_OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Any], float | None]] = {
    "sgd": ("SGD", {"momentum": 0.0, "nesterov": False}, None),
    "adam": ("Adam", {"betas": (0.9, 0.999)}, 1e-8),
    "adamw": ("AdamW", {"betas": (0.9, 0.999)}, 1e-8),
    "rmsprop": ("RMSprop", {"alpha": 0.99, "momentum": 0.0}, 1e-8),
    "adagrad": ("Adagrad", {}, 1e-10),
    "adadelta": ("Adadelta", {"rho": 0.9}, 1e-6),
}
"""Kind -> torch's class, its arguments and their defaults, its default eps."""


def why_not(parts: Parts, *, complete: bool) -> str:
    """Why the exported file cannot train by itself, as a sentence; "" when it can.

    Args:
        parts: the network.
        complete: whether the training data stand in the file.
    """
    result = parts.result
    if not result.objectives:
        return "This network has no loss to train with."
    settings = result.phases[0].settings
    trained = {name for name in result.phases[0].update if name.rpartition(".")[0] in parts.modules}
    if len(result.phases) > 1 or trained != _trainable(parts):
        return "This network is trained in phases; that takes Chainrule itself."
    if settings["schedule"] == "plateau":
        return "The learning rate follows the validation loss; that takes Chainrule itself."
    if settings["schedule"] == "one_cycle" and settings["warmup_steps"]:
        return "The learning rate has a warm-up before its cycle; that takes Chainrule itself."
    if settings["micro_batch"] is not None and "mixed" in _adding(parts):
        return "Its objectives add up over micro-batches in several ways; that takes Chainrule itself."
    if not complete:
        what = " and ".join(result.nodes[path].summary or path for path in result.inputs)
        return f"The training data ({what}) are not in this file: call train() with them."
    return ""


def _trainable(parts: Parts) -> set[str]:
    found = set()
    for path, user in parts.modules.items():
        plan = parts.result.nodes[user]
        assert plan.recipe is not None
        found |= {f"{path}.{spec.name}" for spec in plan.recipe.parameters if spec.name not in plan.frozen}
    return found


def train(parts: Parts, loss: str, names: list[str]) -> list[str]:
    """The function `train(net, x, y, epochs)`.

    Args:
        parts: the network.
        loss: name of the method that gives the loss.
        names: arguments of that method.
    """
    settings = parts.result.phases[0].settings
    count = f"len({names[0]})" if names else "1"
    arguments = ["net: Net", *(f"{name}: Tensor" for name in names), f"epochs: int = {settings['epochs']}"]
    return [
        *lines(0, "", call("def train", arguments), " -> None:"),
        '    """Train with the settings of the project."""',
        *_seeding(parts, settings, names),
        *lines(4, "optimizer = ", _optimizer(settings)),
        *_scheduler(settings, count),
        *_scaling(settings),
        "    net.train()",
        "    for epoch in range(1, epochs + 1):",
        *(_epoch(parts, settings, loss, names) if names else _only_step(settings, loss)),
    ]


def _epoch(parts: Parts, settings: Mapping[str, Any], loss: str, names: list[str]) -> list[str]:
    """Batch by batch, and the mean of the losses at the end."""
    count, size = f"len({names[0]})", settings["batch_size"]
    order = f"torch.randperm({count}, generator=shuffling)" if settings["shuffle"] else f"torch.arange({count})"
    return [
        "        total = 0.0",
        f"        for rows in {order}.split({size}):",
        *_skipping(parts, settings),
        *(_in_parts(parts, settings, loss, names) or _whole(settings, call(f"net.{loss}", _rows(names, "rows")), 12)),
        f'        print(f"epoch {{epoch}}: loss {{total / {count}:.6g}}")',
    ]


def _seeding(parts: Parts, settings: Mapping[str, Any], names: list[str]) -> list[str]:
    """Random numbers as the training in Chainrule draws them, so that its losses come out again."""
    seed = settings["seed"]
    recipes = (parts.result.nodes[path].recipe for path in parts.nodes)
    found = []
    if any(recipe is not None and recipe.random for recipe in recipes):
        found.append(f"    torch.manual_seed({generator(seed, PURPOSE).initial_seed()})")
    if settings["shuffle"] and names:
        found.append(f"    shuffling = torch.Generator().manual_seed({generator(seed, ORDER).initial_seed()})")
    return [f"    # The random numbers that Chainrule draws for seed {seed}.", *found] if found else []


def _rows(names: list[str], index: str) -> list[Expr]:
    return [f"{name}[{index}]" for name in names]


def _whole(settings: Mapping[str, Any], made: Bracket, indent: int) -> list[str]:
    """A step with all samples of a batch at once."""
    return [
        *_loss(settings, made, indent),
        *_update(settings, indent),
        " " * indent + "total += loss.item() * len(rows)",
    ]


def _in_parts(parts: Parts, settings: Mapping[str, Any], loss: str, names: list[str]) -> list[str]:
    """A step in micro-batches; [] where batches are taken whole."""
    most, kind = settings["micro_batch"], _adding(parts)
    if most is None or not kind:
        return []
    count = f"-(-len(rows) // {most})"
    if batch_norm_of(parts.result):  # which needs two samples at least
        count = f"max(1, min({count}, len(rows) // 2))"
    share = " * len(part) / len(rows)" if kind == "mean" else ""
    return [
        "            optimizer.zero_grad()",
        f"            for part in rows.tensor_split({count}):",
        *_loss(settings, call(f"net.{loss}", _rows(names, "part")), 16),
        *_backward(settings, f"loss{share}", 16),
        f"                total += loss.item() * len({'part' if kind == 'mean' else 'rows'})",
        *_apply(settings, 12),
    ]


def _adding(parts: Parts) -> str:
    """How the objectives of parts of a batch add up: `mean`, `sum` or `mixed`; "" where a batch cannot be cut."""
    try:
        kinds = set(adding(parts.result, parts.result.phases[0].objectives))
    except NotSliceableError:
        return ""
    if kinds <= {"mean", "always"}:
        return "mean"
    return "sum" if kinds == {"sum"} else "mixed"


def _loss(settings: Mapping[str, Any], made: Bracket, indent: int) -> list[str]:
    """The line that computes the loss, in the precision of the settings."""
    short = _FORMATS.get(settings["precision"])
    if short is None:
        return lines(indent, "loss = ", made)
    return [" " * indent + f"with torch.autocast(device, {short}):", *lines(indent + 4, "loss = ", made)]


def _scaling(settings: Mapping[str, Any]) -> list[str]:
    """What mixed precision needs before the first step."""
    if settings["precision"] not in _FORMATS:
        return []
    found = ["    device = next(net.parameters()).device.type"]
    if settings["precision"] == "fp16":
        found.append("    scaler = torch.amp.GradScaler(device)")
    return found


def _only_step(settings: Mapping[str, Any], loss: str) -> list[str]:
    """Without data an epoch is one step."""
    return [
        *_loss(settings, call(f"net.{loss}", []), 8),
        *_update(settings, 8),
        '        print(f"epoch {epoch}: loss {loss.item():.6g}")',
    ]


def _update(settings: Mapping[str, Any], indent: int) -> list[str]:
    return [
        " " * indent + "optimizer.zero_grad()",
        *_backward(settings, "loss", indent),
        *_apply(settings, indent),
    ]


def _backward(settings: Mapping[str, Any], loss: str, indent: int) -> list[str]:
    if settings["precision"] == "fp16":
        return [" " * indent + f"scaler.scale({loss}).backward()"]
    return [" " * indent + (f"{loss}.backward()" if loss.isidentifier() else f"({loss}).backward()")]


def _apply(settings: Mapping[str, Any], indent: int) -> list[str]:
    """The update, with the gradients that are there."""
    found = [
        f"nn.utils.clip_grad_{kind}_(net.parameters(), {settings[f'clip_{kind}']!r})"
        for kind in ("value", "norm")
        if settings[f"clip_{kind}"] is not None
    ]
    if settings["precision"] == "fp16":
        found = [
            *(["scaler.unscale_(optimizer)"] if found else []),
            *found,
            "scaler.step(optimizer)",
            "scaler.update()",
        ]
    else:
        found.append("optimizer.step()")
    if _scheduled(settings):
        found.append("scheduler.step()")
    return [" " * indent + line for line in found]


def _optimizer(settings: Mapping[str, Any]) -> Bracket:
    """`torch.optim.SGD(net.parameters(), lr=0.1)`; parameters without a gradient it leaves alone."""
    name, defaults, eps = _OPTIMIZERS[settings["optimizer"]]
    values = {**settings, "betas": (settings["beta1"], settings["beta2"])}
    values["nesterov"] = settings["nesterov"] and bool(settings["momentum"])  # without one PyTorch refuses it
    given: list[tuple[str, Expr]] = [("lr", repr(settings["lr"]))]
    given += [(key, repr(values[key])) for key, default in defaults.items() if values[key] != default]
    if eps is not None and settings["eps"] not in (None, eps):
        given.append(("eps", repr(settings["eps"])))
    if settings["weight_decay"] not in (None, 0.01 if name == "AdamW" else 0.0):
        given.append(("weight_decay", repr(settings["weight_decay"])))
    return call(f"torch.optim.{name}", ["net.parameters()"], given)


def _scheduled(settings: Mapping[str, Any]) -> bool:
    return settings["schedule"] != "constant" or bool(settings["warmup_steps"])


def _scheduler(settings: Mapping[str, Any], count: str) -> list[str]:
    """A scheduler that is told every update."""
    if not _scheduled(settings):
        return []
    place = "torch.optim.lr_scheduler."
    found = [f"    steps = math.ceil({count} / {settings['batch_size']})" if count != "1" else "    steps = 1"]
    if settings["schedule"] == "one_cycle":
        values = [("total_steps", "epochs * steps"), ("pct_start", repr(settings["schedule_warm"]))]
        cycle = call(f"{place}OneCycleLR", ["optimizer", repr(settings["lr"])], [*values, ("cycle_momentum", "False")])
        return [*found, *lines(4, "scheduler = ", cycle)]
    factor = {
        "constant": "1.0",
        "step": f"{settings['schedule_gamma']!r} ** (step // ({settings['schedule_step']} * steps))",
        "cosine": "lowest + (1 - lowest) * (1 + math.cos(math.pi * done)) / 2",
    }[settings["schedule"]]
    body = []
    if settings["schedule"] == "cosine":
        found.append(f"    lowest = {min(1.0, settings['schedule_min_lr'] / settings['lr'])!r}")
        body.append("        done = min(1.0, step / (epochs * steps))")
    if settings["warmup_steps"]:
        body.append(f"        rise = min(1.0, (step + 1) / {settings['warmup_steps']})")
        factor = f"rise * ({factor})" if factor != "1.0" else "rise"
    return [
        *found,
        "",
        "    def factor(step: int) -> float:",
        '        """The part of the learning rate that is used after so many updates."""',
        *body,
        f"        return {factor}",
        "",
        f"    scheduler = {place}LambdaLR(optimizer, factor)",
    ]


def _skipping(parts: Parts, settings: Mapping[str, Any]) -> list[str]:
    if settings["drop_last"] == "true":
        return [f"            if len(rows) < {settings['batch_size']}:", "                continue"]
    norms = any(parts.result.nodes[path].block.startswith("BatchNorm") for path in parts.nodes)
    if settings["drop_last"] == "auto" and norms and settings["batch_size"] > 1:
        return ["            if len(rows) == 1:  # nothing to normalise over", "                continue"]
    return []
