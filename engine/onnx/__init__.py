"""ONNX files as graphs of blocks: `importing.import_model` is the door."""
