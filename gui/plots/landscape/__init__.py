"""The loss over a plane through the weights, with the path of the training on it."""
