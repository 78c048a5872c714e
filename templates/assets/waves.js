// Waves in a form: rows that are added and taken away, and what they say as one field, `waves`.

export function setUpWaves(form, changed = () => {}) {
  const rows = form.querySelector(".wave-rows");
  const adder = form.querySelector("[data-add-wave]");

  function add(values = {}) {
    const row = document.getElementById("wave").content.firstElementChild.cloneNode(true);
    for (const [of, value] of Object.entries(values)) {
      row.querySelector(`[data-of="${of}"]`).value = value;
    }
    const rest = [...rows.children].find((it) => it.querySelector('[data-of="share"]').value === "rest");
    if (rest && values.share !== "rest") {
      rest.before(row);
    } else {
      rows.append(row);
    }
    return row;
  }

  function take() {
    const waves = [...rows.children].map((row) => {
      const value = (of) => row.querySelector(`[data-of="${of}"]`).value.trim();
      const number = (of) => (value(of) === "" ? null : Number(value(of)));
      const soak = number("soak");
      return {
        share: value("share"),
        soak_minutes: soak === null ? null : Math.round(soak * 60),
        gate: { success_percent_min: number("success"), failures_max: value("failures") || null, sample_min: number("sample") },
      };
    });
    form.elements.waves.value = JSON.stringify(waves);
  }

  function said() {
    take();
    changed();
  }

  form.addEventListener("input", said);
  adder.addEventListener("click", () => {
    if (rows.children.length === 0) {
      add({ share: "rest" });
    }
    add().querySelector("input").focus();
    said();
  });
  form.querySelector("[data-usual-waves]")?.addEventListener("click", () => {
    rows.replaceChildren();
    ["1%", "10%", "rest"].forEach((share) => add({ share }));
    said();
  });
  rows.addEventListener("click", (event) => {
    if ("remove" in event.target.dataset) {
      event.target.closest("li").remove();
      adder.focus();
      said();
    }
  });
  take();
  return take;
}
