"""Automatic layout as a function: graph, sizes and present places in, places out. Knows no canvas."""
