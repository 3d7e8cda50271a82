"""Every action of the window in one place: to search, to run, to give other keys."""
