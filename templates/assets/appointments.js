// The list of appointments: rows are selected by their boxes and opened by their buttons; the same edits as on the
// timeline.

import { elementOf, keepSelection, openDialog, setUp, toggle } from "./editing.js";

document.addEventListener("click", (event) => {
  const box = event.target.closest("input[data-appointment]");
  if (box) {
    // The box has changed already; the selection decides how it stands.
    box.checked = !box.checked;
    setTimeout(() => toggle(box, event.shiftKey));
    event.preventDefault();
    return;
  }
  const opener = event.target.closest("[data-open]");
  if (opener) {
    openDialog(elementOf(opener.dataset.open));
  }
});

async function again() {
  const opener = document.activeElement?.dataset.open;
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("list");
  if (fresh) {
    document.getElementById("list").replaceWith(document.adoptNode(fresh));
    keepSelection();
    document.querySelector(`[data-open="${opener}"]`)?.focus();
  }
}

setUp(again);
document.addEventListener("offpeak:event", (event) => {
  if (["appointment", "plan", "resync"].includes(event.detail.kind) && !document.querySelector("dialog[open]")) {
    again();
  }
});
