"""Pictures of a graph for papers, pages and print: drawn anew, in light colours, without what only editing needs."""
