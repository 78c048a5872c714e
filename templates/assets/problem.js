// Shows what the server has against something: an RFC 9457 problem in a region that screen readers speak.

import { knows, locale, moment, say, sentence } from "./words.js";

const element = (tag, text, className) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) {
    made.className = className;
  }
  return made;
};

// What a rule is called, where it has a name of ours.
export const ruleName = (rule) => (knows(`rule.js_${rule}`) ? say(`rule.js_${rule}`) : rule.replaceAll("_", " "));

// How many rules say no, or how many of several things cannot be: each is told below.
function countOf(problem) {
  const counts = { refused: problem.refusals, batch_refused: problem.items }[problem.code];
  return counts?.length ? say(`rule.js_many_${problem.code}`, { n: counts.length }) : null;
}

// What it is called in the reader's language, where that is not the server's, and what the server says.
function told(problem) {
  const detail = element("p", problem.detail ?? problem.title);
  const key = `problem.js_${problem.code}`;
  if (locale === "en" || !knows(key)) {
    return [detail];
  }
  detail.lang = "en";
  return [element("p", say(key)), detail];
}

export function showProblem(region, problem, status) {
  region.replaceChildren();
  region.classList.toggle("warn", status === 412);
  const code = problem.code ? ` (${problem.code})` : "";
  const whole = status === 412 ? say("shell.js_conflict") : status === 401 ? say("shell.js_signed_out") : countOf(problem);
  region.append(...(whole ? [element("p", whole)] : told(problem)));
  if (status === 412 || status === 401) {
    const link = element("a", say(status === 412 ? "shell.js_reload" : "shell.js_sign_in"));
    link.href = status === 412 ? location.href : `/sign-in?back=${encodeURIComponent(location.pathname + location.search)}`;
    region.append(link);
  }
  const list = element("ul", "");
  for (const refusal of problem.refusals ?? []) {
    const item = element("li", "");
    item.append(element("span", `${refusal.serial}: ${ruleName(refusal.rule)}`, "rule"), ` – ${sentence(refusal.said, refusal.message)}`);
    if (refusal.nearest_legal_at) {
      item.append(element("small", ` ${say("shell.js_nearest", { at: moment(refusal.nearest_legal_at) })}`));
    }
    list.append(item);
  }
  for (const row of problem.rows ?? []) {
    list.append(element("li", typeof row === "string" ? row : [row.file, row.line, row.message ?? row.error].filter(Boolean).join(": ")));
  }
  for (const finding of problem.findings ?? []) {
    list.append(element("li", `${finding.code}: ${finding.message}`));
  }
  // A single one is what the title says.
  const errors = fieldErrors(problem);
  for (const [name, message] of errors.length > 1 ? errors : []) {
    list.append(element("li", say("shell.js_field", { field: name, problem: message })));
  }
  if (list.childElementCount > 0) {
    region.append(list);
  }
  if (problem.retryAfter && status === 503) {
    region.append(element("p", say("shell.js_again_in", { seconds: problem.retryAfter })));
  }
  region.append(element("small", `${status || ""}${code}`.trim()));
}

// `errors` as `{ field: message }` or `[{ field, message }]`.
export function fieldErrors(problem) {
  const errors = problem.errors ?? problem.fields ?? [];
  return Array.isArray(errors) ? errors.map((it) => [it.field ?? it.name ?? "", it.message ?? it.detail ?? ""]) : Object.entries(errors);
}
