"""Order on the canvas: the commands that arrange, align, distribute and connect what is selected."""
