"""The window: canvas, inspector and live panels. Talks to the engine through the document and the session alone."""
