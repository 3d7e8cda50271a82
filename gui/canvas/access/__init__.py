"""The canvas as a screen reader sees it. Made when one asks; costs nothing else."""
