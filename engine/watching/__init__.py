"""A run seen from afar: on a mounted disk, or through a forwarded port. Read a little at a time, never written."""
