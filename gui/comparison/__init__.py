"""Two moments of a document, or two files, side by side on one canvas."""
