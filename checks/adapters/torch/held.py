"""Held: the tensors and modules that a function refers to without being given them, and those its output depends on."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.frameworks.nested import leaves
from checks.adapters.torch.arrays import is_tensor

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

DEPTH: Final = 4  # functions within functions that are looked into


def is_module(value: Any) -> bool:
    """Whether ``value`` is an nn.Module of a torch that somebody has imported."""
    nn = loaded("torch.nn", "Module")
    return nn is not None and isinstance(value, nn.Module)


def is_function_class(value: Any) -> bool:
    """Whether ``value`` is a subclass of autograd.Function."""
    autograd = loaded("torch.autograd", "Function")
    return autograd is not None and isinstance(value, type) and issubclass(value, autograd.Function)


def held_by(function: Any) -> tuple[dict[str, Tensor], list[Module]]:
    """What ``function`` refers to: tensors by name (parameters under their module's), and the modules.

    Closed-over variables, defaults, globals that it names, arguments of a partial, the object of a method, and the same
    of the functions among these.
    """
    tensors: dict[str, Tensor] = {}
    modules: list[Module] = []
    for name, value in _referred(function, DEPTH, set()):
        found = {"": value} if is_module(value) else leaves(value, lambda x: is_tensor(x) or is_module(x))
        for inner, one in found.items():
            path = ".".join(part for part in (name, inner) if part)
            if is_module(one):
                modules.append(one)
                prefix = "" if path == "self" else f"{path}."
                tensors |= {f"{prefix}{n}": p for n, p in one.named_parameters()}
            else:
                tensors.setdefault(path, one)
    return tensors, modules


def _referred(function: Any, depth: int, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if depth == 0 or id(function) in seen:
        return
    seen.add(id(function))
    for name, value in _own(function):
        yield name, value
        if isinstance(value, FunctionType | MethodType | functools.partial):
            yield from _referred(value, depth - 1, seen)


def _own(function: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(function, functools.partial):
        yield from ((f"argument {k}", a) for k, a in enumerate(function.args))
        yield from function.keywords.items()
        yield "function", function.func
    elif isinstance(function, MethodType):
        yield "self", function.__self__
        yield "function", function.__func__
    elif isinstance(function, FunctionType):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if cell.cell_contents is not None:
                yield name, cell.cell_contents
        yield from ((f"default {k}", a) for k, a in enumerate(function.__defaults__ or ()))
        yield from (function.__kwdefaults__ or {}).items()
        named = [n for n in function.__code__.co_names if n in function.__globals__]
        yield from ((n, function.__globals__[n]) for n in named if not _elsewhere(function, n))
    elif hasattr(function, "__dict__") and not isinstance(function, type):
        yield from vars(function).items()
        yield "call", vars(type(function)).get("__call__")


def _elsewhere(function: FunctionType, name: str) -> bool:
    """Whether a global is a function of another module: a library's, which is not looked into."""
    value = function.__globals__[name]
    return isinstance(value, FunctionType) and value.__module__ != function.__module__


def depends_on(outputs: Iterable[Tensor]) -> list[Tensor]:
    """The leaves that require grad and that the graphs of ``outputs`` end in."""
    found: list[Tensor] = []
    seen: set[Any] = set()
    nodes = [o.grad_fn for o in outputs if o.grad_fn is not None]
    found += [o for o in outputs if o.grad_fn is None and o.requires_grad]
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        nodes += [following for following, _ in node.next_functions if following is not None]
    return found
