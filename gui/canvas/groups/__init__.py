"""Groups on the canvas: made of a selection, opened in place, taken apart, kept for other documents."""
