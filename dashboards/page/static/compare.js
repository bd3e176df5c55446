// One moment under two sets of rules, side by side; what they do not agree on stands first.

import { byId, h, keep } from "./dom.js";
import { badge, tags } from "./floor.js";
import { since } from "./time.js";
import { count, order } from "./words.js";

const JUDGED = ["state", "severity", "reason", "deadline", "resolved", "onset"];

export function compareFrame(main) {
  main.replaceChildren(
    h("section", { id: "lapses", class: "panel compare", "aria-labelledby": "lapses-name", tabindex: "-1" },
      h("h2", { id: "lapses-name" }, "Two sets of rules, one moment ", h("span", { id: "lapses-tally", class: "tally" })),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Lapses under two sets of rules, table" },
        h("table", { class: "compare-table" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "lapse"), h("th", { scope: "col", id: "first-rules" }), h("th", { scope: "col", id: "second-rules" }), h("th", { scope: "col" }, "they"))),
          h("tbody", { id: "compare-list" })))),
    h("section", { id: "line", class: "panel line", "aria-labelledby": "line-name" }, h("h2", { id: "line-name" }, "Who was reachable when"), h("div", { id: "line-plot" })));
}

export function compare([firstName, first], [secondName, second], links) {
  byId("first-rules").textContent = firstName;
  byId("second-rules").textContent = secondName;
  const keys = [...new Set([...Object.keys(first.lapses), ...Object.keys(second.lapses)])];
  const rows = keys.map((key) => {
    const [one, other] = [first.lapses[key], second.lapses[key]];
    const differs = !one || !other || JUDGED.some((field) => one[field] !== other[field]);
    return [key, { one, other, differs, any: one ?? other, link: links.lapse(key) }];
  });
  rows.sort((a, b) => Number(b[1].differs) - Number(a[1].differs) || order(a[1].any, b[1].any));
  const differing = rows.filter(([, row]) => row.differs).length;
  byId("lapses-tally").textContent = differing ? `${count(differing, "difference")} in ${count(rows.length, "lapse")}` : `they agree on ${count(rows.length, "lapse")}`;
  keep(byId("compare-list"), rows, (row, key) =>
    h("tr", { class: row.differs ? "differs" : "" },
      h("th", { scope: "row" }, h("a", { href: row.link, data: { lapse: key, focus: key } }, row.any.about), h("span", { class: "wrong" }, ` ${row.any.wrong}`), h("span", { class: "small" }, `${row.any.rule} ${row.any.dyad}`)),
      side(row.one), side(row.other),
      h("td", {}, row.differs ? h("strong", { class: "tag differs-tag" }, "differ") : h("span", { class: "small" }, "agree"))));
}

function side(row) {
  return h("td", {}, row ? [badge(row), " ", tags(row), h("span", { class: "small" }, " since ", since(row.onset))] : h("span", { class: "none" }, "no lapse"));
}
