"""A run elsewhere, followed in the panels of a training at home. Loaded when somebody watches, not before."""
