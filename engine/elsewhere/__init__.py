"""A folder with all that another machine needs to train a graph: the graph, its data, the program, the scripts."""
