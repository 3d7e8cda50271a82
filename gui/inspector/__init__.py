"""The inspector: editors generated from `engine.param`; no block is known by name."""
