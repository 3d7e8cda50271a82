"""Every neuron as a picture, below its block, while the network learns."""
