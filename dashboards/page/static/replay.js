// A recording at any moment of it: as it was known then, or as it is known now; under one set of rules, or two side by side.

import { get, recording } from "./api.js";
import { button, byId, h, s } from "./dom.js";
import { compare, compareFrame } from "./compare.js";
import { draw, frame } from "./floor.js";
import { Panel } from "./panel.js";
import { TimeLine } from "./timeline.js";
import { group, plain, run, setClock } from "./time.js";
import { why } from "./why.js";

const SPEEDS = [["1 minute a second", 60], ["1 hour a second", 3600], ["6 hours a second", 21600], ["1 day a second", 86400], ["1 week a second", 604800], ["30 days a second", 2592000]];
const FRAME = 250;
const AGAIN = 2000;

export class ReplayView {
  constructor(app, me, name) {
    this.app = app;
    this.me = me;
    this.name = name;
    this.known = "then";
    this.rules = me.rules[0];
    this.beside = "";
    this.speed = 86400;
    this.playing = null;
    this.at = null;
    this.lapse = null;
    this.busy = false;
    this.stale = false;
    this.left = false;
    this.seen = null;
    setClock(() => this.at ?? 0);
    byId("main").replaceChildren(h("p", { class: "loading" }, `Opening ${name}.`));
  }

  async go(parts, query) {
    this.lapse = query.get("lapse");
    const rules = query.get("rules") || this.me.rules[0];
    const at = query.get("at") ? Date.parse(query.get("at")) : NaN;
    this.known = query.get("known") === "now" ? "now" : "then";
    const beside = query.get("beside") ?? "";
    const framed = this.overview && Boolean(this.beside) === Boolean(beside);
    this.beside = beside;
    if (!this.overview || rules !== this.rules) {
      this.rules = rules;
      this.overview = null;
      let overview;
      try {
        overview = await get(recording(this.name), { rules });
      } catch (error) {
        this.failed(error, () => this.go(parts, query));
        return;
      }
      // By now something else may be shown, or asked for.
      if (this.left || rules !== this.rules) return;
      this.overview = overview;
      this.start = Date.parse(this.overview.start);
      this.end = Date.parse(this.overview.end);
      this.beats = this.overview.beats.map((beat) => ({ ...beat, known: Date.parse(beat.known), at: Date.parse(beat.at) }));
    }
    if (!this.overview.start) {
      byId("main").replaceChildren(h("p", { class: "loading" }, "This recording holds no event."));
      return;
    }
    if (!Number.isNaN(at)) this.at = this.within(at);
    this.at ??= this.end;
    if (!framed) this.frame();
    this.deck();
    this.said();
    await this.load();
    this.loadLine();
  }

  frame() {
    const main = byId("main");
    if (this.beside) compareFrame(main);
    else frame(main);
    this.line = new TimeLine(byId("line-plot"), { seek: (at) => this.seek(at), lapse: (id) => this.link({ lapse: id }) });
    this.lineKey = "";
    this.panel = new Panel();
  }

  within(at) {
    return Math.max(this.start, Math.min(at, this.end));
  }

  link(change) {
    const state = { at: new Date(this.at).toISOString().replace(".000Z", "Z"), known: this.known, rules: this.rules === this.me.rules[0] ? "" : this.rules, beside: this.beside, lapse: this.lapse ?? "", ...change };
    const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
    return `#/replay/${encodeURIComponent(this.name)}?${query}`;
  }

  // The address says what is seen, so that it can be sent to somebody.
  address() {
    history.replaceState(null, "", this.link({}));
  }

  seek(at) {
    this.at = this.within(at);
    this.placed();
    this.load();
  }

  placed() {
    byId("scrub").value = String(Math.round((this.at - this.start) / 1000));
    byId("scrub").setAttribute("aria-valuetext", `${group(this.at)}, ${plain(this.at)}`);
    byId("deck-at").textContent = plain(this.at);
    byId("deck-group").textContent = group(this.at);
    this.line?.setAt(this.at);
    this.app.tick();
  }

  async load() {
    this.placed();
    if (this.busy) {
      this.stale = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.stale = false;
        const [at, known] = [new Date(this.at).toISOString(), this.known];
        const ask = (rules) => get(`${recording(this.name)}/floor`, { at, known, rules });
        const [floor, other] = await Promise.all([ask(this.rules), this.beside ? ask(this.beside) : null]);
        // It is drawn on nothing but the replay it belongs to.
        if (this.left || !this.overview) return;
        this.seen = Date.parse(at);
        this.shown(floor, other);
        if (this.lapse) await this.tell(at, known);
        else this.panel.hide();
      } while (this.stale);
      if (!this.playing) this.settled();
    } catch (error) {
      this.failed(error, () => this.load());
    } finally {
      this.busy = false;
    }
  }

  shown(floor, other) {
    const { at, more, silent, ...sections } = floor;
    const links = { lapse: (id) => this.link({ lapse: id }) };
    if (other) compare([this.rules, floor], [this.beside, other], links);
    else draw({ at, more, silent, sections }, links);
    const rows = Object.values(floor.lapses).filter((row) => !row.exercise);
    this.app.caption(rows.filter((row) => row.state === "open").length, rows.some((row) => row.state === "unknown"), false, more);
    this.drill = Object.values(sections).some((section) => Object.values(section).some((row) => row.exercise));
    this.said();
    run();
  }

  said() {
    document.body.classList.remove("lost");
    this.app.bar({ mode: "REPLAY", kind: "replay", title: this.overview.title });
    const words = this.known === "then" ? "as it was known then" : "as it is known now";
    const lines = [{ kind: "replay", text: `REPLAY of a recording, not live: ${words}` }];
    if (this.drill || this.overview.exercise) lines.unshift({ kind: "exercise", text: "EXERCISE EXERCISE EXERCISE: some of this is a drill" });
    this.app.strip(lines);
    this.app.banners(this.overview.refused ? [{ kind: "late", text: `${this.overview.refused} records of this recording could not be used: what they said was not judged.` }] : []);
  }

  async tell(at, known) {
    const lapse = this.lapse;
    let explained;
    try {
      explained = await get(`${recording(this.name)}/lapses/${encodeURIComponent(lapse)}`, { at, known, rules: this.rules });
    } catch (error) {
      if (error.status !== 404) throw error;
      if (this.left || lapse !== this.lapse) return;
      this.panel.show(lapse, h("article", { class: "why" }, h("h2", { tabindex: "-1" }, "Not known at this moment"), h("p", {}, "This lapse was not on the books then. Go on in time, or look at it as it is known now."), button("Close", () => this.close())));
      return;
    }
    if (this.left || lapse !== this.lapse) return;
    this.panel.show(lapse, why(explained, {
      close: () => this.close(),
      link: location.origin + location.pathname + this.link({ lapse }),
      lapse: (id) => this.link({ lapse: id }),
      title: `${this.overview.title}, at ${plain(this.at)}, ${known === "then" ? "as it was known then" : "as it is known now"}`,
      acts: h("p", { class: "note no-print" }, "This is a replay: nothing can be done about it here."),
    }));
  }

  settled() {
    this.address();
    this.loadLine();
  }

  async loadLine() {
    const key = `${this.known} ${this.rules} ${this.known === "then" ? this.at : ""}`;
    if (this.lineKey === key || !this.line) return;
    this.lineKey = key;
    const line = await get(`${recording(this.name)}/time-line`, { at: new Date(this.at).toISOString(), known: this.known, rules: this.rules }).catch(() => null);
    if (!line || this.lineKey !== key) return;
    // What was not known yet leaves its place on the line empty.
    this.line.show({ ...line, ends: this.overview.end });
    this.line.setAt(this.at);
  }

  // `again` is tried where the server did not answer; until then what is seen is of another moment than the one asked for.
  failed(error, again) {
    if (this.left) return;
    this.pause();
    if (error.status === 401) {
      this.app.expired();
      return;
    }
    const seen = this.seen === null ? "" : `. What you see is of ${plain(this.seen)}`;
    document.body.classList.add("lost");
    this.app.banners([{ kind: "blind", text: `The recording cannot be shown: ${error.message}${seen}` }]);
    clearTimeout(this.retry);
    if (error.status === 0) this.retry = setTimeout(() => !this.left && again(), AGAIN);
  }

  deck() {
    const deck = byId("deck");
    const choose = (label, id, values, value, then) => {
      const select = h("select", { id, on: { change: (event) => then(event.target.value) } }, values.map(([key, name]) => h("option", { value: key }, name)));
      select.value = String(value);
      return h("label", { class: "choice" }, h("span", {}, label), select);
    };
    const tool = (sign, label, act, key) => button(s("svg", { class: "sign-icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: sign })), act, { "aria-label": label, title: label, "aria-keyshortcuts": key });
    const scrub = h("input", { id: "scrub", type: "range", min: "0", max: String(Math.round((this.end - this.start) / 1000)), step: "60", "aria-label": "Moment of the recording",
      on: { input: (event) => this.seek(this.start + Number(event.target.value) * 1000) } });
    // A choice that was made with the keyboard keeps the focus.
    const focused = deck.contains(document.activeElement) ? document.activeElement.id : "";
    deck.replaceChildren(
      h("div", { class: "deck-row" },
        h("div", { class: "deck-keys", role: "group", "aria-label": "Play" },
          tool("M6 5v14M20 5v14L9 12z", "The change of a lapse before", () => this.step(-1, "lapse"), "["),
          tool("M17 5v14L7 12z", "The event before", () => this.step(-1, "any"), ","),
          h("button", { id: "play", type: "button", class: "play", "aria-keyshortcuts": "Space", on: { click: () => this.toggle() } }, this.playing ? "Pause" : "Play"),
          tool("M7 5v14l10-7z", "The next event", () => this.step(1, "any"), "."),
          tool("M18 5v14M4 5v14l11-7z", "The next change of a lapse", () => this.step(1, "lapse"), "]")),
        h("div", { class: "deck-at" }, h("strong", { id: "deck-group" }), h("span", { id: "deck-at" })),
        scrub,
        h("div", { class: "deck-choices" },
          choose("speed", "speed", SPEEDS.map(([name, speed]) => [String(speed), name]), this.speed, (value) => (this.speed = Number(value))),
          choose("seen", "known", [["then", "as known then"], ["now", "as known now"]], this.known, (value) => this.app.go(this.link({ known: value }))),
          choose("rules", "rules", this.me.rules.map((name) => [name, name]), this.rules, (value) => this.app.go(this.link({ rules: value }))),
          choose("beside", "beside", [["", "no other rules"], ...this.me.rules.filter((name) => name !== this.rules).map((name) => [name, name])], this.beside, (value) => this.app.go(this.link({ beside: value }))))),
      h("p", { id: "deck-says", class: "deck-says", "aria-live": "polite" }));
    deck.hidden = false;
    if (focused) byId(focused)?.focus();
    this.placed();
  }

  // To the next thing that happened, or became known: in the order of what is looked at.
  step(by, what) {
    this.pause();
    const time = (beat) => (this.known === "then" ? beat.known : beat.at);
    const beats = this.beats.filter((beat) => what === "any" || beat.what === "lapse");
    const ahead = beats.filter((beat) => (by > 0 ? time(beat) > this.at : time(beat) < this.at)).sort((a, b) => by * (time(a) - time(b)));
    if (!ahead.length) {
      byId("deck-says").textContent = by > 0 ? "Nothing comes after this." : "Nothing came before this.";
      return;
    }
    const at = time(ahead[0]);
    const together = beats.filter((beat) => time(beat) === at);
    byId("deck-says").textContent = `${plain(at)}: ${together.slice(0, 3).map((beat) => (beat.exercise ? `EXERCISE ${beat.says}` : beat.says)).join("; ")}${together.length > 3 ? `; and ${together.length - 3} more` : ""}`;
    this.seek(at);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.at >= this.end) this.at = this.start;
    this.playing = setInterval(() => {
      this.at = this.within(this.at + this.speed * FRAME);
      if (this.at >= this.end) this.pause();
      this.load();
    }, FRAME);
    byId("play").textContent = "Pause";
  }

  pause() {
    if (!this.playing) return;
    clearInterval(this.playing);
    this.playing = null;
    byId("play").textContent = "Play";
    this.settled();
  }

  close() {
    this.app.go(this.link({ lapse: "" }));
  }

  key(key) {
    if (!this.overview?.start) return false;
    const keys = {
      Escape: () => this.lapse && this.close(),
      " ": () => this.toggle(),
      ",": () => this.step(-1, "any"),
      ".": () => this.step(1, "any"),
      "[": () => this.step(-1, "lapse"),
      "]": () => this.step(1, "lapse"),
      t: () => this.app.go(this.link({ known: this.known === "then" ? "now" : "then" })),
    };
    keys[key]?.();
    return key in keys;
  }

  age() {
    return this.playing ? "playing" : "paused";
  }

  tick() {}

  leave() {
    this.left = true;
    clearTimeout(this.retry);
    // Not a pause: that would write its moment into the address of what is shown next.
    clearInterval(this.playing);
    this.overview = null;
    byId("deck").replaceChildren();
  }
}

