"""The convolution view of a moment: a window that slides, and the numbers that meet in it."""
