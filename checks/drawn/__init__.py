"""Drawn shapes: a gradient audited on many shapes, a failure shrunk to the smallest, and what of it matters."""
