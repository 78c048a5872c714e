// Appointments that are edited: the selection, its bar and dialogs, one appointment's dialog, and what happens when
// somebody else was quicker. The timeline and the list share it; both call `setUp`.

import { get, post } from "./api.js";
import { showModal } from "./dialog.js";
import { ruleName, showProblem } from "./problem.js";
import { toast, toastProblem } from "./toast.js";
import { clock, day, instantOf, locale, moment, say, sentence, wordOf, zone } from "./words.js";

const byId = (id) => document.getElementById(id);
let refresh = () => location.reload();
const selected = new Map();
let last_selected = null;

export const elements = () => [...document.querySelectorAll("[data-appointment]")];
export const elementOf = (id) => document.querySelector(`[data-appointment="${id}"]`);

export function announce(text) {
  byId("schedule-live").textContent = text;
}

// --- The selection ---

function mark(element, is_selected) {
  if (element.type === "checkbox") {
    element.checked = is_selected;
  } else {
    element.setAttribute("aria-pressed", is_selected);
  }
}

function showSelection() {
  for (const element of elements()) {
    mark(element, selected.has(element.dataset.appointment));
  }
  const text = say("schedule.js_selected", { n: selected.size });
  byId("selection").hidden = selected.size === 0;
  byId("selection-count").textContent = text;
}

export function toggle(element, through = false) {
  const id = element.dataset.appointment;
  const on = !selected.has(id);
  const all = elements();
  const from = through && last_selected ? all.findIndex((it) => it.dataset.appointment === last_selected) : -1;
  const to = all.indexOf(element);
  const range = from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [element];
  for (const it of range) {
    if (on) {
      selected.set(it.dataset.appointment, it.dataset.serial);
    } else {
      selected.delete(it.dataset.appointment);
    }
  }
  last_selected = id;
  byId("selection-problem").replaceChildren();
  showSelection();
  announce(say("schedule.js_selected", { n: selected.size }));
}

// After the rows were asked for again: what is no longer there is no longer selected.
export function keepSelection() {
  for (const id of selected.keys()) {
    if (!elementOf(id)) {
      selected.delete(id);
    }
  }
  showSelection();
}

const items = (more = () => ({})) => [...selected.keys()].map((id) => {
  const data = elementOf(id)?.dataset ?? {};
  return { id: Number(id), etag: data.etag, ...more(data) };
});

// Edits several, all or none; `undo` makes the way back from the answer.
async function batch(action, list, { reason, region, said, undo }) {
  const result = await post("/appointments/batch", { action, items: list, reason: reason || undefined });
  if (!result.ok) {
    showProblem(region, withItems(result.problem), result.status);
    return false;
  }
  const changed = result.body.appointments;
  region.replaceChildren();
  await refresh();
  toast(said(changed.length), undo && (async () => {
    const back = await post("/appointments/batch", undo(changed));
    await refresh();
    return back;
  }), () => elementOf(changed[0]?.id));
  return true;
}

// A problem of several things is told thing by thing.
function withItems(problem) {
  const refusals = [];
  for (const item of problem.items ?? []) {
    const serial = elementOf(item.id)?.dataset.serial ?? String(item.id);
    if (item.refusals?.length) {
      refusals.push(...item.refusals);
    } else {
      refusals.push({ serial, rule: item.code, message: item.detail });
    }
  }
  return refusals.length ? { ...problem, refusals } : problem;
}

const back = (changed) => ({
  action: "move", items: changed.filter((it) => it.previous).map((it) => ({ id: it.id, at: it.previous.starts_at, etag: it.etag })),
});

function setUpSelection() {
  const region = byId("selection-problem");
  byId("selection").addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    const action = button?.dataset.batch;
    if (action) {
      const other = action === "pin" ? "unpin" : "pin";
      await batch(action, items(), {
        region,
        said: (n) => say(action === "pin" ? "schedule.js_pinned" : "schedule.js_unpinned", { n }),
        undo: (changed) => ({ action: other, items: changed.map((it) => ({ id: it.id, etag: it.etag })) }),
      });
    } else if (button && "clear" in button.dataset) {
      selected.clear();
      region.replaceChildren();
      showSelection();
      elementOf(last_selected)?.focus();
    } else if (button && "replan" in button.dataset) {
      const result = await post("/plans", { replan: true, only: { appointments: [...selected.keys()].map(Number) } });
      if (result.ok) {
        toast(say("schedule.js_planning", { id: result.body.id }));
        location.assign(`/plans/${result.body.id}`);
      } else {
        showProblem(region, result.problem, result.status);
      }
    }
  });
  byId("shift-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const shift = Number(form.nights.value) * 1440 + Number(form.hours.value) * 60 + Number(form.minutes.value);
    if (shift === 0) {
      form.querySelector(".problem").textContent = say("schedule.js_not_moved");
      form.nights.focus();
      return;
    }
    const done = await batch("move", items(() => ({ shift_minutes: shift })), {
      reason: form.reason.value.trim(), region: form.querySelector(".problem"), said: (n) => say("schedule.js_moved_many", { n }), undo: back,
    });
    if (done) {
      form.closest("dialog").close();
    }
  });
  byId("cancel-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const done = await batch("cancel", items(), {
      reason: form.reason.value.trim(), region: form.querySelector(".problem"), said: (n) => say("schedule.js_cancelled", { n }),
    });
    if (done) {
      form.closest("dialog").close();
      selected.clear();
      showSelection();
    }
  });
  for (const dialog of document.querySelectorAll("#shift-dialog, #cancel-dialog")) {
    dialog.addEventListener("offpeak:open", () => dialog.querySelector(".problem").replaceChildren());
  }
}

// --- When it may start ---

const kept = new Map();

// The rules' answer for every slot between two instants, as `{ runs }`, or `{ problem, status }` where there is none;
// asked once for each version of an appointment.
export async function startsOf(element, from, to) {
  const { appointment, etag } = element.dataset;
  const key = `${appointment} ${etag} ${from} ${to}`;
  if (!kept.has(key)) {
    kept.set(key, get(`/appointments/${appointment}/starts?from=${iso(from)}&to=${iso(to)}`));
    const result = await kept.get(key);
    // Others fill budgets meanwhile: an answer is good for a short while.
    setTimeout(() => kept.delete(key), result.ok ? 15000 : 0);
  }
  const { ok, body, problem, status } = await kept.get(key);
  return ok ? { runs: body.runs.map((run) => ({ ...run, from: Date.parse(run.from), to: Date.parse(run.to) })) } : { problem, status };
}

export const iso = (at) => new Date(at).toISOString().replace(".000Z", "Z");
export const runAt = (runs, at) => runs?.find((run) => run.from <= at && at < run.to);

// A run's sentence is about its first slot; where it names the asked time itself, it is told for another slot.
const NAMES_THE_TIME = ["past", "outside_windows", "in_blackout"];
function saidAt(said, by) {
  if (!NAMES_THE_TIME.includes(said?.code)) {
    return said;
  }
  const facts = Object.entries(said.facts).map(([name, fact]) => [name, name.endsWith("_at") ? iso(Date.parse(fact) + by) : fact]);
  return { ...said, facts: Object.fromEntries(facts) };
}

export function answerFor(run, at) {
  if (!run) {
    return say("schedule.js_outside");
  }
  const rules = (run.rules ?? []).map((it) => `${ruleName(it.rule)} – ${sentence(saidAt(it.said, at - run.from), it.message)}`).join("; ");
  return run.legal ? say("schedule.js_legal", { at: moment(at) }) : say("schedule.js_illegal", { at: moment(at), rules });
}

// --- Moving one ---

// Moves it, if nobody was quicker and the rules allow it; whether it was moved.
export async function moveTo(element, at, { reason, region, etag } = {}) {
  const { appointment, serial, from } = element.dataset;
  if (Date.parse(from) === at) {
    announce(say("schedule.js_same"));
    return false;
  }
  const body = { at: iso(at), reason: reason || undefined };
  const result = await post(`/appointments/${appointment}/move`, body, { ifMatch: etag ?? element.dataset.etag });
  if (result.ok) {
    kept.clear();
    const moved = result.body;
    await refresh();
    announce(say("schedule.js_moved", { serial, at: moment(moved.starts_at) }));
    toast(say("schedule.js_moved", { serial, at: moment(moved.starts_at) }), moved.previous && (async () => {
      const undone = await post(`/appointments/${appointment}/move`, { at: moved.previous.starts_at }, { ifMatch: moved.etag });
      kept.clear();
      await refresh();
      return undone;
    }), () => elementOf(appointment));
    return true;
  }
  if (result.status === 412) {
    showConflict(element, at, reason, result.problem);
    return false;
  }
  const rules = (result.problem.refusals ?? []).map((it) => `${ruleName(it.rule)} – ${sentence(it.said, it.message)}`).join("; ") || result.problem.detail;
  announce(say("schedule.js_refused", { serial, at: moment(from), rules }));
  if (region) {
    showProblem(region, result.problem, result.status);
  } else {
    toastProblem(result.problem, result.status);
  }
  return false;
}

function facts(list, pairs) {
  list.replaceChildren();
  for (const [name, value] of pairs) {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    row.append(term, text);
    list.append(row);
  }
}

function showConflict(element, wanted, reason, problem) {
  byId("move-dialog").close();
  const now = problem.current;
  facts(byId("conflict-facts"), [
    [say("schedule.js_serial"), now.serial],
    [say("schedule.js_stands_at"), `${moment(now.starts_at)}–${clock(now.ends_at)}`],
    [say("schedule.js_state"), wordOf(now.state)],
    [say("schedule.js_revision"), String(now.revision)],
    [say("schedule.js_you_wanted"), moment(wanted)],
  ]);
  const dialog = byId("conflict-dialog");
  byId("conflict-again").onclick = () => {
    dialog.close();
    moveTo(elementOf(element.dataset.appointment) ?? element, wanted, { reason, etag: problem.etag });
  };
  byId("conflict-leave").onclick = () => {
    dialog.close();
    refresh();
  };
  dialog.oncancel = () => refresh();
  showModal(dialog, element);
}

// --- One appointment's dialog ---

let opened = null;

export async function openDialog(element) {
  opened = element;
  const { serial, site, from, to, state, work, revision, movable, pinned } = element.dataset;
  const form = byId("move-form");
  form.querySelector(".problem").replaceChildren();
  byId("move-answer").textContent = movable === undefined ? say("schedule.js_not_movable") : "";
  facts(byId("move-facts"), [
    [say("schedule.js_serial"), `${serial} · ${site}`],
    [say("schedule.js_when"), `${moment(from)}–${clock(to)} (${zone})`],
    [say("schedule.js_work"), work],
    [say("schedule.js_state"), wordOf(state)],
    [say("schedule.js_revision"), revision],
  ]);
  byId("move-terminal").href = `/terminals/${encodeURIComponent(serial)}`;
  form.at.value = localField(from);
  form.reason.value = "";
  for (const field of [form.at, form.legal, form.reason, form.querySelector('[type="submit"]'), form.querySelector("[data-one]")]) {
    field.disabled = movable === undefined;
  }
  form.querySelector("[data-one]").hidden = movable === undefined || pinned !== undefined;
  form.legal.replaceChildren(form.legal.options[0]);
  showModal(byId("move-dialog"));
  if (movable !== undefined) {
    offerLegal(element, form);
  }
}

async function offerLegal(element, form) {
  const day_ms = 86400000;
  const from = Math.max(Date.now(), Date.parse(element.dataset.from) - 2 * day_ms);
  const start = Math.floor(Math.min(from, Date.parse(element.dataset.from)) / 3600000) * 3600000;
  const { runs, problem, status } = await startsOf(element, start, start + 9 * day_ms);
  if (opened !== element) {
    return;
  }
  if (!runs) {
    showProblem(form.querySelector(".problem"), problem, status);
    return;
  }
  const step = Number(document.querySelector("[data-slot]")?.dataset.slot ?? 15) * 60000;
  const groups = new Map();
  for (const run of runs.filter((it) => it.legal)) {
    for (let at = run.from; at < run.to; at += step) {
      const name = day(at);
      groups.set(name, [...(groups.get(name) ?? []), at]);
    }
  }
  for (const [name, list] of groups) {
    const group = document.createElement("optgroup");
    group.label = name;
    for (const at of list) {
      group.append(new Option(clock(at), localField(at)));
    }
    form.legal.append(group);
  }
}

// What a `datetime-local` field holds for an instant, in the page's zone.
function localField(at) {
  const options = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  const parts = Object.fromEntries(new Intl.DateTimeFormat(locale, options).formatToParts(new Date(at)).map((it) => [it.type, it.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

function setUpDialog() {
  const form = byId("move-form");
  form.legal.addEventListener("change", () => {
    if (form.legal.value) {
      form.at.value = form.legal.value;
      byId("move-answer").textContent = say("schedule.js_legal", { at: moment(instantOf(form.at.value)) });
    }
  });
  form.at.addEventListener("change", async () => {
    const at = Date.parse(instantOf(form.at.value));
    byId("move-answer").textContent = say("schedule.js_asking", { at: moment(at) });
    const slot = 3600000;
    const { runs, problem, status } = await startsOf(opened, Math.floor(at / slot) * slot, (Math.floor(at / slot) + 1) * slot);
    byId("move-answer").textContent = runs ? answerFor(runAt(runs, at), at) : "";
    if (!runs) {
      showProblem(form.querySelector(".problem"), problem, status);
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const at = Date.parse(instantOf(form.at.value));
    if (await moveTo(opened, at, { reason: form.reason.value.trim(), region: form.querySelector(".problem") })) {
      byId("move-dialog").close();
    }
  });
  form.querySelector("[data-one]").addEventListener("click", async () => {
    const { appointment, etag } = opened.dataset;
    const done = await batch("pin", [{ id: Number(appointment), etag }], {
      region: form.querySelector(".problem"), said: (n) => say("schedule.js_pinned", { n }),
      undo: (changed) => ({ action: "unpin", items: changed.map((it) => ({ id: it.id, etag: it.etag })) }),
    });
    if (done) {
      byId("move-dialog").close();
    }
  });
}

// From an appointment to what can be done with the selection, and back, without all that lies between them.
function setUpShortcut() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key.toLowerCase() === "s" && event.target.closest("[data-appointment]") && selected.size > 0) {
      event.preventDefault();
      byId("selection").querySelector("button").focus();
    } else if (event.key === "Escape" && event.target.closest("#selection")) {
      elementOf(last_selected)?.focus();
    }
  });
}

// `again` asks for the rows once more and puts them in place; it ends with `keepSelection`.
export function setUp(again) {
  refresh = again;
  setUpSelection();
  setUpShortcut();
  setUpDialog();
}
