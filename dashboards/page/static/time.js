// Times in UTC with the date-time group; the reader's own time is said on hover. Lengths as people say them.

import { h } from "./dom.js";

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (number) => String(number).padStart(2, "0");
const year = (date) => String(date.getUTCFullYear()).padStart(4, "0");

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const YEAR = 365.25 * DAY;

// 221530Z SEP 24
export function group(at) {
  const date = new Date(at);
  return `${two(date.getUTCDate())}${two(date.getUTCHours())}${two(date.getUTCMinutes())}Z ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCFullYear() % 100)}`;
}

// 2024-09-22 15:30Z
export function plain(at, seconds = false) {
  const date = new Date(at);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${seconds ? `:${two(date.getUTCSeconds())}` : ""}`;
  return `${year(date)}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ${clock}Z`;
}

export const day = (at) => plain(at).slice(0, 10);

export function local(at) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${new Date(at).toLocaleString()} where you are (${zone})`;
}

export function length(span) {
  let left = Math.abs(Math.round(span / SECOND));
  const parts = [];
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount || (parts.length && parts.length < 2)) parts.push([amount, unit]);
    if (parts.length === 2 || (parts.length === 1 && parts[0][0] >= 100)) break;
  }
  const told = parts.filter(([amount], place) => amount || place === 0).map(([amount, unit]) => `${amount} ${unit}`);
  return told.length ? told.join(" ") : "0 s";
}

// A moment, said as it is.
export function moment(at, attributes) {
  if (!at) return h("span", { class: "never" }, "never");
  return h("time", { datetime: at, title: `${group(at)}. ${local(at)}`, ...attributes }, plain(at));
}

// What the page holds for now: the time of the log, or of the replay. Everything that runs is set by `run`.
let clock = () => Date.now();
export const now = () => clock();
export function setClock(reads) {
  clock = reads;
}

// How long ago: counts up. `ahead`: how long until: counts down, and says when it is over.
export function since(at, attributes) {
  return set(h("time", { datetime: at, title: `${plain(at)}, ${group(at)}. ${local(at)}`, data: { runs: "since" }, ...attributes }));
}

export function ahead(at, over = "overdue", attributes) {
  return set(h("time", { datetime: at, title: `${plain(at)}, ${group(at)}. ${local(at)}`, data: { runs: "ahead", over }, ...attributes }));
}

function set(element) {
  const at = Date.parse(element.dateTime);
  const left = at - now();
  let text;
  if (element.dataset.runs === "since") text = left > 0 ? `in ${length(left)}` : length(left);
  else if (left >= 0) text = `in ${length(left)}`;
  else text = `${element.dataset.over} ${length(left)}`;
  element.classList.toggle("over", element.dataset.runs === "ahead" && left < 0);
  if (element.textContent !== text) element.textContent = text;
  return element;
}

export function run(root = document) {
  for (const element of root.querySelectorAll("time[data-runs]")) set(element);
}
