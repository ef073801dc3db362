"""HIPS autograd: its primitives, and functions of NumPy arrays that are written with them, as Subjects.

Nothing here imports autograd before somebody else has.
"""
