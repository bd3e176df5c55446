// One lapse in full: what was asked, what is known, how it was reckoned, who was told and who did what.

import { button, h } from "./dom.js";
import { moment, plain, since } from "./time.js";
import { badge, tags } from "./floor.js";
import { STATES } from "./words.js";

const TIMES = [["received", "received"], ["reported", "reported"], ["ingested", "logged"]];

export function why(explained, { close, link, lapse, acts, title }) {
  const { row, ...told } = explained.why;
  const over = row.state === "resolved";
  return h("article", { class: `why ${row.state}`, "aria-labelledby": "why-name" },
    h("div", { class: "why-head" },
      h("p", { class: "print-only" }, `Steadyline, report on a lapse. ${title}. Printed ${plain(new Date())}.`),
      row.exercise && h("p", { class: "drill" }, "EXERCISE EXERCISE EXERCISE"),
      h("div", { class: "why-badges" }, badge(row), tags(row), h("strong", { class: "dyad" }, row.dyad)),
      h("h2", { id: "why-name", tabindex: "-1" }, row.about, ": ", h("span", { class: "wrong" }, row.wrong)),
      h("p", { class: "lead" },
        over ? ["Unmet from ", moment(row.onset), " until ", moment(row.resolved), "."] : ["Unmet since ", moment(row.onset), ", for ", since(row.onset), "."],
        " It was due ", moment(row.deadline), "."),
      h("div", { class: "why-tools no-print" },
        button("Close", close, { class: "quiet", "aria-keyshortcuts": "Escape" }),
        button("Copy the link", (event) => copy(event.target, link)),
        button("Print", () => window.print()))),
    acts,
    part("Asked", h("p", { class: "clause" }, told.clause), h("p", { class: "small" }, `${told.agreement} (${row.rule})`), sources(told.sources),
      row.proposed && h("p", { class: "note" }, "This agreement does not exist yet; it is judged as if it did."),
      told.unverified.length > 0 && h("p", { class: "note" }, `Unverified: ${told.unverified.join(", ")} rests on memory, not on a source that was read.`)),
    part("Reckoned", h("ol", { class: "steps" }, told.arithmetic.map((step) => h("li", {}, step)))),
    told.claims.length > 0 && part("Sources disagree", h("ul", {}, told.claims.map((claim) => h("li", {}, claim)))),
    part("Evidence", told.events.length ? h("ol", { class: "evidence" }, told.events.map(evidence)) : h("p", {}, "It rests on what was not reported.")),
    explained.done.length > 0 && part("Who was told, who did what", h("ol", { class: "history" }, explained.done.map(done))),
    part("How the judgement changed", h("ol", { class: "history" }, told.history.map(change))),
    told.kin.length > 0 && part(`Out of the same announcement (${row.group})`, h("ul", { class: "kin-list" }, told.kin.map((kin) => h("li", {}, h("a", { href: lapse(kin.exercise ? `exercise:${kin.id}` : kin.id) }, kin.about), `: ${kin.wrong}, ${STATES[kin.state]}`)))),
    h("p", { class: "small" }, `Lapse ${row.id}, revision ${row.revision ?? 1}.`));
}

function part(name, ...children) {
  return h("section", { class: "part" }, h("h3", {}, name), children);
}

function sources(list) {
  return h("ul", { class: "sources" }, list.map((source) => h("li", {}, /^https?:/.test(source) ? outward(source) : source)));
}

function outward(address) {
  return h("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, address);
}

function evidence(event) {
  if (event.missing) return h("li", { class: "small" }, `${event.id} (not in this recording)`);
  return h("li", {},
    h("p", { class: "event-head" }, h("strong", {}, event.kind), " ", moment(event.time), h("span", { class: "small" }, ` ${event.occurred}`)),
    h("p", { class: "small" }, TIMES.filter(([field]) => event[field]).map(([field, name]) => [name, " ", moment(event[field]), " "]), h("span", { class: "id" }, event.id)),
    event.says?.length > 0 && h("p", { class: "says" }, event.says.map(([name, value]) => h("span", { class: "said" }, h("span", { class: "small" }, `${name} `), value))),
    event.presumed && h("p", { class: "note" }, "Presumed held: generated from the channel's calendar, reported by nobody."),
    event.text && h("blockquote", {}, event.text),
    h("p", { class: "source" }, event.url ? outward(event.url) : event.source));
}

function change(revision) {
  return h("li", {}, moment(revision.at), ` ${revision.change}, ${revision.severity}, ${STATES[revision.state]}`, revision.because && h("span", { class: "small" }, ` because of ${revision.because}`));
}

function done(sent) {
  return h("li", {}, moment(sent.at), " ", h("strong", {}, sent.who), ` ${sent.what}`, sent.says && h("span", {}, `: ${sent.says}`));
}

async function copy(element, link) {
  const name = "Copy the link";
  try {
    await navigator.clipboard.writeText(link);
    element.textContent = "Copied";
  } catch {
    window.prompt("The link to this lapse:", link);
  }
  setTimeout(() => (element.textContent = name), 2000);
}

