// Says what was done, at the foot of the page; with a way back, where there is one.

import { showProblem } from "./problem.js";
import { say } from "./words.js";

const STAYS_MS = 12000;
const KEPT = "offpeak-toast";

// `back` finds what the focus goes to when a toast goes that has it.
export function toast(text, undo, back) {
  const box = document.createElement("div");
  box.className = "toast";
  const leaves = () => {
    const held = box.contains(document.activeElement);
    box.remove();
    if (held) {
      (back?.() ?? document.getElementById("main")).focus();
    }
  };
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  if (undo) {
    const way = button(say("shell.js_undo"), async (pressed) => {
      // It keeps the focus meanwhile: a button that is off would lose it.
      if (pressed.getAttribute("aria-disabled") === "true") {
        return;
      }
      pressed.setAttribute("aria-disabled", "true");
      const result = await undo();
      if (result.ok) {
        leaves();
        toast(say("shell.js_undone"));
      } else {
        showProblem(words, result.problem, result.status);
        if (document.activeElement === pressed) {
          pressed.nextElementSibling.focus();
        }
        pressed.remove();
      }
    });
    way.dataset.undo = "";
    way.setAttribute("aria-keyshortcuts", "Control+Z Meta+Z");
    box.append(way);
  }
  box.append(button(say("shell.js_close"), leaves));
  document.getElementById("toasts").append(box);
  // Whoever holds it, or has to read a way back, is given longer.
  const leave = () => (box.matches(":hover, :focus-within, [data-stays]") ? setTimeout(leave, STAYS_MS) : box.remove());
  setTimeout(leave, undo ? 2 * STAYS_MS : STAYS_MS);
  return box;
}

// Why something cannot be; it stays until somebody has read it, with what leads on.
export function toastProblem(problem, status) {
  const box = toast("");
  box.dataset.stays = "";
  showProblem(box.querySelector("p"), problem, status);
  return box;
}

// Ctrl+Z and ⌘Z take back what was done last, where they do not take back what somebody writes.
document.addEventListener("keydown", (event) => {
  const writes = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || writes || document.querySelector("dialog[open]")) {
    return;
  }
  const ways = document.querySelectorAll(".toast [data-undo]");
  if (ways.length > 0) {
    event.preventDefault();
    ways[ways.length - 1].click();
  }
});

function button(text, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", () => press(made));
  return made;
}

// The same, on the page that comes next. `undo` is `{ method, path, body }`.
export function toastAfterLoad(text, undo) {
  sessionStorage.setItem(KEPT, JSON.stringify({ text, undo }));
}

export function showKeptToast(send) {
  const kept = sessionStorage.getItem(KEPT);
  if (!kept) {
    return;
  }
  sessionStorage.removeItem(KEPT);
  const { text, undo } = JSON.parse(kept);
  const back = undo && (async () => {
    const result = await send(undo.method, undo.path, undo.body ?? {});
    if (result.ok) {
      toastAfterLoad(say("shell.js_undone"));
      location.reload();
    }
    return result;
  });
  toast(text, back);
}
