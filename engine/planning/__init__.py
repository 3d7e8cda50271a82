"""The parts of `engine.plan`: order, ports, shapes, objectives. `engine.plan.check` is the only door."""
