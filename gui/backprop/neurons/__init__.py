"""Dense layers as neurons and lines: every weight can be seen, followed and changed by hand."""
