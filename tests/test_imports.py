"""What importing loads, how long it takes, and what the packages promise."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = {"torch", "jax", "tensorflow", "keras", "autograd"}
QUICKLY = 0.5  # seconds, interpreter included


def loaded_by(statement: str) -> set[str]:
    """Modules that a fresh interpreter holds after ``statement`` and did not before."""
    told = "print(json.dumps(sorted(set(sys.modules) - before)))"
    code = f"import sys, json; before = set(sys.modules); {statement}; {told}"
    done = subprocess.run(  # noqa: S603 - our own line of Python
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return set(json.loads(done.stdout))


def tops(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"__mp_main__", "_virtualenv"}


def public(modules: set[str], package: str) -> set[str]:
    """Public subpackages of ``package``."""
    return {name.split(".")[1] for name in modules if name.startswith(f"{package}.") and name.split(".")[1][0] != "_"}


def test_the_core_loads_numpy_and_scipy_special_alone() -> None:
    modules = loaded_by("import backprop")
    third_party = {name for name in tops(modules) if not name.startswith("_") and name != "cython_runtime"}
    beside = loaded_by("import scipy.special")
    assert third_party - tops(beside) == {"backprop"}
    assert "scipy.special" in modules
    assert public(modules, "scipy") == public(beside, "scipy")
    assert "scipy.optimize" not in modules


@pytest.mark.parametrize("name", ["activations", "losses", "network", "notation", "columnwise"])
def test_no_module_of_the_core_loads_the_auditor(name: str) -> None:
    assert find_spec(f"backprop.{name}") is not None
    assert not tops(loaded_by(f"import backprop.{name}")) & {"checks", "hypothesis", "pytest", "rich", "sympy"}


def test_importing_checks_loads_nothing_that_it_does_not_need_yet() -> None:
    modules = loaded_by("import checks")
    assert not tops(modules) & {"hypothesis", "pytest", "rich", "scipy", "numpy", "backprop", *FRAMEWORKS}


def test_the_adapters_of_frameworks_load_none() -> None:
    modules = loaded_by("import checks.adapters; from checks.adapters.torch import gradcheck, gradgradcheck")
    assert not tops(modules) & {*FRAMEWORKS, "hypothesis", "pytest"}


def test_an_audit_loads_no_test_framework_no_optimiser_and_no_peer() -> None:
    audit = "import numpy as np, checks; checks.audit((np.sin, np.cos), np.ones(2))"
    modules = loaded_by(audit)
    assert not tops(modules) & {"hypothesis", "pytest", "rich", "torch", "jax", "sklearn", "backprop", "sympy"}
    assert not {name for name in modules if name.startswith(("scipy.optimize", "scipy.stats", "scipy.differentiate"))}


def test_importing_checks_takes_under_half_a_second() -> None:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "import checks"], check=True, cwd=ROOT, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        taken.append(time.perf_counter() - start)
    assert min(taken) < QUICKLY


@pytest.mark.slow
def test_every_public_name_resolves_in_a_fresh_interpreter_whichever_is_first() -> None:
    for package in ("checks", "backprop"):
        loaded_by(f"import {package}; assert all(getattr({package}, n) is not None for n in {package}.__all__)")
    checks = importlib.import_module("checks")
    assert list(checks.__all__) == sorted(checks.__all__, key=lambda n: (n[0].islower(), n))
    assert set(checks.__all__) <= set(dir(checks))
    for name in ("audit", "Outcome", "derivative"):
        loaded_by(f"from checks import {name}")


def test_the_typed_names_are_the_lazy_ones() -> None:
    """What type checkers see is what loads: the same names, from the same modules."""
    import checks

    tree = ast.parse(Path(checks.__file__).read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    typed = {a.name: n.module for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert typed == checks._HOME
    assert set(typed) == set(checks.__all__)


def test_an_unknown_name_lists_those_there_are() -> None:
    import checks

    with pytest.raises(AttributeError, match=r"module 'checks' has no attribute 'adit'; it has .*audit"):
        checks.adit  # noqa: B018 - the attribute is the point


def test_audit_is_the_function_whatever_was_imported_before() -> None:
    for first in ("checks.auditing", "checks.cli", "checks.laws", "checks.report.record"):
        loaded_by(f"import {first}, checks; assert type(checks.audit).__name__ == 'function'")


@pytest.mark.parametrize("package", ["backprop", "checks"])
def test_the_types_are_shipped(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    assert (Path(spec.submodule_search_locations[0]) / "py.typed").is_file()


def test_the_wheel_holds_both_packages_and_their_markers(tmp_path: Path) -> None:
    if find_spec("hatchling") is None:
        import tomllib

        wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
            "targets"
        ]["wheel"]
        assert wheel == {"packages": ["backprop", "checks"]}  # whole folders: nothing in them is left out
        return
    subprocess.run(  # noqa: S603 - pip of this interpreter
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."],
        check=True, timeout=120, cwd=ROOT,
    )  # fmt: skip
    (built,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(built).namelist())
    assert {"backprop/py.typed", "checks/py.typed", "checks/cli.py", "checks/laws/adjoint.py"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"backprop", "checks"}
