"""Save this step: one self-contained page that a teacher can hand out."""
