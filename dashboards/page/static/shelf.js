// What there is to replay.

import { h } from "./dom.js";
import { day } from "./time.js";

export function shelf(main, me) {
  main.replaceChildren(
    h("section", { class: "panel shelf", "aria-labelledby": "shelf-name" },
      h("h2", { id: "shelf-name" }, "Pick a recording"),
      h("p", {}, "Each is a stretch of real history, event by event, with its sources. Pick one, and look at any moment of it."),
      h("ul", { class: "cards" }, me.cards.map((card) =>
        h("li", { class: "card" },
          h("a", { class: "card-link", href: `#/replay/${encodeURIComponent(card.name)}` }, card.title),
          card.start && h("p", { class: "small" }, `${day(card.start)} to ${day(card.until)}`),
          h("p", {}, card.about))))));
}
