"""What a network can be taken away as: PyTorch source, weights."""
