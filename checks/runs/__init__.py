"""Many subjects: a suite of them, a ledger of what was found, and one engine for one process, many, or a cluster."""

from __future__ import annotations

from checks.runs.suite import Grid

__all__ = ["Grid"]
