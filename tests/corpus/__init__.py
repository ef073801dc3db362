"""A corpus of mistakes: layers as people write them, each proven right, and small edits that make them wrong, as data.

``layers/NAME.py`` is a layer: a right forward and backward in one of the styles of `corpus.layer`, the inputs that it
is held at (``draw``) and the same mathematics in PyTorch (``twin``). ``layers/NAME.toml`` holds its mistakes
(`corpus.mistake`). ``nasty/`` holds right gradients that are easily called wrong.
"""

from corpus.layer import LAYERS, Layer, load
from corpus.mistake import CLASSES, MISTAKES, Mistake

__all__ = ["CLASSES", "LAYERS", "MISTAKES", "Layer", "Mistake", "load"]
