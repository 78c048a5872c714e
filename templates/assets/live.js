// Keeps a page fresh: hears from the server what happens, asks for the page again, and exchanges the parts that
// changed. Says so when nothing is heard any more.

import { clock, say } from "./words.js";

const parts = () => document.querySelectorAll("[data-live]");
const listens = () => parts().length > 0 || document.querySelector("[data-listens]") !== null;
const freshness = document.getElementById("freshness");
const seconds = Math.min(60, ...[...parts()].map((part) => Number(part.dataset.seconds ?? 60)));
const GATHER_MS = 300;
let last_success = new Date();
let events = null;
let waiting = null;
let is_fresh = true;

// A part is left alone while somebody reads or holds something in it.
const inUse = (part) => part.contains(document.activeElement) || part.querySelector("details[open]") !== null;

function exchange(fresh) {
  for (const part of parts()) {
    const replacement = fresh.getElementById(part.id);
    if (!replacement && "untilGone" in part.dataset) {
      // What was waited for is there: the page has other parts now.
      location.reload();
      return;
    }
    if (replacement && !inUse(part) && part.innerHTML !== replacement.innerHTML) {
      part.replaceWith(document.adoptNode(replacement));
    }
  }
  const clock_now = fresh.getElementById("now");
  if (clock_now) {
    document.getElementById("now").replaceWith(document.adoptNode(clock_now));
  }
}

function report() {
  const live = events?.readyState === EventSource.OPEN;
  freshness.hidden = false;
  freshness.classList.toggle("stale", !live || !is_fresh);
  const text = live && is_fresh ? say("shell.js_live") : say("shell.js_lost", { at: clock(last_success) });
  // Said again only when it changes: a status is spoken.
  if (freshness.textContent !== text) {
    freshness.textContent = text;
  }
}

async function refresh() {
  if (document.hidden || parts().length === 0) {
    return;
  }
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error(`status ${answer.status}`);
    }
    exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
    last_success = new Date();
    is_fresh = true;
  } catch {
    is_fresh = false;
  }
  report();
}

// What comes together is looked at once.
function heard(event) {
  last_success = new Date();
  let detail = { kind: event.type };
  try {
    detail = JSON.parse(event.data);
  } catch {
    // A comment or a line that is no event: the page is looked at all the same.
  }
  document.dispatchEvent(new CustomEvent("offpeak:event", { detail }));
  waiting ??= setTimeout(() => {
    waiting = null;
    refresh();
  }, GATHER_MS);
}

const KINDS = [
  "appointment", "plan", "lock", "notice", "campaign", "wave", "gate", "programme", "budget", "window", "blackout", "merchant",
  "visit", "terminal", "fleet", "approval", "resync",
];

function listen() {
  events?.close();
  events = new EventSource("/api/v1/events");
  events.addEventListener("open", () => {
    last_success = new Date();
    report();
    refresh();
  });
  events.addEventListener("error", () => {
    report();
    // The browser tries again by itself, but gives up where the server has answered with an error.
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(listen, 5000);
    }
  });
  for (const kind of KINDS) {
    events.addEventListener(kind, heard);
  }
}

if (listens()) {
  listen();
  setInterval(refresh, seconds * 1000);
  // A page that nobody sees holds no connection: a browser has few of them for one server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      events.close();
    } else {
      listen();
    }
  });
  addEventListener("pagehide", () => events.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
}
