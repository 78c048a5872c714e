// The next step of a lock: the dialog offers those that may follow, asks again before one that ends the lock, and knows
// the one step that has a way back.

import "./fleet.js";

const dialog = document.getElementById("lock-step");

// What ends a lock cannot be taken back; a terminal that is not fixed after all goes back to its servicer.
function choose(form, from) {
  const option = form.elements.state.selectedOptions[0];
  const sets = {
    confirm: option?.dataset.sure,
    undoPath: from === "in_repair" && option?.value === "fixed" ? "/locks/{id}/state" : undefined,
    undoBody: JSON.stringify({ state: from }),
  };
  for (const [name, value] of Object.entries(sets)) {
    if (value === undefined) {
      delete form.dataset[name];
    } else {
      form.dataset[name] = value;
    }
  }
}

if (dialog) {
  const form = dialog.querySelector("form");
  const all = [...form.elements.state.options];
  let from;
  dialog.addEventListener("offpeak:open", ({ detail: opener }) => {
    from = opener.dataset.from;
    const steps = opener.dataset.steps.split(" ");
    form.elements.state.replaceChildren(...all.filter((option) => steps.includes(option.value)));
    form.elements.state.selectedIndex = 0;
    form.elements.reason.value = "";
    form.querySelector(".problem").replaceChildren();
    choose(form, from);
  });
  form.elements.state.addEventListener("change", () => choose(form, from));
}
