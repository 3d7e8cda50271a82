"""Where torch.distributed.checkpoint reads and writes: the directories of `engine.training.shards`.

PyTorch's own storage keeps its metadata as a pickle, which is executed when it is read. Here it is JSON, and tensors
are safetensors; the planning, which says who writes and reads which part, is PyTorch's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import torch
from safetensors.torch import save
from torch import Tensor
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    Metadata,
    TensorProperties,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.planner import LoadPlan, LoadPlanner, SavePlan, SavePlanner, WriteItem
from torch.distributed.checkpoint.storage import StorageReader, StorageWriter, WriteResult
from torch.futures import Future

from engine import diskfile
from engine.training.shards import Chunk, Index, Stored, key_of, read_chunks, write_index

CheckpointId = str | os.PathLike[str] | None


@final
class ShardWriter(StorageWriter):
    """Writes one checkpoint: a file for each process, and in the end the index."""

    def __init__(self, path: Path, plain: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Args: `path` of the checkpoint, `plain` its state without tensors, `about` what the index tells of it."""
        self._path, self._plain, self._about = path, plain, about

    def reset(self, checkpoint_id: CheckpointId = None) -> None:
        pass

    def set_up_storage_writer(self, is_coordinator: bool, *args: Any, **kwargs: Any) -> None:
        self._path.mkdir(exist_ok=True)

    def prepare_local_plan(self, plan: SavePlan) -> SavePlan:
        return plan

    def prepare_global_plan(self, plans: list[SavePlan]) -> list[SavePlan]:
        return [replace(plan, storage_data=f"{number}.safetensors") for number, plan in enumerate(plans)]

    def write_data(self, plan: SavePlan, planner: SavePlanner) -> Future[list[WriteResult]]:
        tensors: dict[str, Tensor] = {}
        results = []
        for item in plan.items:
            tensor = planner.resolve_data(item)
            assert isinstance(tensor, Tensor)
            tensor = tensor.detach().cpu().contiguous()
            tensors[key_of(item.index.fqn, _offsets(item))] = tensor
            size = tensor.numel() * tensor.element_size()
            results.append(WriteResult(item.index, size, plan.storage_data))
        if tensors:
            diskfile.write(self._path / plan.storage_data, [save(tensors)])
        done: Future[list[WriteResult]] = Future()
        done.set_result(results)
        return done

    def finish(self, metadata: Metadata, results: list[list[WriteResult]]) -> None:
        files = {(result.index.fqn, result.index.offset): result.storage_data for each in results for result in each}
        tensors = {}
        for name, stored in metadata.state_dict_metadata.items():
            assert isinstance(stored, TensorStorageMetadata)
            chunks = [
                Chunk(tuple(chunk.offsets), tuple(chunk.sizes), files[name, chunk.offsets])
                for chunk in stored.chunks
                if 0 not in chunk.sizes or len(stored.chunks) == 1
            ]
            tensors[name] = Stored(tuple(stored.size), stored.properties.dtype, tuple(chunks))
        write_index(self._path, Index(self._plain, tensors), self._about)

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: str | os.PathLike[str]) -> bool:  # noqa: ARG003 - the interface
        return True


@final
class ShardReader(StorageReader):
    """Reads one checkpoint, whose index is known."""

    def __init__(self, path: Path, index: Index) -> None:
        self._path, self._index = path, index

    def reset(self, checkpoint_id: CheckpointId = None) -> None:
        pass

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        return Metadata(
            {
                name: TensorStorageMetadata(
                    TensorProperties(dtype=stored.dtype),
                    torch.Size(stored.shape),
                    [ChunkStorageMetadata(torch.Size(each.offsets), torch.Size(each.sizes)) for each in stored.chunks],
                )
                for name, stored in self._index.tensors.items()
            }
        )

    def set_up_storage_reader(self, metadata: Metadata, is_coordinator: bool, *args: Any, **kwargs: Any) -> None:
        pass

    def prepare_local_plan(self, plan: LoadPlan) -> LoadPlan:
        return plan

    def prepare_global_plan(self, plans: list[LoadPlan]) -> list[LoadPlan]:
        return plans

    def read_data(self, plan: LoadPlan, planner: LoadPlanner) -> Future[None]:
        chunks = {(name, chunk.offsets): chunk for name, each in self._index.tensors.items() for chunk in each.chunks}
        wanted: dict[str, list[tuple[str, Chunk]]] = {}
        requests: dict[tuple[str, tuple[int, ...]], list[Any]] = {}
        for request in plan.items:
            place = (request.storage_index.fqn, tuple(request.storage_index.offset or ()))
            if place not in requests:
                wanted.setdefault(chunks[place].file, []).append((place[0], chunks[place]))
            requests.setdefault(place, []).append(request)
        for name, chunk, tensor in read_chunks(self._path, wanted):
            for request in requests[name, chunk.offsets]:
                part = tensor
                for dim, (start, length) in enumerate(zip(request.storage_offsets, request.lengths, strict=True)):
                    part = part.narrow(dim, start, length)
                target = planner.resolve_tensor(request).detach()
                target.copy_(part)
                planner.commit_tensor(request, target)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: str | os.PathLike[str]) -> bool:  # noqa: ARG003 - the interface
        return True


def _offsets(item: WriteItem) -> tuple[int, ...]:
    return tuple(item.index.offset or ())


def load_planner() -> DefaultLoadPlanner:
    """Names are as they stand: nothing is flattened, and every tensor asked for has to be there."""
    return DefaultLoadPlanner(flatten_state_dict=False, flatten_sharded_tensors=False, allow_partial_load=False)
