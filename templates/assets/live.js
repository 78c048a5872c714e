// Keeps a page fresh: hears from the server what happens, asks for the page again, and exchanges the parts that
// changed. Says so when nothing is heard any more.

import { clock, say } from "./words.js";

const parts = () => document.querySelectorAll("[data-live]");
const listens = () => parts().length > 0 || document.querySelector("[data-listens]") !== null;
const freshness = document.getElementById("freshness");
const seconds = Math.min(60, ...[...parts()].map((part) => Number(part.dataset.seconds ?? 60)));
const GATHER_MS = 300;
const RETRY_MS = 5000;
let last_success = new Date();
let events = null;
let waiting = null;
let is_fresh = true;
let signed_out = false;
let retrying = null;
let listening_again = null;

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
  const live = events?.readyState === EventSource.OPEN && is_fresh;
  freshness.hidden = false;
  freshness.classList.toggle("stale", !live);
  const text = live ? say("shell.js_live") : say(signed_out ? "shell.js_ended" : "shell.js_lost", { at: clock(last_success) });
  // Said again only when it changes: a status is spoken.
  if (freshness.firstChild?.textContent === text) {
    return;
  }
  freshness.textContent = text;
  if (signed_out) {
    const link = document.createElement("a");
    link.href = `/sign-in?back=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = say("shell.js_sign_in");
    freshness.append(" ", link);
  }
}

// Whoever is no longer signed in, or reaches no server, sees what is old, whatever the stream did last.
function lost(status) {
  is_fresh = false;
  signed_out = status === 401;
  if (signed_out) {
    events.close();
  } else {
    clearTimeout(retrying);
    retrying = setTimeout(refresh, RETRY_MS);
  }
  report();
}

// A page whose scripts draw their rows themselves asks only whether it may still ask.
async function refresh() {
  if (document.hidden) {
    return;
  }
  const has_parts = parts().length > 0;
  let text;
  try {
    const answer = await fetch(has_parts ? location.href : "/api/v1/whoami", { cache: "no-store" });
    const ended = answer.status === 401 || new URL(answer.url).pathname === "/sign-in";
    if (ended || !answer.ok) {
      lost(ended ? 401 : answer.status);
      return;
    }
    text = await answer.text();
  } catch {
    lost(0);
    return;
  }
  if (has_parts) {
    exchange(new DOMParser().parseFromString(text, "text/html"));
  }
  last_success = new Date();
  is_fresh = true;
  signed_out = false;
  if (events.readyState === EventSource.CLOSED) {
    listening_again ??= setTimeout(listen, RETRY_MS);
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
    if (parts().length > 0) {
      refresh();
    }
  }, GATHER_MS);
}

const KINDS = [
  "appointment", "plan", "lock", "notice", "campaign", "wave", "gate", "programme", "budget", "window", "blackout", "merchant",
  "visit", "terminal", "fleet", "approval", "resync",
];

function listen() {
  clearTimeout(listening_again);
  listening_again = null;
  events?.close();
  events = new EventSource("/api/v1/events");
  events.addEventListener("open", () => {
    last_success = new Date();
    report();
    refresh();
  });
  events.addEventListener("error", () => {
    report();
    // The browser tries again by itself, but gives up where the server has answered with an error; which one, only a
    // question of our own finds out.
    if (events.readyState === EventSource.CLOSED) {
      refresh();
    }
  });
  for (const kind of KINDS) {
    events.addEventListener(kind, heard);
  }
}

if (listens()) {
  listen();
  setInterval(refresh, seconds * 1000);
  document.addEventListener("offpeak:refusal", ({ detail: { status } }) => {
    if (status === 0 || status === 401 || status >= 500) {
      lost(status);
    }
  });
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
