"""HTML of a run: one page that needs nothing else. Its template, style and script are beside this file."""

from __future__ import annotations

from importlib.util import find_spec

from checks.errors import MisuseError


def needed() -> None:
    """Raise unless the packages of the extra ``html`` are installed."""
    lacking = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if lacking:
        names = " and ".join(lacking)
        raise MisuseError(f'HTML needs {names}, not installed here; install with: pip install "backproof[html]"')
