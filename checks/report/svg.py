"""Figures of matplotlib as SVG that stands inside a page: no identifiers but those it uses, colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG: Final = "http://www.w3.org/2000/svg"
XLINK: Final = "http://www.w3.org/1999/xlink"

DROPPED: Final = (f"{{{SVG}}}metadata", f"{{{SVG}}}style")
"""What is left out: a style sheet inside a page would be the page's."""
CLASSES: Final = ("plate", "cells", "points")
"""Names that a figure may give to its parts; they become classes."""

INK, DIM, CLAIM, SEEN, BAND = "#010101", "#020202", "#030303", "#040404", "#050505"
PAGE: Final[Mapping[str, str]] = {INK: "ink", DIM: "dim", CLAIM: "claim", SEEN: "seen", BAND: "band"}
"""Colours that are the page's, so that they change with its mode: what stands for them in figures -> variable."""

STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": DIM,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.limits": (-3, 4),
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.color": "#b0b0b0",
    "hatch.linewidth": 0.5,
}


def inline(figure: Figure, label: str, salt: str, *, wide: bool = True) -> str:
    """The figure as an ``svg`` element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn under `STYLE`; no text in it comes from outside.
    label : str
        What a screen reader says.
    salt : str
        Differs between the figures of a page, so that their identifiers do; equal figures and salts make equal text.
    wide : bool
        As wide as the page has room; else no larger than drawn, its text no larger than the page's.

    Returns
    -------
    str
    """
    from matplotlib import rc_context

    written = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": salt}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", written.getvalue()))  # noqa: S314 - matplotlib's own
    for parent, child in [(p, c) for p in root.iter() for c in p if c.tag in DROPPED]:
        parent.remove(child)
    used = set(re.findall(r"#(\w+)[\")]", ET.tostring(root, encoding="unicode")))
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name in used:
            element.set("id", name)
        elif name in CLASSES:
            element.set("class", name)
        element.text, element.tail = (re.sub(r"\s+", " ", t or "").strip() for t in (element.text, element.tail))
        if "d" in element.attrib:
            element.set("d", re.sub(r"\s+", " ", element.attrib["d"]).strip())
    drawn = root.attrib.pop("width", "")
    for name in ("height", "version"):
        root.attrib.pop(name, None)
    if not wide:
        root.set("width", drawn)
    root.set("role", "img")
    root.set("aria-label", label)
    told = ET.tostring(root, encoding="unicode")
    for colour, variable in PAGE.items():
        told = told.replace(colour, f"var(--{variable})")
    return told
