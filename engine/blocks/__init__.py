"""One block a file; each imports only problem, tensorspec, dataspec, param, recipe and block."""
