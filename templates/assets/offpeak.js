// Keeps tonight's page fresh: asks for the page again and exchanges the parts that changed. The pages say
// everything without it.

const PERIOD_MILLISECONDS = 30_000;

const parts = () => document.querySelectorAll("[data-live]");
const freshness = document.getElementById("freshness");
let last_success = new Date();

// A part is left alone while somebody reads or holds something in it.
const inUse = (part) => part.contains(document.activeElement) || part.querySelector("details[open]") !== null;

function exchange(fresh) {
  for (const part of parts()) {
    const replacement = fresh.getElementById(part.id);
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
  const time = last_success.toLocaleTimeString("en-GB", { timeZone: "UTC" });
  freshness.textContent = problem
    ? `Not updated since ${time} UTC: the server does not answer.`
    : `Updated ${time} UTC, again every ${PERIOD_MILLISECONDS / 1000} seconds.`;
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
  setInterval(refresh, PERIOD_MILLISECONDS);
  document.addEventListener("visibilitychange", refresh);
}
