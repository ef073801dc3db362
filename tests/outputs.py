"""Reports that pages show, each behind a comment with its command line; ``python tests/outputs.py`` renews them."""

from __future__ import annotations

import io
import re
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs/guide.md")
SHOWN = re.compile(r"<!-- output: (audit .*?) -->\n```text\n(.*?)```", re.S)


def shown(page: Path) -> dict[str, str]:
    """Command lines and what the page says that they print."""
    return dict(SHOWN.findall(page.read_text(encoding="utf-8")))


def printed(words: str) -> str:
    """What ``backproof`` prints, from the root of the repository."""
    from checks.cli import main

    told = io.StringIO()
    with chdir(ROOT), redirect_stdout(told):
        main(words.split())
    return told.getvalue()


def without_chance(text: str) -> str:
    """A report without what another machine may round differently: bars, counts of passes, seconds."""
    text = re.sub(r"± \S+", "± …", text)
    text = re.sub(r"right to \S+", "right to …", text)
    return re.sub(r"\([\d,]+ forward passes?, [\d,]+ pullbacks?, \S+ s,", "(…", text)


def renew(page: Path) -> None:
    """Write every report of a page as it is now."""
    text = SHOWN.sub(
        lambda found: f"<!-- output: {found[1]} -->\n```text\n{printed(found[1])}```", page.read_text(encoding="utf-8")
    )
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for one in PAGES:
        renew(one)
