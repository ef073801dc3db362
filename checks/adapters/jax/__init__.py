"""JAX: functions of arrays and pytrees, with custom rules or without, and modules of equinox and flax, as Subjects.

Nothing here imports jax before somebody else has.
"""
