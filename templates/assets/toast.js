// Says what was done, at the foot of the page; with a way back, where there is one.

import { showProblem } from "./problem.js";
import { say } from "./words.js";

const STAYS_MS = 12000;
const KEPT = "offpeak-toast";

export function toast(text, undo) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  if (undo) {
    box.append(button(say("shell.js_undo"), async (pressed) => {
      pressed.disabled = true;
      const result = await undo();
      if (result.ok) {
        box.remove();
        toast(say("shell.js_undone"));
      } else {
        showProblem(words, result.problem, result.status);
        pressed.remove();
      }
    }));
  }
  box.append(button(say("shell.js_close"), () => box.remove()));
  document.getElementById("toasts").append(box);
  // Whoever holds it, or has to read a way back, is given longer.
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, STAYS_MS) : box.remove());
  setTimeout(leave, undo ? 2 * STAYS_MS : STAYS_MS);
  return box;
}

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
