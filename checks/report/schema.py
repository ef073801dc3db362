"""Schema: what JSON holds, as JSON Schema; derived from the records themselves, and shipped as files in ``schemas``."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from importlib.resources import files
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from checks.report.compare import Change
from checks.report.json import DERIVED, ELSEWHERE, SCHEMA
from checks.report.rebuild import UNWRITTEN
from checks.report.record import Report
from checks.verdict import Outcome

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Final = {int: "integer", str: "string", bool: "boolean"}
NUMBER: Final = {"anyOf": [{"type": "number"}, {"enum": list(UNWRITTEN)}]}
"""A float: a number of JSON, or the name of one that JSON lacks."""

RUN: Final = {
    "type": "object",
    "description": "All that differs between two equal runs: times, host, versions.",
    "properties": {
        "seconds": {"type": "number", "description": "Wall time."},
        "written": {"type": "string", "description": "When, ISO 8601, UTC."},
        "host": {"type": "object", "additionalProperties": {"type": "string"}},
        "versions": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def load(name: str) -> dict[str, Any]:
    """A schema that is shipped.

    Parameters
    ----------
    name : str
        "report" (one report, and each line of NDJSON), "run" (several), or "equations" (the audit of the derivation).

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.

    Examples
    --------
    >>> load("report")["properties"]["schema"]
    {'const': 1}
    """
    found: dict[str, Any] = json.loads((files("checks.report") / "schemas" / f"{name}.json").read_text("utf-8"))
    return found


def of_record(kind: type, title: str) -> dict[str, Any]:
    """The schema of a document that is one record, with ``schema`` and ``run``."""
    definitions: dict[str, Any] = {"number": NUMBER, "run": RUN}
    body = _object(kind, definitions)
    body["properties"] |= {"schema": {"const": SCHEMA}, "run": {"$ref": "#/$defs/run"}}
    body["required"] = sorted([*body["required"], "schema", "run"])
    return {"$schema": DIALECT, "title": title, **body, "$defs": definitions}


def of_run() -> dict[str, Any]:
    """The schema of a document of several reports."""
    report = of_record(Report, "report")
    definitions = report.pop("$defs")
    del report["$schema"]
    properties = {
        "schema": {"const": SCHEMA},
        "outcome": _of(Outcome, definitions),
        "reports": {"type": "array", "items": {"$ref": "#/$defs/report"}},
        "changes": {
            "type": "array", "items": _of(Change, definitions), "description": "What another run says differently.",
        },
    }  # fmt: skip
    return {
        "$schema": DIALECT,
        "title": f"A run of backproof, version {SCHEMA}",
        "type": "object",
        "properties": properties,
        "required": ["outcome", "reports", "schema"],
        "$defs": {**definitions, "report": report},
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; that of a record goes among the definitions."""
    parts = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return {"anyOf": [{"type": "null"} if part is NoneType else _of(part, definitions) for part in parts]}
    if get_origin(kind) is tuple:
        if parts[-1] is Ellipsis:
            return {"type": "array", "items": _of(parts[0], definitions)}
        items = [_of(part, definitions) for part in parts]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if is_dataclass(kind):
        name = kind.__name__.lower() if isinstance(kind, type) else ""
        if name not in definitions:
            definitions[name] = {}  # a record within itself ends here
            definitions[name] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return {"$ref": "#/$defs/number"} if kind is float else {"type": PLAIN[kind]}


def _object(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """An object with a record's fields and what is derived from them; what has no default must be there."""
    hints, words = get_type_hints(kind), described(kind)
    own = [f for f in fields(kind) if f.name not in ELSEWHERE]
    kinds = {f.name: hints[f.name] for f in own}
    for name in DERIVED:
        made: Callable[..., Any] | None = getattr(getattr(kind, name, None), "fget", None)
        if made is not None:
            kinds[name], words[name] = get_type_hints(made)["return"], inspect.getdoc(made) or ""
    properties = {
        name: {**_of(of, definitions), **({"description": words[name].split("\n\n")[0]} if words.get(name) else {})}
        for name, of in kinds.items()
    }
    about = (inspect.getdoc(kind) or "").split("\n\n")[0]
    needed = sorted(f.name for f in own if _without_default(f))
    return {"type": "object", "description": about, "properties": properties, "required": needed}


def _without_default(f: Field[Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING


def described(kind: type) -> dict[str, str]:
    """What a record's docstring says of each of its attributes.

    Examples
    --------
    >>> from checks.report.record import Entry
    >>> described(Entry)["index"]
    'Where it stands in its tensor, as NumPy indexes.'
    """
    section = (inspect.getdoc(kind) or "").partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    found = re.findall(r"^(\w[\w, ]*) : .*\n((?:    .*\n?)+)", section, re.M)
    return {name: " ".join(told.split()) for names, told in found for name in names.split(", ")}
