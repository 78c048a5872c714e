// The timeline: puts the chips where they belong; lets them be dragged, or carried by keyboard, over the rules' answer
// for every slot.

import { announce, answerFor, elements, keepSelection, moveTo, openDialog, runAt, setUp, startsOf, toggle } from "./editing.js";
import { toast, toastProblem } from "./toast.js";
import { moment, say } from "./words.js";

const timeline = document.getElementById("timeline");
const from = Date.parse(timeline.dataset.from);
const to = Date.parse(timeline.dataset.to);
const nights = Number(timeline.dataset.nights);
const slot = Number(timeline.dataset.slot) * 60000;
const by_hours = nights === 1;
const NIGHT = 86400000;
const LANE_REM = 1.75;
const DRAG_FROM_PX = 5;

// --- Laying out ---

const nightOf = (at) => Math.floor((at - from) / NIGHT);
const share = (at) => `${(100 * (at - from)) / (to - from)}%`;

function place(chip, at) {
  if (by_hours) {
    const length = Date.parse(chip.dataset.to) - Date.parse(chip.dataset.from);
    chip.style.left = share(at);
    chip.style.width = `${(100 * length) / (to - from)}%`;
  } else {
    chip.style.left = `calc(${(100 * nightOf(at)) / nights}% + 2px)`;
    chip.style.width = `calc(${100 / nights}% - 4px)`;
  }
}

function layOut() {
  timeline.style.setProperty("--step", by_hours ? `${100 / 24}%` : `${100 / nights}%`);
  for (const tick of timeline.querySelectorAll(".tick")) {
    tick.style.left = share(Date.parse(tick.dataset.at));
  }
  for (const track of timeline.querySelectorAll("ul.tl-track")) {
    const lanes = new Map();
    let deepest = 0;
    for (const chip of track.querySelectorAll(".chip")) {
      const at = Date.parse(chip.dataset.from);
      const lane = by_hours ? 0 : (lanes.get(nightOf(at)) ?? 0);
      lanes.set(nightOf(at), lane + 1);
      deepest = Math.max(deepest, lane);
      place(chip, at);
      chip.style.top = `${0.18 + lane * LANE_REM}rem`;
    }
    track.style.minHeight = `${1.9 + deepest * LANE_REM}rem`;
  }
  const now = Date.parse(timeline.dataset.now);
  timeline.querySelectorAll(".now-mark").forEach((mark) => mark.remove());
  if (now >= from && now < to) {
    const mark = document.createElement("span");
    mark.className = "now-mark";
    mark.style.left = share(now);
    timeline.querySelector(".tl-axis .tl-track").append(mark);
  }
  timeline.classList.add("js-laid");
}

// What somebody folded up stays folded when the rows are asked for again.
const folded = new Set();
function showFolds() {
  for (const site of timeline.querySelectorAll(".tl-site")) {
    const is_folded = folded.has(site.getAttribute("aria-label"));
    site.classList.toggle("folded", is_folded);
    site.querySelector(".fold").setAttribute("aria-expanded", !is_folded);
  }
}
timeline.addEventListener("click", (event) => {
  const site = event.target.closest(".fold")?.closest(".tl-site");
  if (site) {
    const name = site.getAttribute("aria-label");
    if (!folded.delete(name)) {
      folded.add(name);
    }
    showFolds();
  }
});

// Where work begins is what somebody wants to see first.
function scrollToWork() {
  const first = Math.min(...elements().map((chip) => Date.parse(chip.dataset.from)));
  if (by_hours && Number.isFinite(first)) {
    const track = timeline.querySelector(".tl-axis .tl-track");
    timeline.scrollLeft = Math.max(0, (track.offsetWidth * (first - from)) / (to - from) - 80);
  }
}

let zoom = 0;
document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
  zoom = Math.max(-1, Math.min(2, zoom + Number(button.dataset.zoom)));
  timeline.style.setProperty("--width", `${120 * 2 ** zoom}rem`);
}));

// --- What is carried ---

const tip = document.getElementById("legality");
let carried = null;

async function lift(chip, by_keyboard) {
  carried = { chip, at: Date.parse(chip.dataset.from), runs: null, by_keyboard };
  const mine = carried;
  chip.classList.add("carried");
  const { runs, problem, status } = await startsOf(chip, from, to);
  if (carried !== mine) {
    return;
  }
  if (!runs) {
    // The rules were not heard: it is not they that forbid it.
    pressed = null;
    setDown();
    toastProblem(problem, status);
    return;
  }
  carried.runs = runs;
  drawRuns(chip.closest(".tl-track"), runs);
  show();
}

function drawRuns(track, runs) {
  if (by_hours) {
    for (const run of runs) {
      addRun(track, share(Math.max(run.from, from)), `${(100 * (Math.min(run.to, to) - Math.max(run.from, from))) / (to - from)}%`, run.legal);
    }
    return;
  }
  for (let night = 0; night < nights; night += 1) {
    addRun(track, `${(100 * night) / nights}%`, `${100 / nights}%`, legalIn(runs, night).length > 0);
  }
}

function addRun(track, left, width, legal) {
  const item = document.createElement("li");
  item.className = `run ${legal ? "legal" : "no"}`;
  item.setAttribute("aria-hidden", "true");
  Object.assign(item.style, { left, width });
  track.prepend(item);
}

// Legal runs of a night.
const legalIn = (runs, night) => runs.filter((run) => run.legal && run.to > from + night * NIGHT && run.from < from + (night + 1) * NIGHT);

// In the view of nights a night is chosen, and the legal start nearest to the time of day that it has.
function startIn(night) {
  const wanted = Date.parse(carried.chip.dataset.from) + (night - nightOf(Date.parse(carried.chip.dataset.from))) * NIGHT;
  let best = null;
  for (const run of legalIn(carried.runs ?? [], night)) {
    const near = Math.min(Math.max(wanted, run.from), run.to - slot);
    const at = run.from + Math.round((near - run.from) / slot) * slot;
    if (best === null || Math.abs(at - wanted) < Math.abs(best - wanted)) {
      best = at;
    }
  }
  return best ?? wanted;
}

function show(x, y) {
  const { chip, at, runs, by_keyboard } = carried;
  const run = runAt(runs, at);
  place(chip, at);
  chip.classList.toggle("may", Boolean(run?.legal));
  chip.classList.toggle("may-not", runs !== null && !run?.legal);
  const text = runs === null ? say("schedule.js_asking", { at: moment(at) }) : answerFor(run, at);
  tip.textContent = text;
  tip.className = `legality ${runs === null ? "" : run?.legal ? "may" : "may-not"}`;
  tip.hidden = false;
  const box = chip.getBoundingClientRect();
  const left = x ?? box.left;
  const top = y ?? box.bottom;
  tip.style.left = `${Math.max(4, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${top + 14 + tip.offsetHeight > innerHeight ? box.top - tip.offsetHeight - 8 : top + 14}px`;
  if (by_keyboard) {
    announce(text);
  }
}

function setDown() {
  const { chip } = carried;
  chip.classList.remove("carried", "may", "may-not");
  timeline.querySelectorAll(".run").forEach((run) => run.remove());
  tip.hidden = true;
  place(chip, Date.parse(chip.dataset.from));
  carried = null;
  if (missed) {
    again();
  }
}

// Whoever still holds the button down does not lift it again: not before the next press.
function putBack() {
  const { chip } = carried;
  pressed = null;
  setDown();
  announce(say("schedule.js_put_back", { at: moment(chip.dataset.from) }));
}

async function drop() {
  const { chip, at, runs } = carried;
  const run = runAt(runs, at);
  if (Date.parse(chip.dataset.from) === at) {
    putBack();
    return;
  }
  setDown();
  if (runs !== null && !run?.legal) {
    const text = say("schedule.js_refused", { serial: chip.dataset.serial, at: moment(chip.dataset.from), rules: answerFor(run, at) });
    announce(text);
    toast(text);
    return;
  }
  await moveTo(chip, at);
}

// --- By pointer ---

let pressed = null;
let dragged = false;

timeline.addEventListener("pointerdown", (event) => {
  // A click may follow a drag, or none, as with a finger: what comes after the next press is no part of it.
  dragged = false;
  const chip = event.target.closest(".chip");
  if (chip && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && chip.dataset.movable !== undefined && !carried) {
    pressed = { chip, x: event.clientX, y: event.clientY, id: event.pointerId };
  }
});

addEventListener("pointermove", (event) => {
  if (!pressed || event.pointerId !== pressed.id) {
    return;
  }
  if (!carried) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < DRAG_FROM_PX) {
      return;
    }
    dragged = true;
    pressed.chip.setPointerCapture(pressed.id);
    lift(pressed.chip, false);
  }
  const track = pressed.chip.closest(".tl-track").getBoundingClientRect();
  if (by_hours) {
    const moved = ((event.clientX - pressed.x) / track.width) * (to - from);
    const at = Math.round((Date.parse(pressed.chip.dataset.from) + moved) / slot) * slot;
    carried.at = Math.max(from, Math.min(to - slot, at));
  } else {
    const night = Math.floor(((event.clientX - track.left) / track.width) * nights);
    carried.at = startIn(Math.max(0, Math.min(nights - 1, night)));
  }
  show(event.clientX, event.clientY);
});

addEventListener("pointerup", (event) => {
  if (pressed && event.pointerId === pressed.id) {
    pressed = null;
    if (carried && !carried.by_keyboard) {
      drop();
    }
  }
});
addEventListener("pointercancel", () => {
  pressed = null;
  if (carried) {
    putBack();
  }
});
// A chip that is dragged need not have the focus.
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && carried && !carried.by_keyboard) {
    event.preventDefault();
    putBack();
  }
});

timeline.addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (!chip) {
    return;
  }
  // A key presses a button by a click without a pointer.
  if (dragged && event.detail > 0) {
    dragged = false;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.shiftKey) {
    toggle(chip, event.shiftKey);
  } else if (!carried) {
    openDialog(chip);
  }
});

// --- By keyboard ---

function step(direction, to_legal) {
  if (!by_hours) {
    const night = nightOf(carried.at) + direction;
    carried.at = night < 0 || night >= nights ? carried.at : startIn(night);
    return;
  }
  let at = carried.at + direction * slot;
  if (to_legal && carried.runs) {
    while (at >= from && at < to && !runAt(carried.runs, at)?.legal) {
      at += direction * slot;
    }
    if (at < from || at >= to) {
      announce(say("schedule.js_no_legal"));
      return;
    }
  }
  carried.at = Math.max(from, Math.min(to - slot, at));
}

timeline.addEventListener("keydown", (event) => {
  const chip = event.target.closest(".chip");
  if (!chip) {
    return;
  }
  if (["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    if (chip.dataset.movable === undefined) {
      announce(say("schedule.js_not_movable"));
      return;
    }
    // It moves at once, whether the rules' answer is there yet or not; what is dropped the server looks at anyway.
    if (!carried) {
      const answered = lift(chip, true);
      carried.answered = answered;
    }
    const go = () => {
      if (carried?.chip === chip) {
        step(event.key === "ArrowLeft" ? -1 : 1, event.shiftKey);
        show();
        chip.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    };
    // Only where the next legal start is, has to be heard first.
    if (event.shiftKey && !carried.runs) {
      carried.answered.then(go);
    } else {
      go();
    }
  } else if (carried?.by_keyboard && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    drop();
  } else if (carried?.by_keyboard && event.key === "Escape") {
    event.preventDefault();
    putBack();
  } else if (event.key === " ") {
    event.preventDefault();
    toggle(chip);
  } else if (["ArrowUp", "ArrowDown"].includes(event.key) && !carried) {
    event.preventDefault();
    const all = elements();
    all[all.indexOf(chip) + (event.key === "ArrowUp" ? -1 : 1)]?.focus();
  }
});
// Enter and Space press a button when they are let go; what they did above is done.
timeline.addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.closest(".chip")) {
    event.preventDefault();
  }
});
// Whoever goes to something else on the page lets go of it; whoever looks at another window holds it still.
timeline.addEventListener("focusout", () => setTimeout(() => {
  if (carried?.by_keyboard && document.activeElement !== carried.chip) {
    putBack();
  }
}));

// --- Afresh ---

let asked = 0;
let shown = 0;
// Something has happened while a chip was carried: its row was left alone.
let missed = false;

async function again() {
  missed = carried !== null;
  if (missed) {
    return;
  }
  asked += 1;
  const mine = asked;
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const rows = fresh.getElementById("timeline-rows");
  // An answer that was overtaken by a later one is older than what is shown.
  if (!rows || carried || mine < shown) {
    missed ||= carried !== null;
    return;
  }
  shown = mine;
  timeline.dataset.now = fresh.getElementById("timeline").dataset.now;
  const focus = document.activeElement?.id;
  document.getElementById("timeline-rows").replaceWith(document.adoptNode(rows));
  layOut();
  showFolds();
  keepSelection();
  if (focus?.startsWith("appointment-")) {
    document.getElementById(focus)?.focus();
  }
}

layOut();
scrollToWork();
setUp(again);
document.addEventListener("offpeak:event", (event) => {
  if (["appointment", "plan", "resync"].includes(event.detail.kind)) {
    again();
  }
});
