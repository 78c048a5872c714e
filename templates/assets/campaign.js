// The form for a campaign: the fields of its kind, its waves, and what it would be, asked for while it is written.

import { post } from "./api.js";
import { element, facts, table } from "./campaign_parts.js";
import { bodyOf } from "./form.js";
import { moment, say, sentence, wordOf } from "./words.js";
import { setUpWaves } from "./waves.js";

const form = document.getElementById("campaign");
const preview = document.getElementById("preview");
const kind = form.elements["work.kind"];

function showKind() {
  for (const label of form.querySelectorAll("[data-kind]")) {
    const wanted = label.dataset.kind === kind.value;
    label.hidden = !wanted;
    label.querySelector("input").disabled = !wanted;
  }
}

const number = (value) => value.toLocaleString("en-US");
const when = (at) => (at ? moment(at) : "–");

function show(it) {
  const lines = [
    [say("campaigns.js_selected"), number(it.selected)],
    [say("campaigns.js_to_plan"), number(it.to_plan)],
    [say("campaigns.js_placed"), number(it.placed)],
    [say("campaigns.js_starts"), when(it.starts_at)],
    [say("campaigns.js_finishes"), when(it.finishes_at)],
    [say("campaigns.js_merchants"), number(it.merchants)],
    [say("campaigns.js_visits"), number(it.visits)],
    [say("campaigns.js_peak"), it.fleet_cap === null ? number(it.peak_down) : say("campaigns.js_of", { down: it.peak_down, cap: it.fleet_cap })],
  ];
  if (it.tightest) {
    lines.push([say("campaigns.js_tightest"), `${it.tightest.group}: ${say("campaigns.js_of", { down: it.tightest.down, cap: it.tightest.cap })}`]);
  }
  const parts = [facts(lines)];
  // What is down already, as what is locked, may fill a budget before anything of this campaign does.
  const fleet = { group: wordOf("fleet"), down: it.peak_down, cap: it.fleet_cap ?? Infinity };
  const over = [fleet, it.tightest].filter((budget) => budget && budget.down > budget.cap && (budget === fleet || budget.group !== "fleet"));
  if (over.length > 0) {
    const said = over.map((budget) => say("campaigns.js_over", budget));
    const fit = it.placed === it.to_plan ? say("campaigns.js_all_placed") : say("campaigns.js_some_fit", { n: it.to_plan - it.placed });
    parts.unshift(element("p", [it.to_plan > 0 ? fit : say("campaigns.js_nobody"), ...said, say("campaigns.js_over_why")].join(" "), { class: "all-well trouble" }));
  } else if (it.to_plan > 0 && it.placed === it.to_plan) {
    parts.unshift(element("p", say("campaigns.js_all_fit"), { class: "all-well" }));
  } else if (it.to_plan === 0) {
    parts.unshift(element("p", say("campaigns.js_nobody"), { class: "all-well trouble" }));
  } else {
    parts.unshift(element("p", say("campaigns.js_some_fit", { n: it.to_plan - it.placed }), { class: "all-well trouble" }));
  }
  if (it.waves.length > 0) {
    const heads = [say("campaigns.js_wave"), say("campaigns.js_terminals"), say("campaigns.js_placed"), say("campaigns.js_starts"), say("campaigns.js_finishes")];
    parts.push(table(say("campaigns.js_waves"), heads, it.waves.map((wave) => [
      `${wave.number} (${wave.share})`, number(wave.terminals), number(wave.placed), when(wave.starts_at), when(wave.ends_at),
    ])));
  }
  const heads = [say("campaigns.js_region"), say("campaigns.js_terminals"), say("campaigns.js_placed")];
  if (it.regions.length > 0) {
    parts.push(table(say("campaigns.js_regions"), heads, it.regions.map((row) => [row.region, number(row.terminals), number(row.placed)])));
  }
  if (it.skipped.length > 0) {
    parts.push(table(say("campaigns.js_skipped"), [say("campaigns.js_terminals"), say("campaigns.js_why")], it.skipped.map((row) => [number(row.terminals), wordOf(row.reason)])));
  }
  if (it.unplaced.length > 0) {
    parts.push(table(say("campaigns.js_unplaced"), [say("campaigns.js_terminals"), say("campaigns.js_why")], it.unplaced.map((row) => [number(row.terminals), wordOf(row.reason, "unplaced")])));
  }
  if (it.relaxations.length > 0) {
    parts.push(element("h3", say("campaigns.js_relaxations")));
    const list = element("ul");
    it.relaxations.forEach((text, place) => {
      const remedy = it.remedies[place];
      const more = remedy && say("said.js_more", { change: sentence(remedy.change, text), n: remedy.terminals });
      list.append(element("li", more ?? text));
    });
    parts.push(list);
  }
  if (it.cut_short) {
    parts.push(element("p", say("campaigns.js_cut_short"), { class: "quiet" }));
  }
  preview.replaceChildren(...parts);
}

let waiting;
const takeWaves = setUpWaves(form, () => later());
let asked;
let shown = "";

async function ask() {
  takeWaves();
  const body = bodyOf(form);
  body.name ||= "preview";
  if (!body.deadline_at || !body.duration_minutes || (kind.value === "firmware" && (!body.work.artifact || !body.work.version))) {
    return;
  }
  const text = JSON.stringify(body);
  if (text === shown) {
    return;
  }
  asked?.abort();
  asked = new AbortController();
  preview.setAttribute("aria-busy", "true");
  const result = await post("/campaigns/preview", body, { signal: asked.signal });
  if (result.aborted) {
    return;
  }
  preview.removeAttribute("aria-busy");
  shown = text;
  if (result.ok) {
    show(result.body);
  } else {
    preview.replaceChildren(element("p", result.problem.detail ?? result.problem.title, { class: "problem" }));
    if (result.status === 409) {
      shown = "";
      later(3000);
    }
  }
}

function later(milliseconds = 600) {
  clearTimeout(waiting);
  waiting = setTimeout(ask, milliseconds);
}

kind.addEventListener("change", () => {
  showKind();
  later();
});
showKind();
