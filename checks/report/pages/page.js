"use strict";
const form = document.getElementById("filters");
const rows = [...document.querySelectorAll("#audits tbody tr")];

function section(row) {
  const link = row.querySelector("a");
  return link && document.getElementById(link.hash.slice(1));
}

function filter() {
  const outcomes = new Set([...form.querySelectorAll("input:checked")].map((box) => box.value));
  const words = form.elements.words.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const on = outcomes.has(row.dataset.outcome) && row.textContent.toLowerCase().includes(words);
    row.hidden = !on;
    shown += on;
    const told = section(row);
    if (told) told.hidden = !on;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
}

function open() {
  const told = document.getElementById(location.hash.slice(1));
  if (told instanceof HTMLDetailsElement) {
    told.open = true;
    told.scrollIntoView();
    told.querySelector("summary").focus({ preventScroll: true });
  }
}

if (form) {
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
}
addEventListener("hashchange", open);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((told) => (told.open = true)));
open();
