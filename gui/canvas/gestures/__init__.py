"""What the pointer does on the canvas: one gesture a file, each one undo step at most, made on release."""
