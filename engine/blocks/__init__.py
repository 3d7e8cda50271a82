"""One block a file; each imports only the document half and no other block."""
