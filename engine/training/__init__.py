"""The training: optimizers, schedules, batches, metrics, the loop, and what a run leaves behind."""
