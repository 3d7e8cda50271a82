"""Live panels: what a training looks like while it runs."""
