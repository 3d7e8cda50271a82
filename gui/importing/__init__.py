"""Models of other programs, opened: read by a child process, so that the window goes on however large they are."""
