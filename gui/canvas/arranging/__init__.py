"""Order on the canvas: automatic layout, alignment, snapping, connecting and copying with wires."""
