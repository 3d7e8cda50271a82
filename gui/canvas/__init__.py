"""The canvas: blocks and wires of the document, drawn and edited. It keeps no state of the document of its own."""
