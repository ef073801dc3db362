"""The page: what is in it without a browser; and in Chromium, that it filters, opens, points at the right place."""

from __future__ import annotations

import html
import os
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from reports import CURVE, FOUND, HOSTILE, WRONG, examples, hostile, report

from checks import MisuseError
from checks.numeric.estimate import Errors
from checks.report import formats
from checks.report.blocks import MOST, blocks, classes, shade
from checks.report.compare import compare
from checks.report.record import Entry, Report

pytest.importorskip("jinja2", reason="the page needs the extra html")
pytest.importorskip("matplotlib", reason="the page needs the extra html")
from checks.report import html as page
from checks.report import plots, shown

RIGHT_ONE, WRONG_ONE, OPEN_ONE = (examples()[name] for name in ("right", "wrong", "open"))
ALL = list(examples().values())


@lru_cache
def whole() -> str:
    """The page of everything."""
    return page.render(ALL)


def entry(*index: int, off: float = 1.0) -> Entry:
    return Entry(index=index, claimed=0.0, measured=off, bar=1e-9)


def dense(k: int) -> Report:
    """A report with a finding all of whose 64 × 64 entries are wrong, each by another amount."""
    rng = random.Random(k)  # noqa: S311 - no secret
    entries = tuple(entry(i, j, off=10 ** rng.uniform(-5, 0)) for i in range(64) for j in range(64))
    return report(replace(FOUND, entries=entries, shape=(64, 64)), name=f"models.wrong_{k}")


# --- the grid of a map --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "index", "grid", "place"),
    [
        ((4, 8), (2, 5), (4, 8), (2, 5)),
        ((7,), (3,), (1, 7), (0, 3)),
        ((), (), (1, 1), (0, 0)),
        ((64, 64), (63, 0), (64, 64), (63, 0)),
        ((65, 64), (64, 1), (33, 64), (32, 1)),
        ((1000, 3), (999, 2), (63, 3), (62, 2)),
        ((8, 4, 3, 3), (7, 3, 2, 1), (32, 9), (31, 7)),
        ((2, 3, 4), (1, 2, 3), (6, 4), (5, 3)),
    ],
)
def test_an_entry_stands_in_its_block(shape, index, grid, place):
    found = blocks(shape, [entry(*index)])
    assert found.shape == grid
    assert max(found.shape) <= MOST
    assert list(found.cells) == [place]


def test_a_block_shows_the_largest_of_its_entries():
    found = blocks((128, 128), [entry(0, 0, off=1.0), entry(1, 1, off=-3.0), entry(0, 1, off=2.0)])
    assert found.cells == {(0, 0): 3.0}
    assert blocks((1, 1), [entry(0, 0, off=float("nan"))]).cells == {(0, 0): float("inf")}


def test_shades_cover_every_value_and_rise():
    values = [1e-7, 1e-5, 3e-3, 1.0, 1e4]
    bounds = classes(values)
    assert all(a[1] == b[0] for a, b in pairwise(bounds))
    assert [shade(v, bounds) for v in values] == sorted(shade(v, bounds) for v in values)
    assert shade(1e-7, bounds) == 0
    assert shade(1e4, bounds) == shade(float("inf"), bounds) == len(bounds) - 1
    assert classes([0.0, float("inf")]) == [(0.0, 0.0)]


# --- plots --------------------------------------------------------------------------------------------------


def test_a_curve_shows_the_points_the_claim_and_what_was_measured():
    told = plots.curve(WRONG, "a")
    assert 'aria-label="Difference against the step: claimed -0.08885, measured -0.1777 ± 3e-12"' in told
    inside = re.search(r'<g class="points">.*?</g></g>', told)
    assert inside
    assert 5 <= inside[0].count("<use") <= len(CURVE)
    for variable in ("ink", "claim", "seen", "band"):
        assert f"var(--{variable})" in told


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e-9, 1.0, 1e12, 1e300])
@pytest.mark.parametrize("gap", [0.0, 1e-9, 1.0])
def test_any_numbers_can_be_drawn(size, gap):
    e = replace(WRONG.estimate, value=size, interval=(size * (1 - 1e-12), size * (1 + 1e-12)))
    curve = tuple((t, size * (1 + d)) for (t, _), d in zip(CURVE, (0, 1e-3, -1e200, 5, 1e-9, 0, 0, 0), strict=False))
    assert plots.curve(replace(WRONG, claimed=size * (1 + gap), estimate=e, curve=curve), "a").startswith("<svg")


def test_what_cannot_be_drawn_is_left_out():
    assert plots.curve(replace(WRONG, curve=()), "a") == ""
    assert plots.curve(replace(WRONG, claimed=float("nan")), "a") == ""
    assert (
        plots.curve(replace(WRONG, curve=((0.0, 1.0), (-1.0, 1.0), (float("inf"), 1.0), (1.0, float("nan")))), "a")
        == ""
    )
    assert plots.curve(replace(WRONG, estimate=replace(WRONG.estimate, interval=(-float("inf"), 1.0))), "a") == ""


def test_figures_of_one_page_share_no_identifier_and_are_the_same_twice():
    made = [replace(WRONG_ONE, name=name, run={}) for name in ("one", "other")]
    told = page.render(made)
    names = re.findall(r'\bid="([^"]+)"', told)
    assert len(names) == len(set(names))
    assert told == page.render(made)


def test_when_and_where_a_run_was_stands_on_its_page():
    runs = [
        {"written": f"2026-11-0{k}T10:00:00+00:00", "host": {"system": "Plan 9"}, "versions": {"numpy": f"2.{k % 2}"}}
        for k in (3, 1, 2)
    ]
    told = Tags(page.render([replace(RIGHT_ONE, run=run) for run in runs])).text
    assert "2026-11-01T10:00:00+00:00 to 2026-11-03T10:00:00+00:00" in told
    assert told.count("system Plan 9 · numpy 2.") == 2
    assert "python" in Tags(page.render([RIGHT_ONE])).text


# --- the page -----------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between them."""

    def __init__(self, told: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(told)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_everything_failures_first():
    told = Tags(page.render([RIGHT_ONE, WRONG_ONE, OPEN_ONE])).text
    for words in (
        "FAIL  3 audits: 1 passed, 1 failed, 1 inconclusive", "claimed  -0.08885   measured  -0.1777 ± 3e-12",
        "where      every entry of gamma, at a moved point", "looks like averaged over the batch",
        "reproduce  backproof audit norm.py:LayerNorm --seed 7", "to settle  run it in float64",
        "12 forward passes, 3 pullbacks, 0.25 s, seed 7", "(2, 5)", "|claimed − measured| over (4, 8)",
    ):  # fmt: skip
        assert words in told
    assert told.index("LayerNorm") < told.index("Conv") < told.index("Right")


def test_the_page_loads_nothing_and_its_policy_allows_nothing():
    told = whole()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', told)[1])
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    own = {"xmlns", "xmlns:xlink"}
    for tag, attributes in Tags(told).tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "image", "foreignobject"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "style"):
            value = attributes.get(name) or ""
            assert not re.search(r"//|data:|javascript:|url\((?!#)", value), (tag, value)
            assert name not in {"src", "action"} or name not in attributes
        assert not [v for name, v in attributes.items() if name not in own and v and "http" in v and "<" not in v]
    assert "@import" not in told
    assert "@font-face" not in told


def test_hostile_names_are_words_in_the_page():
    told = page.render([hostile()], compare([hostile()], [report(name="b" + HOSTILE)]))
    assert [attributes for tag, attributes in Tags(told).tags if tag == "script"] == [{}]
    assert not [c for c in "\x1b\x07\r\x00\x9b\u202e\u2028\u2029\ufffe\ud800" if c in told]
    assert "{{7*7}}" in told
    told.encode()


def test_what_is_proved_of_every_entry_is_mapped_without_a_measured_one():
    errors = Errors(shape=(2, 3), ulps=(0.0,) * 6, relative=(0.0, 1e-16, 0.5, 0.0, 0.0, 2e-16))
    proved = replace(WRONG, curve=(), estimate=replace(WRONG.estimate, proved=True, errors=errors))
    found = shown.shown(replace(FOUND, verdict=proved, entries=(), shape=None), "words", "a", str)
    assert found.caption.startswith("|claimed − measured| over (2, 3). Every entry is proved")
    assert len(found.key) == 5
    assert found.map.count('class="cells"') == 2  # rounding, and the wrong one
    broken = replace(errors, relative=(1.0,))
    assert shown.shown(replace(FOUND, verdict=replace(proved, estimate=replace(proved.estimate, errors=broken)),
                               entries=(), shape=None), "words", "a", str).map == ""  # fmt: skip


def test_changes_stand_on_the_page():
    told = Tags(page.render([WRONG_ONE], compare([replace(RIGHT_ONE, name="LayerNorm")], [WRONG_ONE]))).text
    assert "What changed" in told
    assert "new" in told
    assert "Nothing changed." in Tags(page.render([WRONG_ONE], [])).text


def test_a_thousand_audits_with_twenty_findings_are_under_two_megabytes():
    many = [report(name=f"models.encoder.layer_{k}.LayerNorm", seed=k) for k in range(980)]
    one, three = (len(page.render([*many, *map(dense, range(n))]).encode()) for n in (1, 3))
    assert (three - one) / 2 > 60_000  # a map of 4,096 entries and a curve
    assert one + 19 * (three - one) / 2 < 2_000_000


def test_without_its_packages_the_page_says_what_to_install(monkeypatch):
    monkeypatch.setattr(page, "find_spec", lambda name: None if name == "jinja2" else object())
    with pytest.raises(
        MisuseError, match=r'^HTML needs jinja2, not installed here; install with: pip install "backproof'
    ):
        formats.rendered("html", [RIGHT_ONE])


# --- in Chromium --------------------------------------------------------------------------------------------

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    found = os.environ.get("BACKPROOF_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no chromium on the path; BACKPROOF_CHROMIUM names one elsewhere")
    api = pytest.importorskip("playwright.sync_api", reason="playwright drives chromium")
    with api.sync_playwright() as started:
        running = started.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def show(browser, tmp_path):
    """Show a page of reports, and hold of it that it asked for nothing and nothing went wrong in it."""
    said: list[str] = []

    def shown(reports, **options):
        path = tmp_path / "report.html"
        path.write_text(whole() if reports is ALL else page.render(reports), encoding="utf-8")
        tab = browser.new_page(**options)
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda r: None if r.url.startswith("file:") else said.append(r.url))
        tab.goto(path.as_uri())
        return tab

    yield shown
    assert said == []


def rows_shown(tab) -> list[str]:
    rows = tab.query_selector_all("#audits tbody tr")
    return [row.query_selector("td:nth-child(2)").inner_text().split("\n")[0] for row in rows if row.is_visible()]


def test_the_table_is_filtered_by_outcome_and_by_text_with_the_keyboard(show):
    tab = show([RIGHT_ONE, WRONG_ONE, OPEN_ONE, replace(RIGHT_ONE, name="Dropout")])
    assert rows_shown(tab) == ["LayerNorm", "Conv", "Right", "Dropout"]
    tab.get_by_role("checkbox", name="pass").focus()
    tab.keyboard.press("Space")
    assert rows_shown(tab) == ["LayerNorm", "Conv"]
    assert tab.locator("#shown").inner_text() == "2 of 4 shown"
    assert tab.locator("details").count() == 2
    tab.keyboard.press("Tab")
    tab.keyboard.type("cONV")
    assert rows_shown(tab) == ["Conv"]
    assert [d.is_visible() for d in tab.query_selector_all("details")] == [False, True]
    tab.get_by_label("Text").fill("")
    tab.get_by_role("checkbox", name="fail").uncheck()
    assert rows_shown(tab) == ["Conv"]


def test_a_finding_opens_from_the_table_and_on_its_own(show):
    tab = show([WRONG_ONE, *(replace(OPEN_ONE, name=f"layer {k}") for k in range(1, 5))])
    closed = tab.locator("details").nth(3)
    assert closed.locator("pre").first.is_hidden()
    tab.get_by_role("link", name="layer 3").press("Enter")
    closed.locator("pre").first.wait_for(state="visible")
    assert closed.locator("summary").evaluate("e => e === document.activeElement")
    assert "to settle  run it in float64" in closed.locator("pre").first.inner_text()
    first = tab.locator("details").first
    assert first.locator("svg").first.is_hidden()
    first.locator("summary").press("Enter")
    assert first.locator("svg").first.is_visible()


@pytest.mark.parametrize(
    ("shape", "index", "grid", "place"),
    [
        ((4, 8), (2, 5), (4, 8), (2, 5)),
        ((4, 8), (0, 0), (4, 8), (0, 0)),
        ((9,), (8,), (1, 9), (0, 8)),
        ((64, 64), (63, 1), (64, 64), (63, 1)),
        ((500, 300), (499, 7), (63, 60), (62, 1)),
    ],
)
def test_the_map_has_the_wrong_entry_at_its_place(show, shape, index, grid, place):
    tab = show([report(replace(FOUND, shape=shape, entries=(entry(*index),)))])
    plate, cell = (tab.locator(f"figure.map .{name} path").bounding_box() for name in ("plate", "cells"))
    strokes = tab.locator("figure.map .cells path")
    thick = strokes.evaluate("e => parseFloat(getComputedStyle(e).strokeWidth) * e.getScreenCTM().a")
    across = (cell["x"] + cell["width"] / 2 - plate["x"]) / plate["width"] * grid[1]
    down = (cell["y"] + cell["height"] / 2 - plate["y"]) / plate["height"] * grid[0]
    assert (int(down), int(across)) == place
    assert (down, across) == pytest.approx((place[0] + 0.5, place[1] + 0.5), abs=0.1)
    assert thick == pytest.approx(plate["height"] / grid[0], rel=0.05)
    assert tab.locator("table.entries tbody td").first.inner_text() == str(index)


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (375, "dark"), (1280, "light"), (1280, "dark")])
def test_the_page_fits_its_window_and_every_word_can_be_read(show, width, scheme):
    tab = show(ALL, viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    low = tab.evaluate(CONTRAST)
    assert low == []


CONTRAST = """() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(c) && c !== "transparent") return c;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const e of document.querySelectorAll("main *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || e.closest("defs")) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(e.ownerSVGElement ? style.fill : style.color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${e.tagName} ${e.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return low;
}"""
"""What is written with less contrast than WCAG 2's 4.5 : 1."""


def test_no_script_of_a_hostile_name_runs(show):
    tab = show([hostile(), RIGHT_ONE])
    assert tab.evaluate("document.scripts.length") == 1
    assert tab.evaluate("document.querySelectorAll('main img, main iframe, main b').length") == 0
    assert tab.title().startswith("✗ backproof: FAIL 2 audits")
    assert len(rows_shown(tab)) == 2


def test_an_injected_script_would_not_run_either(browser, tmp_path):
    """What the policy is for: were a name not escaped, its script would be refused."""
    told = page.render([RIGHT_ONE]).replace("Right", "<script>document.title = 'run'</script>", 1)
    told = told.replace("<main>", "<main><img src=x onerror=\"document.title = 'run'\">")
    (tmp_path / "p.html").write_text(told, encoding="utf-8")
    tab = browser.new_page()
    tab.goto((tmp_path / "p.html").as_uri())
    assert tab.title() != "run"


def test_without_script_everything_is_shown(show):
    tab = show([OPEN_ONE, *(replace(RIGHT_ONE, name=f"r{k}") for k in range(3))], java_script_enabled=False)
    assert tab.locator("#filters").is_hidden()
    assert len(rows_shown(tab)) == 4
    tab.locator("summary").first.press("Enter")
    assert tab.locator("details").count() == 1


@pytest.mark.slow
def test_printed_every_finding_is_open(show):
    tab = show([replace(OPEN_ONE, name=f"layer {k}") for k in range(5)])
    assert tab.locator("details[open]").count() == 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details[open]").count() == 5
    tab.emulate_media(media="print")
    assert tab.locator("#filters").is_hidden()
