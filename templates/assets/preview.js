// Shows what a form would mean while it is filled in: `<form data-preview="/windows/preview" data-preview-as="openings">`
// asks the service and writes the answer into `.preview`; what is wrong stands beside its field. Fields with
// `data-when="name=value"` are there only while that field says so.

import { post } from "./api.js";
import { bodyOf, clearMarks, markFields } from "./form.js";
import { fieldErrors } from "./problem.js";
import { moment, say } from "./words.js";

const WAIT_MS = 250;

const element = (tag, text, className) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) {
    made.className = className;
  }
  return made;
};

function list(items) {
  const made = document.createElement("ul");
  made.append(...items.map((item) => (item instanceof HTMLElement ? item : element("li", item))));
  return made;
}

const inScope = (n) => element("p", n === 0 ? say("rules.js_no_terminals") : say("rules.js_terminals", { n }), n === 0 ? "flag" : "");

// What each kind of answer says.
const drawn = {
  openings(answer) {
    const parts = answer.terminals === undefined ? [] : [inScope(answer.terminals)];
    if (answer.openings.length === 0) {
      return [...parts, element("p", say("rules.js_never"), "flag")];
    }
    const rows = answer.openings.map((it) => {
      const row = element("li", say("rules.js_until", { from: it.local_start, to: it.local_end }));
      if (it.note) {
        row.append(element("small", ` ${it.note}`));
      }
      return row;
    });
    return [...parts, element("h3", say("rules.js_openings", { zone: answer.time_zone })), list(rows)];
  },
  budget(answer) {
    if (answer.groups_in_all === 0) {
      return [element("p", say("rules.js_no_groups"), "flag")];
    }
    const parts = [element("p", say("rules.js_groups", { n: answer.groups_in_all, terminals: answer.terminals }))];
    parts.push(list(answer.groups.map((it) => say("rules.js_at_most", { group: it.group, n: it.at_most, all: it.terminals }))));
    if (answer.stuck > 0) {
      parts.push(element("p", say("rules.js_stuck", { n: answer.stuck }), "flag"));
    }
    if (answer.without_effect > 0) {
      parts.push(element("p", say("rules.js_without_effect", { n: answer.without_effect })));
    }
    return parts;
  },
  blackout(answer) {
    const parts = [inScope(answer.terminals)];
    if (answer.spans.length === 0) {
      return [...parts, element("p", say("rules.js_over"), "flag")];
    }
    parts.push(element("h3", say("rules.js_spans", { zone: answer.time_zone })));
    parts.push(list(answer.spans.map((it) => say("rules.js_until", { from: it.local_start, to: it.local_end }))));
    if (answer.appointments > 0) {
      parts.push(element("p", say("rules.js_inside", { n: answer.appointments }), "flag"));
    }
    return parts;
  },
  programme(answer) {
    const share = element("p", say("rules.js_picked", { n: answer.picked, all: answer.terminals }), answer.picked === 0 ? "flag" : "");
    return [share, element("h3", say("rules.js_due")), list(answer.due.map(moment))];
  },
};

function showParts(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, value] = part.dataset.when.split("=");
    const there = form.elements[name]?.value === value;
    part.hidden = !there;
    part.querySelectorAll("input, select, textarea").forEach((field) => (field.disabled = !there));
  }
}

function watch(form) {
  const region = form.querySelector(".preview");
  let timer;
  let running;
  const ask = async () => {
    running?.abort();
    // What must be filled in and is not yet: nothing is asked, and nothing is called wrong.
    if ([...form.elements].some((field) => field.required && !field.disabled && field.value.trim() === "")) {
      region.replaceChildren(element("p", say("rules.js_fill_in"), "hint"));
      clearMarks(form);
      return;
    }
    running = new AbortController();
    const result = await post(form.dataset.preview, bodyOf(form), { signal: running.signal });
    if (result.aborted) {
      return;
    }
    clearMarks(form);
    if (result.ok) {
      region.replaceChildren(...drawn[form.dataset.previewAs](result.body));
      return;
    }
    // Beside its field, and where what it would mean would stand: whoever looks there does not look at the field.
    markFields(form, result.problem);
    const wrong = fieldErrors(result.problem).map(([, message]) => message).filter(Boolean);
    region.replaceChildren(...(wrong.length > 0 ? wrong : [result.problem.detail]).map((text) => element("p", text, "field-problem")));
  };
  const changed = () => {
    showParts(form);
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  };
  form.addEventListener("input", changed);
  changed();
}

document.querySelectorAll("form[data-preview]").forEach(watch);
