"""A run of several processes: begun, or gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, final

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load

from engine import checkpoints
from engine.build import build
from engine.distributed.folder import SharedFolder
from engine.distributed.group import Group
from engine.distributed.norms import Presence, synchronise
from engine.distributed.replicated import Replicated
from engine.distributed.sharded import Sharded, local
from engine.distributed.steps import Passes, Steps
from engine.distributed.storage import ShardReader, load_planner
from engine.planning.memory import available_bytes, estimated
from engine.problem import FileError, GraphError
from engine.result import Result
from engine.training import shards
from engine.training.checkpoint import load_state
from engine.training.loading import Loaded
from engine.training.resuming import compare_data
from engine.training.run import Post, Run
from engine.training.saving import SavePace
from engine.training.setup import make_batches, make_meter
from engine.training.stateparts import put_together
from engine.training.trainer import Trainer
from engine.training.updates import Memory
from engine.wording import byte_text

Strategy = Literal["auto", "ddp", "fsdp"]
Say = Callable[[str], None]


def begun(
    loaded: Loaded, group: Group, post: Post, folder: SharedFolder, strategy: Strategy, seed: int | None = None
) -> Run:
    """A run at step 0, whose files lie in a directory that is there.

    Args:
        loaded: what is trained; the same in all processes.
        group: of the processes.
        post: takes the run's events.
        folder: of the run.
        strategy: how parameters lie; `auto`: sharded where they do not fit.
        seed: in place of the settings'.

    Raises:
        GraphError: the graph cannot be trained, or not by several processes.
    """
    if not loaded.result.phases:
        raise GraphError("There is nothing to minimise.", code="G01", hint="Add a Loss.")
    made = _Maker(group, strategy)
    run = Run(loaded, post, seed=seed, make=made)
    folder.sharded = made.sharded
    run.disk.folder = folder
    group.together(())  # so that the clock is that of all
    run.disk.pace = SavePace(group.clock)
    return run


@final
class _Maker:
    """Makes the network and its trainer, as a `Make`."""

    def __init__(self, group: Group, strategy: Strategy) -> None:
        self._group, self._strategy = group, strategy
        self.sharded: Sharded | None = None

    def __call__(self, loaded: Loaded, seed: int, memory: Sequence[Mapping[str, Memory]], say: Say) -> Trainer:
        group, presence = self._group, Presence()
        batches = make_batches(loaded, seed, say, group)
        if self._shards(loaded.result, say):
            self.sharded = Sharded(loaded, group, seed, presence)
            net = self.sharded.net
        else:
            net = build(loaded.result, seed=seed, dtype=loaded.dtype, parameters=loaded.start, device=loaded.device)
            synchronise(net, presence)
        trainer = Trainer(net, batches, make_meter(loaded), device=loaded.device, memory=memory, seed=seed, crew=group)
        passes: Passes = self.sharded or Replicated(trainer)
        if self.sharded is not None:
            trainer.passing = self.sharded.passing
        Steps(trainer, group, passes, presence, seed)
        return trainer

    def _shards(self, result: Result, say: Say) -> bool:
        if self._strategy != "auto":
            return self._strategy == "fsdp"
        short = [rank for rank in self._group.gathered(_room(result, self._group)) if rank is not None]
        if not short:
            return False
        needed, free = max(short, key=lambda pair: pair[0] - pair[1])
        what = f"Each process would need about {byte_text(needed)}, and {byte_text(free)} is free"
        if len(result.phases) > 1:
            say(f"{what}; parameters stay whole all the same (DDP), since a training with several phases has no parts.")
            return False
        if self._group.size == 1:
            say(f"{what}; with more processes each would hold a part of the parameters.")
            return False
        say(f"{what}: the parameters are sharded over all {self._group.size} (FSDP).")
        return True


def _room(result: Result, group: Group) -> tuple[int, int] | None:
    """Bytes that this process needs for the whole network and what is kept beside it, and has; None: it has enough."""
    needed = estimated(result)
    if needed is None:
        return None
    if group.device.type == "cuda":
        free: int | None = torch.cuda.mem_get_info(group.device)[0]
    else:
        free = available_bytes()
        free = None if free is None else free // group.local_size
    own = needed.parameters + needed.gradients + needed.optimizer + needed.activations // group.size
    return None if free is None or own <= free else (own, free)


# -- going on --


def resumed(loaded: Loaded, group: Group, post: Post, folder: SharedFolder, strategy: Strategy, say: Say) -> Run:
    """A run that goes on in its directory, whoever wrote the checkpoint; from the start where there is none yet.

    Args:
        loaded: what the directory trains.
        group: of the processes; other ones, and others in number, than those that wrote the checkpoint.
        post: takes the run's events.
        folder: taken up.
        strategy: how parameters lie.
        say: is told of a checkpoint that is damaged, for which the one before is taken, and of data that are others.

    Raises:
        FileError: F01 all checkpoints are damaged, F03 a newer version wrote it, F07 it is of something else.
        GraphError: the graph cannot be trained.
    """
    paths = [Path(path) for path in group.of_leader(_candidates(folder.path, loaded))]
    run: Run | None = None
    failure: FileError | None = None
    for path in paths:
        try:
            whole = group.agreed(partial(_plain, path))
            if run is None:
                run = begun(loaded, group, post, folder, strategy, whole.get("seed"))
            state = _with_tensors(path, whole, folder.sharded)
        except FileError as error:
            if error.code != "F01":
                raise
            failure = error
            continue
        if failure is not None:
            say(f"{failure.message} The one before it is taken.")
        _restore(run, state, folder)
        compare_data(loaded, state, say)
        return run
    if failure is not None:
        raise failure
    return run or begun(loaded, group, post, folder, strategy)


def _candidates(run: Path, loaded: Loaded) -> list[str]:
    """The checkpoints that are of the graph in this directory, the newest first."""
    wanted = checkpoints.trains(loaded.project)
    found = [(path, checkpoints.standing(path)) for path in checkpoints.checkpoints_in(run)]
    return [str(path.absolute()) for path, known in found if known is None or known.trains == wanted]


def _plain(path: Path) -> Mapping[str, Any]:
    """The state of a checkpoint; of a sharded one all but the tensors. Raises FileError."""
    if not path.is_dir():
        return load_state(path)
    try:
        return shards.read_index(path).plain
    except shards.DAMAGES as error:
        raise shards.damaged(path, error) from None


def _with_tensors(path: Path, plain: Mapping[str, Any], sharded: Sharded | None) -> dict[str, Any]:
    """The state with its tensors, read together by all processes. Raises FileError."""
    if not path.is_dir():
        return dict(plain)
    index = shards.read_index(path)

    def room(name: str, stored: shards.Stored) -> Tensor:
        if sharded is not None:
            return sharded.empty_as(name, stored.shape, stored.dtype)
        return torch.empty(stored.shape, dtype=stored.dtype)

    tensors = {name: room(name, stored) for name, stored in index.tensors.items()}
    try:
        load(tensors, storage_reader=ShardReader(path, index), planner=load_planner())
    except CheckpointException as error:
        cause, _ = next(iter(error.failures.values()))
        raise shards.damaged(path, cause) from error
    return put_together(plain, tensors)


def _restore(run: Run, state: dict[str, Any], folder: SharedFolder) -> None:
    sharded = folder.sharded
    try:
        if sharded is not None:
            state = _placed(state, "", sharded)
            memory = state["trainer"]["optimizers"]
            state["trainer"]["optimizers"] = [
                {name: {kind: _local(value) for kind, value in one.items()} for name, one in each.items()}
                for each in memory
            ]
        run.restore(state)
        run.planned = max(run.planned, int(state.get("planned", 0)))
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        what = next(iter(str(error).splitlines()), "")
        raise FileError(f'The checkpoint of "{folder.path}" does not fit ({what}).', code="F07") from error
    run.taken_up(folder)


def _placed(value: Any, place: str, sharded: Sharded) -> Any:
    """A state with its tensors cut as the parameters they belong to."""
    if isinstance(value, Tensor):
        return sharded.sharded_as(place, value)
    if isinstance(value, Mapping):
        return {key: _placed(item, f"{place}/{key}", sharded) for key, item in value.items()}
    if isinstance(value, list):
        return [_placed(item, f"{place}/{number}", sharded) for number, item in enumerate(value)]
    return value


def _local(value: Any) -> Any:
    return local(value) if isinstance(value, Tensor) else value
