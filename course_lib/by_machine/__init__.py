"""The same questions put to PyTorch and to the tools; the only place of the course that imports torch."""
