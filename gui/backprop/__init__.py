"""Stepping through one training step on the canvas, block by block: forward, loss, backward, update."""
