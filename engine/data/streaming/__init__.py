"""Data larger than memory: samples that stay on disk, and are read ahead of the training that asks for them."""
