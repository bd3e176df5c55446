// The page's words for what the data calls by a key.

export const STATES = { open: "OPEN", resolved: "resolved", unknown: "UNKNOWN", withdrawn: "withdrawn" };
export const STANDS = { good: "up", late: "late", lapsed: "LAPSED", unknown: "UNKNOWN" };
export const SEVERITIES = ["critical", "page", "warn", "info"];
export const LAYERS = [
  ["transport", "does the line carry"],
  ["liveness", "does anybody answer"],
  ["policy", "is it switched off"],
];

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const rank = (row) => SEVERITIES.indexOf(row.severity);

// Open before UNKNOWN before what is over; then by severity, then by age. A drill never stands before what is real.
export function order(first, second) {
  const place = (row) => (row.exercise ? 10 : 0) + ["open", "unknown", "resolved"].indexOf(row.state);
  if (place(first) !== place(second)) return place(first) - place(second);
  if (first.state === "resolved") return first.resolved < second.resolved ? 1 : -1;
  if (rank(first) !== rank(second)) return rank(first) - rank(second);
  if (first.onset !== second.onset) return first.onset < second.onset ? -1 : 1;
  return first.id < second.id ? -1 : 1;
}
