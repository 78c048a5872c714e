// Asks /api/v1. Every change goes out with what the server wants of a browser: the token against foreign forms, a key
// that makes a repetition harmless, and, where the page knows it, the version that is changed.

import { say } from "./words.js";

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content;

// What came of it: `{ ok, status, body, etag, problem }`. It never throws.
export async function send(method, path, body, options = {}) {
  const result = await ask(method, path, body, options);
  // Whoever says whether the page is live hears of an end of the session, or of the server, here first.
  if (!result.ok && !result.aborted) {
    document.dispatchEvent(new CustomEvent("offpeak:refusal", { detail: { status: result.status } }));
  }
  return result;
}

async function ask(method, path, body, { ifMatch, key, signal }) {
  const headers = { accept: "application/json" };
  if (method !== "GET") {
    if (csrf()) {
      headers["x-csrf-token"] = csrf();
    }
    if (ifMatch) {
      headers["if-match"] = ifMatch;
    }
    if (method === "POST") {
      headers["idempotency-key"] = key ?? newKey();
    }
  }
  if (body !== undefined) {
    headers["content-type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path.startsWith("/api/") ? path : `/api/v1${path}`, {
      method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") {
      return { ok: false, aborted: true };
    }
    return { ok: false, status: 0, problem: { code: "no_answer", detail: say("shell.js_no_answer") } };
  }
  const etag = answer.headers.get("etag") ?? undefined;
  const text = await answer.text();
  let read = null;
  try {
    read = text === "" ? null : JSON.parse(text);
  } catch {
    const detail = say("shell.js_unreadable", { status: answer.status });
    return { ok: answer.ok, status: answer.status, etag, body: null, problem: answer.ok ? undefined : { code: "unreadable", detail } };
  }
  if (answer.ok) {
    return { ok: true, status: answer.status, body: read, etag };
  }
  const problem = read ?? { code: "unreadable", detail: say("shell.js_unreadable", { status: answer.status }) };
  return { ok: false, status: answer.status, etag, problem: { ...problem, retryAfter: answer.headers.get("retry-after") } };
}

export const get = (path, options) => send("GET", path, undefined, options);
export const post = (path, body = {}, options = {}) => send("POST", path, body, options);

// 122 random bits, also where the page came over plain HTTP and there is no crypto.randomUUID.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
