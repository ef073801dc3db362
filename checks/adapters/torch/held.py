"""Held: the tensors and modules that a function refers to without being given them, and those its output depends on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.frameworks.nested import leaves
from checks.adapters.frameworks.referred import referred
from checks.adapters.torch.arrays import is_tensor

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


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
    for name, value in referred(function):
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


def depends_on(outputs: Iterable[Tensor]) -> list[Tensor]:
    """The leaves that require grad and that the graphs of ``outputs`` end in."""
    outs = list(outputs)
    found = [o for o in outs if o.grad_fn is None and o.requires_grad]
    return found + [node.variable for node in _nodes(outs) if hasattr(node, "variable")]


def passed_through(outputs: Iterable[Tensor]) -> set[str]:
    """The dtypes of what the graphs of ``outputs`` hold: autocast shows itself there, whatever the outputs are."""
    return {str(kept.dtype) for node in _nodes(outputs) for kept in getattr(node, "_input_metadata", ())}


def _nodes(outputs: Iterable[Tensor]) -> Iterator[Any]:
    seen: set[Any] = set()
    nodes = [o.grad_fn for o in outputs if o.grad_fn is not None]
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        nodes += [following for following, _ in node.next_functions if following is not None]
