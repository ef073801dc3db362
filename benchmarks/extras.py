"""Each extra alone in a fresh environment: ``python -m benchmarks.extras [EXTRA …]`` (a minute or two each, downloads).

The wheel is built once. For each extra a new virtual environment gets it with that extra and nothing else, and a right
gradient must pass there and a wrong one fail, in a program that needs the extra. The other extras must be missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
INSTEAD: Final = {"torch": "torch==2.13.0", "tensorflow": "tensorflow-cpu"}
"""What is installed for an extra here: of torch a build without gigabytes for GPUs, of TensorFlow the one for CPUs."""

FIRST: Final = """
import sys, numpy as np, checks
from importlib.util import find_spec
assert not {"torch", "jax", "tensorflow", "autograd", "keras"} & set(sys.modules)
def said(right, wrong):
    assert right.outcome is checks.Outcome.PASS, str(right)
    assert wrong.outcome is checks.Outcome.FAIL, str(wrong)
    print("right passes, wrong fails")
x = np.random.default_rng(0).normal(size=(4, 3))
sine = (lambda x: (np.sin(x), x)), (lambda v, x: v * np.cos(x))
wrong = (lambda x: (np.sin(x), x)), (lambda v, x: 1.01 * v * np.cos(x))
"""
PROGRAMS: Final = {
    "exact": """
right = checks.audit(sine, x, proof=True)
assert any(v.estimate and v.estimate.proved for v in right.verdicts), str(right)
said(right, checks.audit(wrong, x, proof=True))
""",
    "cluster": """
import pathlib, subprocess
suite = "import numpy as np\\nSUITE = {'right': (np.sin, np.cos, np.ones(2)), 'wrong': (np.sin, np.sin, np.ones(2))}"
pathlib.Path("suite.py").write_text(suite)
words = [sys.executable, "-m", "checks", "run", "suite.py", "--workers", "1"]
done = subprocess.run(words, capture_output=True, text=True)
assert done.returncode == 1, done.stdout + done.stderr
print(done.stdout.strip().splitlines()[-1])
""",
    "html": """
from checks.report import html
page = html.render([checks.audit(sine, x), checks.audit(wrong, x)])
assert "</html>" in page and "FAIL" in page.upper()
said(checks.audit(sine, x), checks.audit(wrong, x))
""",
    "torch": """
import torch
class Wrong(torch.nn.Linear):
    def forward(self, x):
        return super().forward(x) + 0.01 * (x.sum() - x.sum().detach())
t = torch.from_numpy(x).float()
said(checks.audit(torch.nn.Linear(3, 2), t), checks.audit(Wrong(3, 2), t))
""",
    "jax": """
import jax
wrong = jax.custom_jvp(jax.numpy.sin)
wrong.defjvps(lambda u, y, x: 1.01 * u * jax.numpy.cos(x))
said(checks.audit(jax.nn.softplus, jax.numpy.asarray(x)), checks.audit(wrong, jax.numpy.asarray(x)))
""",
    "tensorflow": """
import keras, tensorflow as tf
t = tf.cast(x, "float32")
wrong = tf.custom_gradient(lambda x: (tf.sin(x), lambda v: 1.01 * v * tf.cos(x)))
said(checks.audit(lambda: keras.layers.Dense(2), t), checks.audit(wrong, t))
""",
    "autograd": """
import autograd.numpy as anp
from autograd.extend import defvjp, primitive
sin = primitive(np.sin)
defvjp(sin, lambda ans, x: lambda v: 1.01 * v * np.cos(x))
said(checks.audit(anp.tanh, x), checks.audit(sin, x))
""",
}
NEEDS: Final = {
    **{name: (name,) for name in ("torch", "jax", "tensorflow", "autograd")},
    **{"exact": ("flint",), "cluster": ("distributed",), "html": ("jinja2", "matplotlib")},
}
"""What an extra brings; all that others bring must be missing."""


def alone(extra: str, wheel: Path, folder: Path) -> str:
    """What the program of ``extra`` prints in an environment that has nothing else."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    wanted = [INSTEAD[extra], str(wheel)] if extra in INSTEAD else [f"{wheel}[{extra}]"]
    run([python, "-m", "pip", "install", "-q", *wanted])
    absent = [name for other in NEEDS if other != extra for name in NEEDS[other] if name not in BROUGHT.get(extra, ())]
    check = f"assert not [n for n in {absent!r} if find_spec(n)], 'another extra is installed'\n"
    return run([python, "-c", FIRST + check + PROGRAMS[extra]], folder)


BROUGHT: Final = {"torch": ("jinja2",), "cluster": ("jinja2",)}
"""What an extra's own packages bring of another extra."""


def run(words: list[str], folder: Path = ROOT) -> str:
    """What a command prints; what it says of an error is raised."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode:
        raise SystemExit(f"{' '.join(words[:5])} …\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def main() -> int:
    """Print what was seen of each extra."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    read = argparse.ArgumentParser(prog="python -m benchmarks.extras", description=__doc__.splitlines()[0])
    read.add_argument("extras", nargs="*", metavar="EXTRA", default=sorted(declared), help=", ".join(sorted(declared)))
    asked = read.parse_args().extras
    unknown = [e for e in (*asked, *declared) if e not in PROGRAMS or e not in declared]
    if unknown:
        read.error(f"there is no extra {unknown[0]!r} with a program; there are {', '.join(sorted(PROGRAMS))}")
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, str(ROOT)])
        (wheel,) = Path(folder).glob("*.whl")
        for extra in asked:
            start = time.perf_counter()
            print(f"{extra:<11}", end="", flush=True)
            told = alone(extra, wheel, Path(folder) / extra)
            print(f"{told}  ({time.perf_counter() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
