// What can be done about a lapse. The server decides who may; here it is only said beforehand.

import { post } from "./api.js";
import { button, byId, h } from "./dom.js";
import { HOUR, MINUTE, now } from "./time.js";

const PAUSES = [["30 minutes", 30 * MINUTE], ["1 hour", HOUR], ["4 hours", 4 * HOUR], ["8 hours", 8 * HOUR], ["24 hours", 24 * HOUR]];
const DEEDS = [
  ["ack", "Acknowledge", "a", "I have it: escalation rests until it gets worse"],
  ["snooze", "Snooze", "s", "Say nothing of it for a while, then say it again"],
  ["note", "Note", "n", "A remark that stays with it"],
  ["silence", "Silence", null, "No alarms for this subject for a while, such as announced maintenance"],
  ["hand-over", "Hand over", null, "Give a rota to somebody else"],
];

let last = { row: null, text: "", kind: "" };

export function actions(row, me, then) {
  if (!me.desk) return h("p", { class: "note no-print" }, "No alert desk runs here: nothing can be done about a lapse from this page.");
  const may = me.member.role !== "viewer";
  // What was done last about this lapse is still said when the panel is drawn anew for it.
  const said = h("p", { id: "act-says", class: `act-says ${last.row === row.id ? last.kind : ""}`, role: "status" }, last.row === row.id ? last.text : "");
  const doing = async (deed) => {
    try {
      const told = await post("/api/live/deeds", { deed, exercise: Boolean(row.exercise) });
      last = { row: row.id, text: told.says, kind: "good" };
    } catch (error) {
      last = { row: row.id, text: `Not done: ${error.message}`, kind: "lapsed" };
    }
    said.textContent = last.text;
    said.className = `act-says ${last.kind}`;
    if (last.kind === "good") then();
  };
  const acts = {
    ack: () => doing({ do: "ack", target: row.id }),
    snooze: () => ask("Snooze", [pauses(), words("Why", "note", false)], (given) => doing({ do: "snooze", target: row.id, until: until(given.pause), note: given.note || null })),
    note: () => ask("Note", [words("Note", "note", true)], (given) => doing({ do: "note", target: row.id, note: given.note })),
    silence: () => ask("Silence", [pauses(), words("Reason", "reason", true)], (given) =>
      doing({ do: "silence", name: `${row.subject.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 60)}-${Date.now()}`, match: { subjects: [row.subject] }, start: new Date(now()).toISOString(), end: until(given.pause), reason: given.reason }), row.subject),
    "hand-over": () => ask("Hand over", [field("Rota", "rota"), field("To", "to"), words("Note", "note", false)], (given) => doing({ do: "hand-over", rota: given.rota, to: given.to, note: given.note || null })),
  };
  return h("div", { class: "acts no-print", role: "group", "aria-label": "Act" },
    DEEDS.map(([deed, name, key, says]) => button(name, acts[deed], { id: `act-${deed}`, title: says, "aria-keyshortcuts": key, disabled: !may })),
    !may && h("p", { class: "note" }, `You are signed in as ${me.member.role}: you may look, and not act.`),
    said);
}

const until = (span) => new Date(now() + Number(span)).toISOString();
const pauses = () => h("label", {}, "For", h("select", { name: "pause" }, PAUSES.map(([name, span]) => h("option", { value: String(span) }, name))));
const words = (label, name, required) => h("label", {}, label, h("textarea", { name, rows: "3", maxlength: "2000", required }));
const field = (label, name) => h("label", {}, label, h("input", { name, required: true, maxlength: "64" }));

// A small form in a dialog about something; `then` gets what was filled in.
function ask(verb, fields, then, about = "") {
  const send = (event) => {
    event.preventDefault();
    then(Object.fromEntries(new FormData(event.target)));
    dialog.close();
  };
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "ask-name" },
    h("h2", { id: "ask-name" }, `${verb} ${about}`.trim()),
    h("form", { on: { submit: send } }, fields, h("div", { class: "dialog-tools" }, h("button", { type: "submit" }, verb), button("Cancel", () => dialog.close(), { class: "quiet" }))));
  dialog.addEventListener("close", () => dialog.remove());
  byId("dialogs").replaceChildren(dialog);
  dialog.showModal();
}
