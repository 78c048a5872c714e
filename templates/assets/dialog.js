// Dialogs: `data-dialog="id"` on a button opens <dialog id>; `data-close` within closes it. `ask` is the question
// before something that cannot be taken back.

import { say } from "./words.js";

// Opens a dialog. When it closes, the focus goes back to what opened it, or to what has taken its place: a page that
// hears of changes draws its rows anew while a dialog is open.
export function showModal(dialog, opener = document.activeElement) {
  const again = addressOf(opener);
  dialog.showModal();
  dialog.addEventListener("close", () => {
    const at = document.activeElement;
    // A browser may leave it in the dialog that has just closed.
    const is_lost = !at || at === document.body || at.closest("dialog:not([open])") !== null;
    if (is_lost && !document.querySelector("dialog[open]")) {
      (opener?.isConnected ? opener : again && document.querySelector(again))?.focus();
    }
  }, { once: true });
}

// A selector that finds an element's successor: its id, or everything that names it.
function addressOf(element) {
  if (!element || element === document.body) {
    return null;
  }
  if (element.id) {
    return `#${CSS.escape(element.id)}`;
  }
  const names = Object.keys(element.dataset).map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  return element.localName + names.map((name) => `[data-${name}="${CSS.escape(element.getAttribute(`data-${name}`))}"]`).join("");
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    showModal(dialog, opener);
    dialog.dispatchEvent(new CustomEvent("offpeak:open", { detail: opener }));
    return;
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
});

export function ask(question, { yes = say("shell.js_yes"), bad = false } = {}) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    const form = document.createElement("form");
    form.method = "dialog";
    const title = document.createElement("h2");
    title.id = "ask-title";
    title.textContent = say("shell.js_confirm");
    const words = document.createElement("p");
    words.textContent = question;
    const actions = document.createElement("div");
    actions.className = "actions";
    const button = (text, value, className) => {
      const made = document.createElement("button");
      Object.assign(made, { value, textContent: text, className });
      return made;
    };
    actions.append(button(say("shell.js_no"), "no", "plain"), button(yes, "yes", bad ? "bad" : ""));
    form.append(title, words, actions);
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.append(form);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    showModal(dialog);
  });
}

// Menus of the bar close when somebody goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.activeElement?.closest("details.drop[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
