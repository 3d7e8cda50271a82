"""In which order the blocks are read: as the computation runs."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from gui.canvas.scene import CanvasScene


def reading_order(scene: CanvasScene) -> list[str]:
    """Blocks after those they read from; among equals from the left, then from the top. A loop comes last."""
    waits = dict.fromkeys(scene.blocks, 0)
    readers: dict[str, list[str]] = {node_id: [] for node_id in scene.blocks}
    for start, _, end, _ in scene.wires.items:
        if start in waits and end in waits:
            waits[end] += 1
            readers[start].append(end)

    def place(node_id: str) -> tuple[float, float, str]:
        at = scene.blocks[node_id].pos()
        return (at.x(), at.y(), node_id)

    ready = [place(node_id) for node_id, count in waits.items() if not count]
    heapify(ready)
    found: list[str] = []
    while ready:
        node_id = heappop(ready)[2]
        found.append(node_id)
        for reader in readers[node_id]:
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, place(reader))
    left = sorted((node_id for node_id, count in waits.items() if count), key=place)
    return found + left
