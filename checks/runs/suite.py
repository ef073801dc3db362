"""Suite: a Python file with many targets, spread out into cases, each with a key that says what it is of."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from checks.errors import MisuseError
from checks.load import module_at
from checks.report.json import versions

NAME: Final = "SUITE"
"""What a suite calls its mapping, unless the command line names another."""
EXAMPLE: Final = f'{NAME} = {{"affine": (forward, backward, x, w), "dense": Grid(build, {{"n": [1, 4]}})}}'
OURS: Final = ("checks", "backprop")
"""Packages that a key is not of, beyond their version, though a suite may lie above them."""
PLAIN: Final = (str, int, float, bool, type(None))
"""What a value on an axis may be: what JSON carries, so that every worker is told the same."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One target for every combination of values: layers × shapes × dtypes.

    Parameters
    ----------
    build : callable
        Called with one value an axis, by name; returns a target with its inputs behind it, as the command line
        takes it: ``(forward, backward, x, w)``, a `checks.Subject`, ….
    axes : mapping of str to sequence
        The values of each axis: text, numbers, booleans or None.
    options : mapping, optional
        What `checks.audit` takes beside, such as ``{"wrt": 1}``.

    Raises
    ------
    MisuseError
        For an axis without values, or with values of other kinds.

    Examples
    --------
    >>> grid = Grid(lambda n, dtype: None, {"n": [1, 4], "dtype": ["float32", "float64"]})
    >>> len(list(grid.combinations()))
    4
    """

    build: Callable[..., Any]
    axes: Mapping[str, Sequence[Any]]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in self.axes.items():
            if isinstance(values, str) or not list(values):
                raise MisuseError(f"axis {name!r} is {values!r}; expected a non-empty sequence, such as [1, 4]")
            odd = [v for v in values if not isinstance(v, PLAIN)]
            if odd:
                raise MisuseError(
                    f"axis {name!r} holds {odd[0]!r} ({type(odd[0]).__name__}); expected text, numbers, booleans or "
                    f"None: make the array or the layer inside the function that builds the target"
                )

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Every combination, the last axis fastest."""
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One audit of a run: plain data, so that it travels as JSON.

    Attributes
    ----------
    entry : str
        The name in the suite.
    values : mapping
        One value an axis; empty for a target that stands for itself.
    seed : int
        The audit's seed.
    key : str
        Digest of this package's version, the suite's code, the entry, the values, the seed and what was asked.
    """

    entry: str
    values: Mapping[str, Any]
    seed: int
    key: str

    @property
    def name(self) -> str:
        """What reports call it.

        Examples
        --------
        >>> Case(entry="dense", values={"n": 2}, seed=0, key="").name
        'dense[n=2]'
        """
        values = ",".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.entry}[{values}]" if values else self.entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What a suite file holds.

    Attributes
    ----------
    place : str
        ``FILE.py:NAME`` or ``pkg.mod:NAME``, the file by its whole path.
    entries : mapping of str to object
        Targets and grids by name.
    digest : str
        Of the code: the suite's file and whatever it loaded from its own folder and below.
    """

    place: str
    entries: Mapping[str, Any]
    digest: str

    def cases(self, asked: Mapping[str, Any], seeds: Sequence[int]) -> list[Case]:
        """Every case, in the order of the suite, seeds fastest; ``asked`` is what the audits are asked for."""
        found = []
        made_by = versions()["backproof"]
        for entry, target in self.entries.items():
            options = {**asked, **target.options} if isinstance(target, Grid) else asked
            for values in target.combinations() if isinstance(target, Grid) else [{}]:
                for seed in seeds:
                    whole = [made_by, self.digest, entry, values, seed, {k: repr(v) for k, v in options.items()}]
                    words = json.dumps(whole, sort_keys=True, ensure_ascii=False)
                    key = hashlib.sha256(words.encode()).hexdigest()[:32]
                    found.append(Case(entry=entry, values=values, seed=seed, key=key))
        return found

    def target(self, case: Case) -> tuple[Any, dict[str, Any]]:
        """What a case audits, and the options that its grid adds."""
        entry = self.entries[case.entry]
        if isinstance(entry, Grid):
            return entry.build(**case.values), dict(entry.options)
        return entry, {}


def read(place: str) -> Suite:
    """Load the suite that the command line names; its code runs, as with any import.

    Parameters
    ----------
    place : str
        ``FILE.py`` or ``pkg.mod``; ``:NAME`` behind it where the mapping is not called SUITE.

    Raises
    ------
    UnknownTarget
        When it cannot be loaded.
    MisuseError
        When what stands there is no mapping of names to targets.
    """
    path, colon, name = place.rpartition(":")
    if not colon:
        path, name = place, NAME
    module = module_at(path, name)
    if not hasattr(module, name):
        raise MisuseError(f"{path} has no {name!r}; expected a mapping of names to targets under that name: {EXAMPLE}")
    found = getattr(module, name)
    if not isinstance(found, Mapping) or not found or not all(isinstance(n, str) for n in found):
        given = f"{type(found).__name__}{'' if found else ', empty'}"
        raise MisuseError(f"{name} in {path} is {given}; expected a mapping of names to targets: {EXAMPLE}")
    home = str(module.__file__) if path.endswith(".py") else path
    return Suite(place=f"{home}:{name}", entries=dict(found), digest=_digest(module))


def _digest(module: ModuleType) -> str:
    """Of the suite's file and of what it imports from its folder and below, and they in turn, in the order of names."""
    first = Path(str(module.__file__)).resolve()
    found, left = {first: module}, [module]
    while left:
        for name in _imports(left.pop()):
            other = sys.modules.get(name)
            file = getattr(other, "__file__", None)
            if other is None or not file or not file.endswith(".py"):
                continue
            path = Path(file).resolve()
            if path.is_relative_to(first.parent) and path not in found and name.split(".")[0] not in OURS:
                found[path] = other
                left.append(other)
    made = hashlib.sha256()
    for path in sorted(found):
        made.update(f"{path.relative_to(first.parent)}\0".encode())
        made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()


def _imports(module: ModuleType) -> Iterator[str]:
    """The modules that a module's own statements import, those inside functions left out."""
    left: list[ast.AST] = [ast.parse(Path(str(module.__file__)).read_bytes())]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (module.__package__ or "").split(".")
            above = package[: len(package) + 1 - node.level] if node.level else []
            place = ".".join([*above, *filter(None, [node.module])])
            yield place
            yield from (f"{place}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            left.extend(ast.iter_child_nodes(node))
