"""Load what a command line names: ``FILE.py:NAME`` or ``pkg.mod:NAME``, from that place and no other."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from checks.errors import UnknownTarget

FORM = "FILE.py:NAME or pkg.mod:NAME"


def load(target: str) -> object:
    """The object that ``target`` names.

    Parameters
    ----------
    target : str
        ``FILE.py:NAME`` runs exactly that file, its folder first on the import path as under ``python FILE.py``;
        ``pkg.mod:NAME`` imports as ``python -m`` does, the current folder first. NAME may be dotted (``Net.loss``), and
        two names with a comma between them make a pair (``affine_forward,affine_backward``).

    Returns
    -------
    object
        What stands under NAME; for a pair a tuple of two.

    Raises
    ------
    UnknownTarget
        When the file, the module or the name is not there, or running it fails; the message says what was looked
        for, what is there instead, and in the code's own words what went wrong.

    Examples
    --------
    >>> load("math:tau")
    6.283185307179586
    """
    place, colon, names = target.rpartition(":")
    if not (colon and place and names):
        raise UnknownTarget(_without_name(target))
    module = module_at(place, names)
    found = tuple(_lookup(module, place, name.strip()) for name in names.split(","))
    return found if len(found) > 1 else found[0]


def module_at(place: str, names: str) -> ModuleType:
    """The module at ``place``, run or imported as `load` says; ``names`` is for the messages."""
    return _file(Path(place), names) if _is_path(place) else _module(place, names)


def _is_path(place: str) -> bool:
    return place.endswith(".py") or os.sep in place or "/" in place


def _without_name(target: str) -> str:
    path = Path(target.rstrip(":"))
    start = f"target {target!r} names no object; expected {FORM}"
    if path.suffix == ".py" and path.is_file():
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            return start
        names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        names += [t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
        names = [name for name in names if not name.startswith("_")]
        return f"{start}, for example {path}:{names[0]} (it has: {_listed(names)})" if names else start
    return f"{start}, for example layers.py:affine"


@contextmanager
def _first_on_path(folder: Path) -> Iterator[None]:
    """First while loading; then last, where it serves imports inside functions and shadows nothing of ours."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
        if entry not in sys.path:
            sys.path.append(entry)


def _file(path: Path, names: str) -> ModuleType:
    if not path.is_file():
        raise UnknownTarget(_no_file(path, names))
    name = f"_audited_{path.stem}"  # never the stem itself: a module of that name is another thing
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise UnknownTarget(f"{path} cannot be read as Python; expected a file that ends in .py ({FORM})")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up by name
    try:
        with _first_on_path(path.parent):
            spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, Exception | SystemExit):
            raise UnknownTarget(_failed(str(path), path.resolve(), error)) from error
        raise
    return module


def _no_file(path: Path, names: str) -> str:
    seen = "is a folder" if path.is_dir() else "is not there"
    message = f"file {str(path)!r} {seen} (looked at {path.resolve()})"
    folder = path.parent if path.parent.is_dir() else Path()
    near = get_close_matches(path.name, sorted(p.name for p in folder.glob("*.py")), n=3, cutoff=0.75)
    if near:
        return f"{message}; did you mean {' or '.join(f'{path.parent / name}:{names}' for name in near)}?"
    return f"{message}; give the path of an existing file, {FORM}"


def _module(place: str, names: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise UnknownTarget(f"{place!r} is neither a .py file nor a module's dotted name; expected {FORM}")
    try:
        with _first_on_path(Path()):
            return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise UnknownTarget(_failed(place, None, error)) from error
        beside = Path(*place.split(".")).with_suffix(".py")
        hint = f"; did you mean the file {beside}:{names}?" if beside.is_file() else ""
        raise UnknownTarget(
            f"module {place!r} is not there: {error}{hint or f'; install it, or give a file, {FORM}'}"
        ) from error
    except (Exception, SystemExit) as error:
        raise UnknownTarget(_failed(place, None, error)) from error


def _failed(place: str, path: Path | None, error: BaseException) -> str:
    """Say where running the user's own code stopped, and in its own words why."""
    words = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if path is not None and f.filename == str(path)]
    if isinstance(error, SyntaxError):
        at = f" at line {error.lineno}" if error.lineno else ""
    else:
        at = f" at line {own[-1].lineno}" if own else ""
    message = f"loading {place} failed{at}: {words}"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return f"{message}; the file is part of a package: name it as pkg.mod:NAME, from the folder above the package"
    if isinstance(error, SystemExit):
        return f'{message}; it ends the program when it is loaded: put that under if __name__ == "__main__":'
    return f"{message}; the same happens with: python {place}" if path else message


def _lookup(module: ModuleType, place: str, name: str) -> object:
    found: object = module
    so_far = place
    for part in name.split("."):
        if not hasattr(found, part):
            raise UnknownTarget(_no_name(found, so_far, part))
        found = getattr(found, part)
        so_far = f"{so_far}{':' if so_far == place else '.'}{part}"
    return found


def _no_name(owner: object, place: str, name: str) -> str:
    everything = dir(owner)
    own = [n for n in everything if not n.startswith("_") and not isinstance(getattr(owner, n, None), ModuleType)]
    if isinstance(owner, ModuleType):
        home = owner.__name__
        own = [n for n in own if getattr(getattr(owner, n, None), "__module__", home) == home] or own
    folded = {n.lower(): n for n in reversed(everything)}
    near = [folded[n] for n in get_close_matches(name.lower(), sorted(folded), n=3)]
    meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"{place} has no {name!r}{meant}{'' if meant else ';'} it has: {_listed(own) or 'no public name'}"


def _listed(names: Iterable[str], most: int = 12) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
