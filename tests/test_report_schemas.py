"""Everything that is written as JSON is as its schema says; the schemas that are shipped are those of the records."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from typing import Any

import pytest
from reports import examples, report

from checks.report import documents, ndjson, schema
from checks.report import json as as_json
from checks.report.compare import compare

jsonschema = pytest.importorskip("jsonschema", reason="documents are validated by jsonschema")


@lru_cache
def validator(name: str) -> Any:
    known = schema.load(name)
    jsonschema.Draft202012Validator.check_schema(known)
    return jsonschema.Draft202012Validator(known)


def wrong(name: str, told: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(json.loads(told))]


@pytest.mark.parametrize("name", examples())
def test_a_report_is_as_its_schema_says(name):
    made = examples()[name]
    assert wrong("report", as_json.render(made)) == []
    assert wrong("report", ndjson.line(made)) == []
    assert wrong("report", as_json.render(as_json.read(as_json.render(made)))) == []


def test_a_run_is_as_its_schema_says():
    made = list(examples().values())
    changes = compare([report(name="Old"), made[1]], [made[0], report(name="LayerNorm")])
    assert {change.before is None for change in changes} == {True, False}
    assert wrong("run", documents.render(made)) == []
    assert wrong("run", documents.render(made, changes)) == []


def test_the_audit_of_the_derivation_is_as_its_schema_says():
    from dataclasses import replace

    from checks.equations import audit_equations
    from checks.report import labels

    found = audit_equations(examples=3, labels=["B3", "F1"])
    rows = tuple(replace(row, findings=examples()["wrong"].findings) for row in found.rows)
    assert wrong("equations", labels.render_json(replace(found, rows=rows))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("outcome",), "maybe"),
        (("schema",), 2),
        (("seed",), 1.5),
        (("run",), None),
        (("verdicts", 0, "claimed"), "0.5"),
        (("verdicts", 0, "estimate", "interval"), [1.0]),
        (("verdicts", 0, "law"), None),
        (("findings", 0, "entries", 0, "index"), 3),
        (("findings", 0, "verdict", "curve"), [[1.0, 2.0, 3.0]]),
        (("cost", "forward"), "12"),
    ],
)
def test_what_no_report_holds_is_refused(place, value):
    whole = copy.deepcopy(as_json.document(examples()["wrong"]))
    at = whole
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    assert wrong("report", json.dumps(whole))


@pytest.mark.parametrize("key", ["verdicts", "findings", "schema", "run", "outcome", "name"])
def test_what_a_report_lacks_is_refused(key):
    whole = as_json.document(examples()["wrong"])
    del whole[key]
    assert wrong("report", json.dumps(whole))


@pytest.mark.parametrize("name", ["report", "run", "equations"])
def test_the_schemas_shipped_are_those_of_the_records(name):
    from benchmarks.schemas import schemas

    assert without_words(schema.load(name)) == without_words(schemas()[name]), (
        "a record has changed: python -m benchmarks.schemas"
    )


def without_words(told: Any) -> Any:
    """A schema without its descriptions."""
    if isinstance(told, dict):
        return {
            key: without_words(of) for key, of in told.items() if not (key == "description" and isinstance(of, str))
        }
    return [without_words(of) for of in told] if isinstance(told, list) else told


@pytest.mark.parametrize("kind", ["verdict", "finding", "entry", "estimate"])
def test_every_field_is_described(kind):
    for field, told in schema.load("report")["$defs"][kind]["properties"].items():
        assert told.get("description"), field
