"""Graphs of neural networks: checked, compiled to PyTorch, trained and explained. Knows nothing of any window."""
