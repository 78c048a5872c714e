// Keeps a page fresh: asks for it again and exchanges the parts that changed.

import { clock, say } from "./words.js";

const parts = () => document.querySelectorAll("[data-live]");
const seconds = Math.min(30, ...[...parts()].map((part) => Number(part.dataset.seconds ?? 30)));
const freshness = document.getElementById("freshness");
let last_success = new Date();

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
  const clock = fresh.getElementById("now");
  if (clock) {
    document.getElementById("now").replaceWith(document.adoptNode(clock));
  }
}

function report(problem) {
  freshness.hidden = false;
  freshness.classList.toggle("stale", problem);
  const at = clock(last_success);
  freshness.textContent = say(problem ? "shell.js_lost" : "shell.js_updated", { at });
}

async function refresh() {
  if (document.hidden) {
    return;
  }
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error(`status ${answer.status}`);
    }
    exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
    last_success = new Date();
    report(false);
  } catch {
    report(true);
  }
}

if (parts().length > 0) {
  report(false);
  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
}
