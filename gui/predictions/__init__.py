"""Ask the network: a typed row, a dropped image or file, a clicked point."""
