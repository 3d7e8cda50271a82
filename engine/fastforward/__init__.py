"""One training step, given as operations of PyTorch, becomes machine code that makes thousands of them in one call."""
