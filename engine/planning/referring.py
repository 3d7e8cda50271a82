"""Blocks that name other blocks (Regularizer): whom they mean, and the parameters of those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.planning.nodes import Surroundings
from engine.planning.shells import Shell
from engine.planning.structure import Structure
from engine.planning.words import did_you_mean
from engine.problem import Problem
from engine.recipe import Tensor
from engine.result import NodePlan

_SHOWN = 8


def with_named(shell: Shell, around: Surroundings, structure: Structure, plans: Mapping[str, NodePlan]) -> Surroundings:
    """The surroundings with the blocks that this one names; a parameter without names means all blocks.

    The others have to be planned: blocks that name others come last in the order, with what reads from them, and are
    not meant themselves.
    """
    refs: dict[str, tuple[str, ...]] = {}
    parameters: dict[str, tuple[Tensor, ...]] = {}
    missing: list[Problem] = []
    waiting = False
    for param in shell.refs:
        found: dict[str, None] = {}
        unknown = False
        for are_several, paths in _meant(shell, param, structure, missing):
            for path in paths:
                recipe = plans[path].recipe
                unknown |= recipe is None
                if recipe is not None and (recipe.parameters or not are_several):
                    found[structure.owner(path)] = None
        named = bool(shell.params[param])
        waiting |= unknown and (named or not found)
        refs[param] = tuple(found) if named else ()
        for path in found:
            recipe = plans[path].recipe
            parameters[path] = recipe.parameters if recipe else ()
    return replace(around, refs=refs, parameters=parameters, missing=tuple(missing[:_SHOWN]), waiting=waiting)


def _meant(
    shell: Shell, param: str, structure: Structure, missing: list[Problem]
) -> Iterable[tuple[bool, tuple[str, ...]]]:
    """For each name of a parameter the paths it stands for, and whether they are several; no names stand for all."""
    path, scope, late = shell.flat.path, shell.flat.scope, structure.late
    if not shell.params[param]:
        yield True, tuple(name for name in structure.order if name not in late)
    for name in shell.params[param]:
        use = structure.uses.get(scope + name)
        if use is not None:
            yield True, tuple(member for member in use.members if member not in late)
        elif scope + name not in structure.flat:
            message = f'"{path}": {param} names "{name}", but there is no such block.'
            hint = f"Take it off {param}."
            if len(missing) < _SHOWN:
                hint = did_you_mean(name, _siblings(scope, structure), hint)
            missing.append(Problem("error", "G06", path, None, message, hint))
        elif scope + name in late:
            message = f'"{path}": {param} names "{name}", which itself depends on a block of this kind.'
            missing.append(Problem("error", "G06", path, None, message, f"Take it off {param}."))
        else:
            yield False, (scope + name,)


def _siblings(scope: str, structure: Structure) -> list[str]:
    names = (*structure.flat, *structure.uses)
    return [name[len(scope) :] for name in names if name.startswith(scope) and "." not in name[len(scope) :]]
