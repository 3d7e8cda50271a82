"""Run ▸ Check gradients: central differences against autograd and the blocks' own formulas."""
