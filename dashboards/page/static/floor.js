// Draws a floor: what is wrong first, then how everything stands.

import { byId, h, keep, mark } from "./dom.js";
import { ahead, moment, now, since } from "./time.js";
import { drawMap } from "./map.js";
import { LAYERS, STANDS, count, order } from "./words.js";

const SECTIONS = [
  ["lapses", "Open lapses"],
  ["dyads", "Dyads"],
  ["incidents", "Incidents"],
  ["notices", "Notices in force"],
  ["launches", "Launches"],
  ["channels", "Channels"],
];

export function frame(main) {
  const section = (id, name, ...more) =>
    h("section", { id, class: `panel ${id}`, "aria-labelledby": `${id}-name`, tabindex: "-1" },
      h("h2", { id: `${id}-name` }, name, " ", h("span", { class: "tally", id: `${id}-tally` })), ...more);
  const name = Object.fromEntries(SECTIONS);
  main.replaceChildren(
    h("div", { class: "floor" },
      section("lapses", name.lapses, h("ol", { id: "lapses-list", class: "lapse-list" }), h("p", { id: "lapses-more", class: "note" })),
      h("div", { class: "side" },
        section("dyads", name.dyads, h("ul", { id: "dyads-list", class: "tiles" })),
        section("incidents", name.incidents, h("ul", { id: "incidents-list", class: "rows" })),
        section("notices", name.notices, h("div", { id: "map", class: "map" }), h("ul", { id: "notices-list", class: "rows" })),
        section("launches", name.launches, h("ul", { id: "launches-list", class: "rows" })))),
    h("section", { id: "line", class: "panel line", "aria-labelledby": "line-name" }, h("h2", { id: "line-name" }, "Who was reachable when"), h("div", { id: "line-plot" })),
    section("channels", name.channels,
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Channels, table" },
          h("table", { class: "channels-table" },
            h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "channel"), h("th", { scope: "col" }, "stands"),
              LAYERS.map(([layer, asks]) => h("th", { scope: "col", title: asks }, layer)),
              h("th", { scope: "col" }, "last contact"), h("th", { scope: "col" }, "next expected"))),
            h("tbody", { id: "channels-list" }))),
        h("p", { id: "channels-more", class: "note" })));
}

// `links.lapse(id)` is where a lapse opens. Returns when something turns by time alone: a window opens, contact is overdue.
export function draw(floor, links) {
  const sections = floor.sections;
  const turns = [];
  // What a row says by the clock belongs to it: else one that has not changed would go on saying it.
  const past = (at, to = now()) => {
    const moment = at ? Date.parse(at) : Infinity;
    if (moment >= now()) turns.push(moment);
    return moment < to;
  };
  const lapses = Object.entries(sections.lapses).sort((a, b) => order(a[1], b[1]));
  lapseList(lapses, links);
  const standing = lapses.filter(([, row]) => row.state !== "resolved").length;
  byId("lapses-more").textContent = floor.more
    ? `The first ${count(standing, "lapse")} of ${(standing + floor.more).toLocaleString("en")} are shown: ${count(floor.more, "other")} that stand, open or UNKNOWN, are not on this page.`
    : "";
  rows("dyads", Object.entries(sections.dyads).sort(byStand), dyad);
  const incidents = Object.entries(sections.incidents).map(([key, row]) => [key, { ...row, late: !row.contact && past(row.owed) }]).sort((a, b) => Number(Boolean(a[1].contact)) - Number(Boolean(b[1].contact)) || (a[1].at < b[1].at ? 1 : -1));
  rows("incidents", incidents, incident, "No incident is on the floor.");
  const notices = Object.entries(sections.notices).map(([key, row]) => [key, { ...row, open: past(row.opens, now() + 1), over: past(row.closes) }]).sort((a, b) => ((a[1].opens ?? "9") < (b[1].opens ?? "9") ? -1 : 1));
  rows("notices", notices, notice, "No notice is in force.");
  rows("launches", Object.entries(sections.launches).sort((a, b) => (a[1].at < b[1].at ? 1 : -1)), launch, "No launch in the last 30 days.");
  byId("dyads").hidden = !Object.keys(sections.dyads).length;
  byId("launches").hidden = !Object.keys(sections.launches).length;
  byId("map").hidden = !notices.length && !Object.keys(sections.launches).length && !incidents.some(([, row]) => row.place);
  drawMap(byId("map"), sections);
  const channels = Object.entries(sections.channels).sort((a, b) => byStand(a, b) || (a[1].dyad < b[1].dyad ? -1 : 1));
  keep(byId("channels-list"), channels, channel);
  byId("channels-tally").textContent = channels.length ? tally(channels.map(([, row]) => row)) : "";
  byId("channels-more").textContent = floor.silent
    ? `Of ${channels.length ? `${count(floor.silent, "other channel")}` : "the channels"} that the agreements name, nothing was ever heard here: nobody can say how they stand.`
    : "";
  return Math.min(...turns);
}

function rows(id, entries, make, nothing) {
  const list = byId(`${id}-list`);
  keep(list, entries.length || !nothing ? entries : [["none", nothing]], entries.length || !nothing ? make : (text) => h("li", { class: "none" }, text));
  byId(`${id}-tally`).textContent = entries.length ? String(entries.length) : "";
}

function lapseList(lapses, links) {
  const standing = lapses.filter(([, row]) => row.state !== "resolved");
  const open = standing.filter(([, row]) => row.state === "open" && !row.exercise).length;
  const unknown = standing.filter(([, row]) => row.state === "unknown" && !row.exercise).length;
  const drills = standing.filter(([, row]) => row.exercise).length;
  byId("lapses-tally").textContent = [open ? String(open) : "", unknown ? `${unknown} unknown` : "", drills ? `${drills} of a drill` : ""].filter(Boolean).join(", ");
  const shown = [];
  const kin = new Map();
  for (const [key, row] of lapses) {
    const told = { ...row, key, link: links.lapse(key) };
    const name = row.kin > 1 && row.state !== "resolved" ? `${row.exercise} ${row.group} ${row.state} ${row.severity}` : null;
    if (name === null) shown.push([key, told]);
    else if (kin.has(name)) kin.get(name).push(told);
    else {
      kin.set(name, [told]);
      shown.push([`kin ${name}`, { kin: kin.get(name) }]);
    }
  }
  if (!standing.length) shown.unshift(["none", { nothing: true }]);
  keep(byId("lapses-list"), shown, (row) => (row.nothing ? nothingOpen() : Array.isArray(row.kin) ? (row.kin.length > 1 ? family(row.kin) : lapse(row.kin[0])) : lapse(row)));
}

// What one announcement cut stands together: it is one thing that somebody did.
function family(rows) {
  const [first] = rows;
  return h("li", { class: `lapse ${first.state === "unknown" ? "unknown" : first.severity}` },
    h("div", { class: "lapse-link" },
      badge(first),
      h("span", { class: "what" }, h("span", { class: "about" }, `${rows.length} at once, by one announcement of ${first.parties[0]}`)),
      h("span", { class: "how-long" }, since(first.onset))),
    h("ul", { class: "family" }, rows.map((row) =>
      h("li", {}, h("a", { href: row.link, data: { lapse: row.key, focus: row.key } }, row.about), " ", h("span", { class: "wrong" }, row.reason.replaceAll("-", " ")), row.has && h("span", { class: "done" }, ` ${row.has}`)))),
    h("p", { class: "facts" }, h("strong", { class: "dyad" }, first.dyad), " ", tags(first), " ", h("span", { class: "rule" }, first.group), ", since ", moment(first.onset)));
}

function nothingOpen() {
  return h("li", { class: "all-clear" }, mark("good"), h("p", {}, h("strong", {}, "Nothing is open."), " What is not heard of is not listed here: look at the channels below."));
}

export function badge(row) {
  if (row.state === "unknown") return h("span", { class: "badge unknown" }, mark("unknown"), "UNKNOWN");
  if (row.state === "resolved") return h("span", { class: "badge resolved" }, mark("good"), "resolved");
  return h("span", { class: `badge ${row.severity}` }, mark(row.severity), row.severity);
}

export function tags(row) {
  return [
    row.exercise && h("strong", { class: "tag exercise" }, "EXERCISE"),
    row.proposed && h("span", { class: "tag", title: "This agreement does not exist yet; it is judged as if it did" }, "proposed"),
    row.unverified && h("span", { class: "tag", title: "A number of the rule rests on memory, not on a source that was read" }, "unverified"),
  ];
}

function lapse(row) {
  const over = row.state === "resolved";
  return h("li", { class: `lapse ${over ? "resolved" : row.state === "unknown" ? "unknown" : row.severity}` },
    h("a", { class: "lapse-link", href: row.link, data: { lapse: row.key, focus: row.key } },
      badge(row),
      h("span", { class: "what" }, h("span", { class: "about" }, row.about), h("span", { class: "wrong" }, row.wrong)),
      h("span", { class: "how-long" }, over ? moment(row.resolved) : since(row.onset), h("span", { class: "small" }, over ? " met" : ""))),
    h("p", { class: "facts" },
      h("strong", { class: "dyad" }, row.dyad), " ", tags(row), " ",
      h("span", { class: "rule" }, row.rule), " since ", moment(row.onset),
      row.has && h("span", { class: "done" }, ` ${row.has}`)));
}

const RANK = { lapsed: 0, late: 1, unknown: 2, good: 3 };
const byStand = (a, b) => RANK[a[1].stand] - RANK[b[1].stand] || (b[1].open ?? 0) - (a[1].open ?? 0) || (a[0] < b[0] ? -1 : 1);

export function stand(kind, says) {
  return h("span", { class: `stand ${kind}` }, kind !== "none" && mark(kind), says ?? STANDS[kind]);
}

function dyad(row) {
  return h("li", { class: `tile ${row.stand}` },
    h("div", { class: "tile-head" }, h("strong", { class: "dyad" }, row.id), stand(row.stand, row.stand === "lapsed" ? `${row.open} open` : undefined)),
    h("div", { class: "tile-facts" },
      row.channels ? h("span", {}, `${row.alive ?? 0} of ${count(row.channels, "channel")} alive`, row.unknown ? `, ${row.unknown} unknown` : "") : h("span", {}, "no channel heard of"),
      row.worst && h("span", { class: "worst" }, `worst: ${row.worst}`)),
    h("div", { class: "tile-facts" }, "last contact ", row.last ? h("span", {}, since(row.last), " ago") : "never"));
}

function incident(row) {
  const late = row.late;
  return h("li", { class: `row ${row.contact ? "good" : late ? "lapsed" : row.owed ? "late" : ""}` },
    h("div", { class: "row-head" },
      row.contact ? stand("good", "contact") : row.owed ? stand(late ? "lapsed" : "late", late ? "no contact" : "contact owed") : h("span", { class: "stand" }, mark("info"), "no contact owed"),
      row.exercise && h("strong", { class: "tag exercise" }, "EXERCISE"),
      h("strong", { class: "dyad" }, row.dyad), h("span", {}, row.id.replace("exercise:", ""))),
    h("p", { class: "facts" }, `${row.gravity}, ${row.domain}, `, moment(row.at), row.vague ? " (the day)" : "", row.claims > 1 ? `, ${row.claims} sources` : ""),
    h("p", { class: "timer" },
      row.contact ? h("span", {}, "contact at ", moment(row.contact)) :
      row.owed ? [h("span", {}, "no contact for ", since(row.at)), h("span", { class: "due" }, late ? ", " : ", owed ", ahead(row.owed, "overdue by"))] : h("span", {}, since(row.at), " ago")),
    row.text && h("p", { class: "quote" }, row.text));
}

function notice(row) {
  const open = row.open && !row.over;
  return h("li", { class: `row ${open ? "in-window" : ""}` },
    h("div", { class: "row-head" }, h("strong", {}, row.party), h("span", {}, row.class ?? "launch"), h("span", { class: "small" }, row.id.replace(/^(exercise:)?[^/]*\//, "")),
      row.exercise && h("strong", { class: "tag exercise" }, "EXERCISE"), row.unread && h("span", { class: "tag", title: "Parts of the notice could not be read" }, "partly read")),
    h("p", { class: "timer" },
      !row.opens ? "no window is given" :
      row.over ? ["window closed ", since(row.closes), " ago"] :
      open ? [h("strong", {}, "WINDOW OPEN"), " closes ", ahead(row.closes, "closed")] : ["window ", ahead(row.opens, "open since")]),
    h("p", { class: "facts" }, row.opens && [moment(row.opens), " to ", moment(row.closes), row.windows > 1 ? `, ${row.windows} windows` : "", ". "],
      row.recipients?.length ? `Told: ${row.recipients.join(", ")}.` : ""));
}

function launch(row) {
  const told = row.notified === undefined || row.notified === null ? null : row.notified ? "a source says notice was given" : "a source says no notice was given";
  return h("li", { class: "row" },
    h("div", { class: "row-head" }, h("strong", {}, row.party), h("span", {}, row.class ?? "unknown"), row.count > 1 && h("span", {}, `${row.count} missiles`),
      h("span", { class: "small" }, row.id.replace(/^(exercise:)?[^/]*\//, "")), row.exercise && h("strong", { class: "tag exercise" }, "EXERCISE")),
    h("p", { class: "facts" }, moment(row.at), ", ", since(row.at), " ago", row.range_km ? `, ${Math.round(row.range_km).toLocaleString("en")} km` : "", told ? `; ${told}` : ""));
}

function channel(row) {
  const layer = (each) => h("td", { class: "layer" }, stand(each.stand, each.says), each.at && h("span", { class: "small" }, " ", moment(each.at)));
  return h("tr", { class: row.stand },
    h("th", { scope: "row" }, h("span", { class: "channel-name" }, row.title), h("span", { class: "small" }, `${row.dyad} · ${row.id}${row.military ? " · military" : ""}`), row.proposed && h("span", { class: "tag" }, "proposed")),
    h("td", {}, stand(row.stand), row.since && h("span", { class: "small" }, " for ", since(row.since))),
    layer(row.transport), layer(row.liveness), layer(row.policy),
    h("td", {}, row.last ? [since(row.last), " ago", h("br"), h("span", { class: "small" }, moment(row.last))] : "never"),
    h("td", {}, row.due ? ahead(row.due) : h("span", { class: "small" }, "no calendar")));
}

function tally(channels) {
  const number = (kind) => channels.filter((row) => row.stand === kind).length;
  return ["lapsed", "late", "unknown", "good"].filter(number).map((kind) => `${number(kind)} ${STANDS[kind]}`).join(", ");
}
