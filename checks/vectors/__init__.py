"""Reference vectors: gradients to 52 proven digits as JSON, for implementations in any language.

References
----------
docs/vectors.md
"""
