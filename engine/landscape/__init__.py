"""The loss over a plane through the weights: which planes there are, the loss on a grid of them, the path over them."""
