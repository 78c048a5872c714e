// Sends `<form data-api-method data-api-path>` to the API as JSON, and shows what comes of it. docs/pages.md says how
// a form is written.

import { newKey, send } from "./api.js";
import { ask } from "./dialog.js";
import { fieldErrors, showProblem } from "./problem.js";
import { toast, toastAfterLoad } from "./toast.js";
import { instantOf, say } from "./words.js";

// The value of a field as JSON; undefined where it was left empty and is left out.
function valueOf(field, text) {
  const empty = "null" in field.dataset ? null : undefined;
  switch (field.dataset.type ?? (field.type === "number" ? "number" : field.type === "datetime-local" ? "instant" : "text")) {
    case "number":
      return text === "" ? empty : Number(text);
    case "boolean":
      return text === "" ? empty : text === "true";
    case "instant":
      return text === "" ? empty : instantOf(text);
    case "lines":
      return text.split("\n").map((line) => line.trim()).filter(Boolean);
    case "list":
      return text.split(",").map((word) => word.trim()).filter(Boolean);
    case "tags":
      return Object.fromEntries(text.split("\n").filter((line) => line.trim()).map((line) => {
        const [name, ...value] = line.split("=");
        return [name.trim(), value.join("=").trim()];
      }));
    case "json":
      return text === "" ? empty : JSON.parse(text);
    default:
      return text === "" && !("keepEmpty" in field.dataset) ? empty : text;
  }
}

function put(body, name, value) {
  const path = name.split(".");
  const last = path.pop();
  const place = path.reduce((inner, step) => (inner[step] ??= {}), body);
  place[last] = value;
}

// What the form says, as the body of a request. Several checkboxes of one name with values are a list; one without a
// value is true or false. Fields marked `data-path-only` fill the path and are not sent.
export function bodyOf(form, submitter) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || "pathOnly" in field.dataset || ["submit", "button", "fieldset"].includes(field.type)) {
      continue;
    }
    if (field.type === "checkbox") {
      if (!field.hasAttribute("value")) {
        put(body, field.name, field.checked);
      } else {
        const known = form.querySelectorAll(`input[type=checkbox][name="${CSS.escape(field.name)}"]:checked`);
        put(body, field.name, [...known].map((it) => it.value));
      }
      continue;
    }
    if (field.type === "radio" && !field.checked) {
      continue;
    }
    const value = field.multiple ? [...field.selectedOptions].map((it) => it.value) : valueOf(field, field.value.trim());
    if (value !== undefined) {
      put(body, field.name, value);
    }
  }
  if (submitter?.name) {
    put(body, submitter.name, valueOf(submitter, submitter.value));
  }
  return body;
}

// `{name}` in a path is the field of that name.
export const pathOf = (form, path) => path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name]?.value.trim() ?? ""));

function regionOf(form) {
  let region = form.querySelector(".problem");
  if (!region) {
    region = document.createElement("div");
    region.className = "problem";
    (form.querySelector(".actions") ?? form.lastElementChild).before(region);
  }
  region.setAttribute("role", "alert");
  region.tabIndex = -1;
  return region;
}

export function clearMarks(form) {
  form.querySelectorAll(".field-problem").forEach((mark) => mark.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });
}

// A problem names its field by name: as `errors`, or as the `field` of the whole. Says whether every one was found.
export function markFields(form, problem) {
  const marks = fieldErrors(problem);
  if (problem.field) {
    marks.push([problem.field, problem.detail]);
  }
  let found = marks.length > 0;
  for (const [name, message] of marks) {
    const field = form.elements[name] ?? form.querySelector(`[name^="${CSS.escape(name)}."]:enabled`);
    if (!(field instanceof HTMLElement)) {
      found = false;
      continue;
    }
    const mark = document.createElement("span");
    mark.className = "field-problem";
    mark.id = `problem-${newKey().slice(0, 8)}`;
    mark.textContent = message;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", mark.id);
    field.after(mark);
  }
  return found;
}

async function submit(form, submitter) {
  const region = regionOf(form);
  const from = submitter?.dataset.apiPath ? submitter : form;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !(await ask(question, { yes: submitter?.textContent.trim(), bad: submitter?.classList.contains("bad") }))) {
    return;
  }
  region.replaceChildren();
  clearMarks(form);
  let body;
  try {
    body = bodyOf(form, submitter);
  } catch (error) {
    showProblem(region, { code: "invalid", detail: error.message }, 422);
    return;
  }
  const method = (from.dataset.apiMethod ?? form.dataset.apiMethod).toUpperCase();
  const path = pathOf(form, from.dataset.apiPath);
  // The key stays the same until the server has answered: sent twice, it is done once.
  form.dataset.key ??= newKey();
  const busy = [...form.querySelectorAll("button:not(:disabled)")];
  busy.forEach((button) => (button.disabled = true));
  form.setAttribute("aria-busy", "true");
  const result = await send(method, path, method === "DELETE" ? undefined : body, { ifMatch: form.dataset.ifMatch, key: form.dataset.key });
  form.removeAttribute("aria-busy");
  busy.forEach((button) => (button.disabled = false));
  if (result.status !== 0) {
    delete form.dataset.key;
  }
  if (!result.ok) {
    showProblem(region, result.problem, result.status);
    markFields(form, result.problem);
    (form.querySelector('[aria-invalid="true"]') ?? region).focus();
    form.dispatchEvent(new CustomEvent("offpeak:refused", { bubbles: true, detail: result }));
    return;
  }
  const done = new CustomEvent("offpeak:done", { bubbles: true, cancelable: true, detail: { ...result, submitter } });
  if (form.dispatchEvent(done)) {
    arrive(form, from, result);
  }
}

// What is sent to take it back, as it stood when the page was made.
function undoBody(from, form) {
  const text = from.dataset.undoBody ?? form.dataset.undoBody;
  return text === undefined ? undefined : JSON.parse(text);
}

// After a success: `data-then` says where to go, `reload` unless told; `stay` stays. A path may name members of the
// answer: `/campaigns/{name}`. Where a second person has to say yes first, `data-asked` says it, with fields of the form.
function arrive(form, from, { body }) {
  // It waits for a second person, and nothing has changed yet: where it waits says so for as long as it does.
  if (body?.code === "approval_needed") {
    toastAfterLoad(say("approvals.js_waits"));
    const asked = from.dataset.asked ?? form.dataset.asked;
    go(asked ? pathOf(form, asked) : `/approvals#approval-${body.approval.id}`);
    return;
  }
  const text = from.dataset.said ?? form.dataset.said ?? say("shell.js_saved");
  const fill = (path) => path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(body?.[name] ?? ""));
  const undo_path = from.dataset.undoPath ?? form.dataset.undoPath ?? (body?.undo && "/undo/{undo}");
  const undo = undo_path && { method: from.dataset.undoMethod ?? form.dataset.undoMethod ?? "POST", path: fill(undo_path), body: undoBody(from, form) };
  const then = from.dataset.then ?? form.dataset.then ?? "reload";
  if (then === "stay") {
    form.closest("dialog")?.close();
    toast(text, undo && (() => send(undo.method, undo.path, undo.body ?? {})));
    return;
  }
  toastAfterLoad(text, undo);
  go(then === "reload" ? location.href : fill(then));
}

function go(address) {
  const to = new URL(address, location.href);
  if (to.pathname + to.search === location.pathname + location.search) {
    // A place on the same page alone would show it as it was.
    history.replaceState(null, "", to);
    location.reload();
  } else {
    location.assign(to);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.apiPath || event.submitter?.dataset.apiPath) {
    event.preventDefault();
    submit(form, event.submitter);
  }
});
