"""Write the schemas that are shipped: ``python -m benchmarks.schemas``, after a record of reports has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checks.equations import EquationReport
from checks.report.json import SCHEMA
from checks.report.record import Report
from checks.report.schema import of_record, of_run

FOLDER = Path(__file__).parents[1] / "checks" / "report" / "schemas"


def schemas() -> dict[str, dict[str, Any]]:
    return {
        "report": of_record(Report, f"A report of backproof, version {SCHEMA}"),
        "run": of_run(),
        "equations": of_record(EquationReport, f"An audit of the derivation by backproof, version {SCHEMA}"),
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        told = json.dumps(schema, indent=2, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(f"{told}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
