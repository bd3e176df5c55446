// The panel in which one lapse is told, beside the floor; on a narrow screen above it.

import { byId, h } from "./dom.js";

export class Panel {
  constructor(close) {
    this.box = h("aside", { id: "why", class: "panel why-panel", "aria-label": "Why", hidden: true });
    byId("main").append(this.box);
    this.close = close;
    this.key = null;
  }

  // Puts up `content` for the lapse `key`; the focus goes there once, and comes back when it is closed.
  show(key, content) {
    const fresh = this.key !== key;
    if (fresh && this.key === null) this.back = document.activeElement?.dataset?.lapse ?? null;
    this.key = key;
    const scroll = fresh ? 0 : this.box.scrollTop;
    const held = this.reached().indexOf(document.activeElement);
    const typing = held === -1 ? "" : document.activeElement.id;
    this.box.replaceChildren(content);
    this.box.hidden = false;
    document.body.classList.add("with-why");
    this.box.scrollTop = scroll;
    if (fresh) {
      this.box.querySelector("h2")?.focus({ preventScroll: true });
      if (matchMedia("(max-width: 60rem)").matches) this.box.scrollIntoView({ block: "start" });
    } else if (held !== -1) ((typing && byId(typing)) || this.reached()[held] || this.box.querySelector("h2"))?.focus({ preventScroll: true });
  }

  // What in it the keyboard can stand on; drawn anew, what stands in the same place is the same.
  reached() {
    return [...this.box.querySelectorAll("a, button, input, select, textarea, h2")];
  }

  hide() {
    if (this.key === null) return;
    this.key = null;
    this.box.hidden = true;
    this.box.replaceChildren();
    document.body.classList.remove("with-why");
    if (this.back) document.querySelector(`[data-lapse="${CSS.escape(this.back)}"]`)?.focus();
    this.back = null;
  }
}
