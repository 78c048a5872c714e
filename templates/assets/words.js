// The page's language: messages whose key begins with `js_`, instants in the page's zone.

const { locale, words } = await import(document.documentElement.dataset.words);
export const zone = document.documentElement.dataset.zone;
export { locale };

// A message, with its `{names}` filled in; of two forms the one that `n` asks for.
export function say(key, values = {}) {
  const forms = (words[key] ?? key).split(" | ");
  const text = forms.length > 1 && values.n !== 1 ? forms.at(-1) : forms[0];
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole));
}

const shown = (value) => (typeof value === "number" ? value.toLocaleString("en-US") : String(value));

// A state, a kind, a reason: what the API says as a code. One without a word is shown as it is.
export const wordOf = (code, room = "word") => words[`${room}.${code}`] ?? code.replaceAll("_", " ");

// A sentence that the service gives as data, in the reader's language; `english` where it is not known here.
// src/web/pages/said.rs does the same for the pages.
export function sentence(said, english) {
  const key = `said.${said?.code}`;
  if (!(key in words)) {
    return english;
  }
  const facts = Object.entries(said.facts).map(([name, fact]) => [name, name.endsWith("_at") ? moment(fact) : name.endsWith("_minutes") ? length(fact) : fact]);
  return say(key, Object.fromEntries(facts));
}

function length(minutes) {
  const unit = minutes < 120 ? "minutes" : minutes >= 2880 ? "days" : minutes % 60 === 0 || minutes >= 600 ? "hours" : "hours_minutes";
  const n = { minutes, days: Math.floor(minutes / 1440) }[unit] ?? Math.floor(minutes / 60);
  return say(`format.${unit}`, { n, minutes: minutes % 60 });
}

export const knows = (key) => key in words;

const formats = new Map();
function format(name, options) {
  if (!formats.has(name)) {
    formats.set(name, new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, { timeZone: zone, hourCycle: "h23", ...options }));
  }
  return formats.get(name);
}

// `02:15`, in the page's zone.
export const clock = (at) => format("clock", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
// `Tue 24 Nov`, `11月24日周二`.
export const day = (at) => format("day", { weekday: "short", day: "numeric", month: "short" }).format(new Date(at)).replace(",", "");
export const moment = (at) => `${day(at)} ${clock(at)}`;

// What a `datetime-local` field holds, read in the page's zone; RFC 3339 in UTC. An hour that a zone skips or
// repeats is read as the server reads it: the earlier of the two, the first one after the gap.
export function instantOf(field) {
  const wall = Date.parse(`${field}Z`);
  if (Number.isNaN(wall)) {
    return field;
  }
  const offset = (at) => {
    const parts = Object.fromEntries(format("parts", { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" }).formatToParts(at).map((part) => [part.type, Number(part.value)]));
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(at / 60000) * 60000;
  };
  const guesses = [offset(wall - 86400000), offset(wall + 86400000)].map((by) => wall - by);
  const right = guesses.filter((at) => at + offset(at) === wall);
  return new Date(right.length > 0 ? Math.min(...right) : Math.max(...guesses)).toISOString().replace(".000", "");
}
