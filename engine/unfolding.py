"""Takes a training step apart into moments: what `engine.tracing` computes, block by block, with local derivatives."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, final

import torch
from torch import Tensor

from engine.backpass import Chain, array
from engine.block import block_named
from engine.build import Net, tensor_specs
from engine.elements import element_losses
from engine.jacobians import form_of
from engine.moments import (
    Array,
    Backward,
    Form,
    Forward,
    Local,
    Mathematics,
    Moment,
    Outcome,
    Step,
    Sum,
    Term,
    Update,
    Values,
    values_in,
)
from engine.moments import Objective as Total
from engine.netcode import Batch
from engine.replay import Moment as Played
from engine.replay import undisturbed
from engine.tracing import Made, make_step, updater_of
from engine.training.optimizers import Hyper
from engine.training.updates import Memory, Updater
from engine.update_formulas import formula


@final
class Unfolding:
    """One step, taken apart.

    Attributes:
        step: the moments.
        arrays: every tensor in full, by `Values.key`.
    """

    def __init__(
        self,
        net: Net,
        batch: Batch,
        *,
        phase: int = 0,
        hyper: Hyper | None = None,
        lr: float | None = None,
        memory: Mapping[str, Memory] | None = None,
    ) -> None:
        """As `tracing.trace_step`: in training mode, under torch's present random state, changing nothing."""
        twin = copy.deepcopy(net)
        if not twin.training:
            twin.train()
        self.arrays: dict[str, Array] = {}
        self._net, self._phase = twin, phase
        self._chain = Chain(twin, net.result.phases[phase].objectives)
        with undisturbed(twin):
            with torch.enable_grad():
                self._chain.forward(batch)
            with torch.no_grad():
                forward = [self._forward(played) for played in self._chain.moments]
                backward = self._backwards()
        self._updater = updater_of(twin, phase, self._chain, memory or {})
        if hyper is not None:
            self._updater.hyper = hyper
        self._lr = self._updater.hyper.lr if lr is None else lr
        with undisturbed(twin):
            made = make_step(twin, batch, phase, self._updater, lr)
        with undisturbed(twin):
            outcome = self._outcome(batch, made)
        moments = [*forward, self._total(), *self._with_updates(backward, made), outcome]
        self.step = Step(
            moments=tuple(replace(moment, index=index) for index, moment in enumerate(moments)),
            loss=made.loss.item(),
            errors=tuple(self._chain.errors),
            samples=max((len(value) for value in batch.values() if value.ndim), default=1),
            bytes=sum(
                values.array.nbytes for moment in moments for values in values_in(moment) if values.array is not None
            ),
        )

    # -- values --

    def _values(self, place: str, name: str, value: Tensor | Array | float) -> Values:
        key = f"{place}/{name}"
        self.arrays[key] = array(value)
        self.arrays[key].flags.writeable = False
        return Values.of(name, self.arrays[key], key)

    def _all(self, place: str, values: Mapping[str, Any]) -> tuple[Values, ...]:
        return tuple(self._values(place, name, value) for name, value in values.items())

    def _sum(self, place: str, name: str, value: Any, terms: Sequence[Mapping[str, Any]]) -> Sum:
        total = self._values(place, name, value)
        if len(terms) < 2:
            return Sum(total)
        parts = [Term(t["from"], self._values(f"{place}/{name}", f"{n}", t["grad"])) for n, t in enumerate(terms)]
        return Sum(total, tuple(parts))

    # -- forward --

    def _form(self, played: Played) -> Form:
        if played.plan.path in self._net.result.inputs:
            return "data"
        return form_of(played)

    def _forward(self, played: Played) -> Moment:
        plan, place = played.plan, f"forward/{played.plan.path}"
        form = self._form(played)
        saved = (
            {name: played.values[name] for name in plan.recipe.saved if name in played.values} if plan.recipe else {}
        )
        elements = element_losses(played) if form == "scalar" else None
        return Forward(
            index=0,
            node=plan.path,
            block=plan.block,
            form=form,
            inputs=self._all(f"{place}/in", played.inputs),
            outputs=self._all(place, played.outputs),
            weights=self._all(f"{place}/weights", played.weights),
            saved=self._all(f"{place}/saved", saved),
            elements=None if elements is None else self._values(place, "elements", elements),
            sources={port: ".".join(source) for port, source in plan.sources.items()},
            formula=_mathematics(plan.block, plan.params, "forward"),
        )

    def _total(self) -> Total:
        found = {played.plan.path: played for played in self._chain.moments}
        parts = tuple(
            (f"{term.path}.{term.port}", term.weight, found[term.path].outputs[term.port].item())
            for term in self._chain.objectives
        )
        return Total(0, "", "", "total", parts, self._chain.loss.item())

    # -- backward --

    def _backwards(self) -> list[Backward]:
        found = {played.plan.path: played for played in self._chain.moments}
        entries = self._chain.backward()
        shown = [entry for entry in entries if entry["node"] not in self._net.result.inputs]
        return [self._backward(found[entry["node"]], entry) for entry in shown]

    def _backward(self, played: Played, entry: Mapping[str, Any]) -> Backward:
        plan, place = played.plan, f"backward/{played.plan.path}"
        upstream = [
            self._sum(f"{place}/upstream", port, value, entry["terms"].get(port, ()))
            for port, value in entry["grad_outputs"].items()
        ]
        error = entry.get("error", "")
        return Backward(
            index=0,
            node=plan.path,
            block=plan.block,
            form=self._form(played),
            upstream=tuple(upstream),
            local=() if error else tuple(self._locals(played, place)),
            inputs=self._all(f"{place}/in", entry["grad_inputs"]),
            weights=self._all(f"{place}/weights", entry["grad_parameters"]),
            formula=_mathematics(plan.block, plan.params, "backward"),
            error=error,
        )

    def _locals(self, played: Played, place: str) -> Iterator[Local]:
        """Local derivatives by the block's own formulas, where they are single numbers or the weights themselves."""
        form, block = self._form(played), block_named(played.plan.block)
        if form == "linear":
            (port,) = played.inputs
            yield Local("weight", replace(self._values(f"{place}/local", port, played.weights["weight"]), name=port))
            return
        if form not in ("number", "scalar") or block is None or not played.plan.recipe or not played.plan.recipe.calls:
            return
        ones = {port: torch.ones_like(value) for port, value in played.outputs.items()}
        slopes = block.grads(self._chain.context(played, ones))
        for port in played.inputs:
            if port in slopes:
                values = self._values(f"{place}/local", port, slopes[port])
                yield Local("slope" if form == "number" else "gradient", values)

    # -- updates --

    def _with_updates(self, backward: Sequence[Backward], made: Made) -> Iterator[Moment]:
        """Each update behind the moment that completes its gradient; all at the end where clipping needs them all."""
        chain = self._chain
        names = [name for name in tensor_specs(self._net.result) if name in chain.by_parameter]
        waits = self._updater.hyper.clip_norm is not None
        completed: dict[str, list[str]] = {}
        for name in names:
            last = "" if waits else chain.by_parameter[name][-1][0]
            completed.setdefault(last, []).append(name)
        for moment in backward:
            yield moment
            for name in completed.get(moment.node, ()):
                yield self._update(name, made)
        for name in completed.get("", ()):
            yield self._update(name, made)

    def _update(self, name: str, made: Made) -> Update:
        place, parts = f"update/{name}", self._chain.by_parameter[name]
        terms = [{"from": where, "grad": array(part)} for where, part in parts]
        raw = made.raw.get(name)
        total = sum((part for _, part in parts[1:]), start=parts[0][1]) if raw is None else raw
        hyper = self._hyper(self._updater, name, made)
        lines, symbols = formula(self._updater.kind, hyper)
        states = [made.state_before.get(name, {}), made.state_after.get(name, {})]
        before, after = ({key: value for key, value in state.items() if key != "step"} for state in states)
        node = name.rpartition(".")[0]
        return Update(
            index=0,
            node=node,
            block=self._net.result.nodes[node].block,
            form="update",
            parameter=name,
            before=self._values(place, "before", made.before[name]),
            gradient=self._sum(place, "gradient", total, terms),
            applied=self._values(place, "applied", made.applied[name]) if name in made.applied else None,
            after=self._values(place, "after", made.after[name]),
            state_before=self._all(f"{place}/state_before", before),
            state_after=self._all(f"{place}/state_after", after),
            optimizer=self._updater.kind,
            hyper=hyper,
            formula=Mathematics(lines, symbols),
        )

    def _hyper(self, updater: Updater, name: str, made: Made) -> dict[str, float]:
        known = {field.name: getattr(updater.hyper, field.name) for field in fields(updater.hyper)}
        step = made.state_after.get(name, {}).get("step", 0)
        return {key: float(value) for key, value in known.items() if value is not None} | {
            "lr": self._lr,
            "step": float(step),
        }

    def _outcome(self, batch: Batch, made: Made) -> Outcome:
        with torch.no_grad():
            loss, outputs = self._net.loss_and(self._net.outputs, self._phase)(batch)
        return Outcome(0, "", "", "total", made.loss.item(), loss.item(), self._all("outcome", outputs))


def _mathematics(kind: str, params: Mapping[str, Any], which: str) -> Mathematics:
    block = block_named(kind)
    if block is None:
        return Mathematics()
    found = block.formula(params)
    return Mathematics(getattr(found, which), found.symbols, found.source, params)
