"""Frameworks: what the adapters of PyTorch and its like share; none of them is ever imported from here."""
