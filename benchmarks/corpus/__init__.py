"""The corpus of mistakes before us and before the checkers that people use: one accuracy table for all.

Every layer and mistake of ``tests/corpus`` and every nasty right gradient, each as one case at one seed. A checker is
scored on a mistake only where it passes the right twin at the same seed. Run ``python -m benchmarks.corpus --help``.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # the corpus stands with the tests
