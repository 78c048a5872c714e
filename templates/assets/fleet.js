// Dialogs that serve many rows are filled by the button that opens them (`data-fill-visit="7"` fills the field `visit`),
// and the opening hours of the seven days become one text.

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("offpeak:open", ({ detail: opener }) => {
    for (const [key, value] of Object.entries(opener.dataset)) {
      if (!key.startsWith("fill")) {
        continue;
      }
      const name = key.slice(4).toLowerCase();
      const field = dialog.querySelector("form")?.elements[name];
      if (field && field.type === "hidden") {
        field.value = value;
      }
      for (const place of dialog.querySelectorAll(`[data-fill-text="${name}"]`)) {
        place.textContent = place.dataset.fillPattern.replace("{name}", value);
      }
    }
  });
}

for (const form of document.querySelectorAll("form[data-hours]")) {
  const compose = () => {
    const days = [...form.querySelectorAll("[data-day]")];
    form.elements.opening_hours.value = days.map((it) => `${it.dataset.day} ${it.value.replace(/\s+/g, "")}`).join("; ");
  };
  form.addEventListener("input", compose);
}
