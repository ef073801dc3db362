"""Gradients on a CUDA device: ``python -m benchmarks.on_gpu``."""
