// Which terminals a campaign picks, and what is with each. It is asked for when the page is there: in a large fleet it
// takes a while to count.

import { get } from "./api.js";
import { facts, table } from "./campaign_parts.js";
import { showProblem } from "./problem.js";
import { say, wordOf } from "./words.js";

const part = document.getElementById("targets");

function paragraph(n) {
  const made = document.createElement("p");
  const link = document.createElement("a");
  link.href = "/plans";
  link.textContent = say("campaigns.js_plans");
  made.append(say("campaigns.js_without_why", { n }), " ", link);
  return made;
}

async function show() {
  const region = part.querySelector('[role="status"]');
  const { ok, body, problem, status } = await get(part.dataset.targets);
  if (!ok) {
    showProblem(region, problem, status);
    return;
  }
  const number = (value) => value.toLocaleString("en-US");
  const parts = [facts([
    [say("campaigns.js_picked"), number(body.selected)],
    [say("campaigns.js_scheduled"), number(body.scheduled)],
    [say("campaigns.js_without"), number(body.to_plan)],
  ])];
  if (body.to_plan > 0 && part.dataset.state === "active") {
    parts.push(paragraph(body.to_plan));
  }
  if (body.skipped.length > 0) {
    parts.push(table(say("campaigns.js_skipped"), [say("campaigns.js_terminals"), say("campaigns.js_why")], body.skipped.map((row) => [number(row.terminals), wordOf(`skip_${row.reason}`, "said")])));
  }
  region.replaceChildren(...parts);
}

if (part) {
  show();
  document.addEventListener("offpeak:event", ({ detail: { kind } }) => {
    if (["plan", "campaign", "resync"].includes(kind)) {
      show();
    }
  });
}
