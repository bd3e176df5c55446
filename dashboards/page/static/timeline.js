// Who was reachable when: a bar for each channel, from hours to decades, with the lapses above them.

import { button, h, s } from "./dom.js";
import { DAY, HOUR, MINUTE, YEAR, day, length, plain } from "./time.js";

const ROW = 22;
const LANE = 10;
const THIN_LANE = 7;
const MANY_LANES = 8;
const MOST_LANES = 24;
const AXIS = 26;
const NARROW = 640;
const LEAST = 30 * MINUTE;
const STEPS = [[10 * MINUTE, "clock"], [HOUR, "clock"], [6 * HOUR, "clock"], [DAY, "day"], [7 * DAY, "day"], [30 * DAY, "month"], [91 * DAY, "month"], [YEAR, "year"], [5 * YEAR, "year"], [10 * YEAR, "year"]];
const SPANS = [["1 day", DAY], ["1 week", 7 * DAY], ["30 days", 30 * DAY], ["1 year", YEAR], ["all", Infinity]];

export class TimeLine {
  // `seek(ms)` is called when somebody drags the moment; without it there is none to drag.
  constructor(box, { seek, lapse }) {
    this.seek = seek;
    this.lapse = lapse;
    this.data = null;
    this.at = null;
    this.view = null;
    this.plot = h("div", { class: "plot", tabindex: "0", role: "group", "aria-label": "Time line of the channels. Plus and minus zoom, the arrow keys move." });
    this.table = h("details", { class: "as-table" }, h("summary", {}, "The same as a table"));
    this.legend = h("p", { class: "legend" },
      h("span", { class: "key good" }, "up"), h("span", { class: "key lapsed" }, "lapsed"), h("span", { class: "key unknown" }, "unknown"), h("span", { class: "key none" }, "never heard of before"));
    this.range = h("p", { class: "range" });
    const tools = h("div", { class: "tools", role: "group", "aria-label": "Zoom" },
      SPANS.map(([name, span]) => button(name, () => this.zoomTo(span))),
      button("+", () => this.zoom(0.5), { "aria-label": "Zoom in" }), button("−", () => this.zoom(2), { "aria-label": "Zoom out" }));
    box.replaceChildren(h("div", { class: "line-head" }, this.range, tools), this.plot, this.legend, this.table);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  show(data) {
    this.data = data && { ...data, from: Date.parse(data.start), to: Math.max(Date.parse(data.ends ?? data.end), Date.parse(data.start) + LEAST) };
    if (this.data && !this.moved) this.view = [this.data.from, this.data.to];
    this.draw();
    this.tell();
  }

  setAt(at) {
    this.at = at;
    if (this.view && this.moved && (at < this.view[0] || at > this.view[1])) {
      const wide = this.view[1] - this.view[0];
      this.view = [at - wide / 2, at + wide / 2];
      this.draw();
    } else this.place();
  }

  zoomTo(span) {
    if (!this.data) return;
    this.moved = span !== Infinity;
    if (!this.moved) this.view = [this.data.from, this.data.to];
    else {
      const middle = this.at ?? (this.view[0] + this.view[1]) / 2;
      const end = Math.min(this.data.to + span * 0.05, middle + span / 2);
      this.view = [end - span, end];
    }
    this.draw();
  }

  zoom(by, around) {
    if (!this.view) return;
    const middle = around ?? this.at ?? (this.view[0] + this.view[1]) / 2;
    const wide = Math.max(LEAST, Math.min((this.view[1] - this.view[0]) * by, Math.max(100 * YEAR, this.data.to - this.data.from)));
    const share = (middle - this.view[0]) / (this.view[1] - this.view[0]);
    this.view = [middle - share * wide, middle + (1 - share) * wide];
    this.moved = true;
    this.draw();
  }

  pan(by) {
    if (!this.view) return;
    const shift = (this.view[1] - this.view[0]) * by;
    this.view = [this.view[0] + shift, this.view[1] + shift];
    this.moved = true;
    this.draw();
  }

  get left() {
    return this.plot.clientWidth < NARROW ? 6 : 236;
  }

  x(at) {
    return this.left + ((at - this.view[0]) / (this.view[1] - this.view[0])) * (this.plot.clientWidth - this.left - 8);
  }

  when(x) {
    return this.view[0] + ((x - this.left) / (this.plot.clientWidth - this.left - 8)) * (this.view[1] - this.view[0]);
  }

  draw() {
    const wide = this.plot.clientWidth;
    if (!this.data || !wide) return;
    if (!this.data.tracks.length && !this.data.lapses.length) {
      this.plot.replaceChildren(h("p", { class: "none" }, "Nothing was heard of yet."));
      return;
    }
    const narrow = wide < NARROW;
    const row = narrow ? ROW + 14 : ROW;
    const lanes = this.lanes();
    this.lane = lanes.length > MANY_LANES ? THIN_LANE : LANE;
    const top = AXIS + lanes.length * this.lane + (lanes.length ? 8 : 0);
    const high = top + this.data.tracks.length * row + 4;
    const end = wide - 8;
    const picture = s("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": this.says() }, patterns());
    for (const [at, name] of this.ticks()) {
      const place = this.x(at);
      picture.append(s("path", { class: "tick", d: `M${place.toFixed(1)} ${AXIS - 6}V${high}` }), s("text", { class: "tick-name", x: place + 3, y: 13 }, name));
    }
    if (!narrow && lanes.length) picture.append(s("text", { class: "track-name", x: 4, y: AXIS + 9 }, "lapses"));
    lanes.forEach((lane, number) => {
      for (const lapse of lane) picture.append(this.lapseBar(lapse, AXIS + number * this.lane, end));
    });
    this.data.tracks.forEach((track, number) => {
      const middle = top + number * row + (narrow ? row - 11 : row / 2);
      const name = s("text", { class: "track-name", x: 4, y: narrow ? middle - 9 : middle + 4 }, short(track.title, narrow ? 60 : 31));
      name.append(s("title", {}, `${track.title} (${track.dyad})`));
      picture.append(s("path", { class: "track-line", d: `M${this.left} ${middle}H${end}` }), name);
      for (const bar of track.bars) this.bar(picture, bar, middle, end, track);
    });
    this.playhead = s("g", { class: "playhead" }, s("path", { d: `M0 ${AXIS - 8}V${high}` }), s("path", { class: "grip", d: `M-6 ${AXIS - 18}h12v8l-6 7l-6-7z` }));
    if (this.at !== null) picture.append(this.playhead);
    this.plot.replaceChildren(picture);
    this.place();
    this.range.textContent = `${plain(this.view[0])} to ${plain(this.view[1])}${this.undrawn ? `; ${this.undrawn} more lapses than there is room for` : ""}`;
  }

  place() {
    if (!this.playhead || this.at === null || !this.view) return;
    const at = this.x(this.at);
    this.playhead.setAttribute("transform", `translate(${at.toFixed(1)} 0)`);
    this.playhead.setAttribute("visibility", at < this.left || at > this.plot.clientWidth ? "hidden" : "visible");
  }

  bar(picture, bar, middle, end, track) {
    const from = Math.max(this.x(Date.parse(bar.start)), this.left);
    const to = Math.min(this.x(Date.parse(bar.end)), end);
    if (to <= from && (to < this.left || from > end)) return;
    const high = bar.stand === "lapsed" ? 14 : bar.stand === "unknown" ? 10 : 6;
    const name = `${track.title}: ${bar.stand === "good" ? "up" : bar.stand}, ${plain(bar.start)} to ${plain(bar.end)}, ${length(Date.parse(bar.end) - Date.parse(bar.start))}`;
    picture.append(s("rect", { class: `bar ${bar.stand}`, x: from.toFixed(1), y: middle - high / 2, width: Math.max(1, to - from).toFixed(1), height: high }, s("title", {}, name)));
  }

  lapseBar(lapse, y, end) {
    const from = Math.max(this.x(Date.parse(lapse.start)), this.left);
    const to = Math.min(this.x(Date.parse(lapse.end ?? this.data.end)), end);
    if (to < this.left || from > end) return "";
    const says = `${lapse.exercise ? "EXERCISE " : ""}${lapse.state === "unknown" ? "UNKNOWN" : lapse.severity}: ${lapse.about}, ${lapse.wrong}, since ${plain(lapse.start)}${lapse.end ? `, met ${plain(lapse.end)}` : ""}`;
    // The list of lapses has the links; this is one more way to them for a pointer.
    return s("rect", { "data-href": this.lapse(lapse.id), class: `lapse-bar ${lapse.state === "unknown" ? "unknown" : lapse.severity}`, x: from.toFixed(1), y, width: Math.max(4, to - from).toFixed(1), height: this.lane - 3, rx: 2 }, s("title", {}, says));
  }

  // Lapses side by side, as few rows of them as go without overlap.
  lanes() {
    const lanes = [];
    this.undrawn = 0;
    for (const lapse of [...this.data.lapses].sort((a, b) => (a.start < b.start ? -1 : 1))) {
      const from = Date.parse(lapse.start);
      const lane = lanes.find((each) => each.until <= from) ?? (lanes.length < MOST_LANES ? lanes[lanes.push([]) - 1] : null);
      if (!lane) {
        this.undrawn += 1;
        continue;
      }
      lane.push(lapse);
      lane.until = lapse.end ? Date.parse(lapse.end) : Infinity;
    }
    return lanes;
  }

  ticks() {
    const [from, to] = this.view;
    const room = (this.plot.clientWidth - this.left) / 76;
    const [step, kind] = STEPS.find(([each]) => (to - from) / each <= room) ?? [Math.ceil((to - from) / YEAR / room / 10) * 10 * YEAR, "year"];
    const ticks = [];
    if (kind === "year" || kind === "month") {
      const months = Math.max(1, Math.round(step / (30.44 * DAY)));
      const first = new Date(from);
      let month = first.getUTCFullYear() * 12 + first.getUTCMonth();
      month -= month % months;
      for (; ticks.length < 80; month += months) {
        const date = new Date(0);
        date.setUTCFullYear(Math.floor(month / 12), ((month % 12) + 12) % 12, 1);
        if (date.getTime() > to) break;
        if (date.getTime() >= from) ticks.push([date.getTime(), kind === "year" ? day(date).slice(0, 4) : day(date).slice(0, 7)]);
      }
    } else {
      for (let at = Math.ceil(from / step) * step; at <= to && ticks.length < 200; at += step) ticks.push([at, kind === "day" ? day(at).slice(5) : at % DAY === 0 ? day(at).slice(5) : plain(at).slice(11)]);
    }
    return ticks;
  }

  says() {
    const tracks = this.data.tracks.map((track) => `${track.title}: ${share(track)}`);
    return `Who was reachable from ${plain(this.data.start)} to ${plain(this.data.end)}. ${tracks.join(". ")}`;
  }

  tell() {
    const rows = (this.data?.tracks ?? []).map((track) => {
      const outages = track.bars.filter((bar) => bar.stand === "lapsed");
      const last = outages.at(-1);
      return h("tr", {}, h("th", { scope: "row" }, track.title), h("td", {}, track.dyad), h("td", {}, share(track)), h("td", {}, String(outages.length)), h("td", {}, last ? `${plain(last.start)} to ${plain(last.end)}` : "none"));
    });
    this.table.replaceChildren(this.table.firstElementChild,
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Channels over time, table" },
        h("table", {}, h("thead", {}, h("tr", {}, ["channel", "dyad", "reachable", "outages", "last outage"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows))));
  }

  listen() {
    const plot = this.plot;
    const touches = new Map();
    let drag = null;
    const at = (event) => event.clientX - plot.getBoundingClientRect().left;
    plot.addEventListener("wheel", (event) => {
      // The page scrolls as ever; with Ctrl, which is what a pinch on a touchpad is, the line zooms.
      if (!event.ctrlKey || !this.view) return;
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY / 200), this.when(at(event)));
    }, { passive: false });
    plot.addEventListener("pointerdown", (event) => {
      if (!this.view || event.button) return;
      touches.set(event.pointerId, event.clientX);
      const high = event.clientY - plot.getBoundingClientRect().top;
      const near = this.at !== null && Math.abs(at(event) - this.x(this.at)) < 10;
      drag = this.seek && (high < AXIS || near) ? { seeks: true } : { x: event.clientX, view: [...this.view], moved: false };
      if (drag.seeks) this.seek(this.when(at(event)));
    });
    plot.addEventListener("pointermove", (event) => {
      if (!drag) return;
      if (touches.size === 2 && touches.has(event.pointerId)) {
        const other = [...touches].find(([id]) => id !== event.pointerId)[1];
        const before = Math.abs(touches.get(event.pointerId) - other);
        touches.set(event.pointerId, event.clientX);
        const after = Math.abs(event.clientX - other);
        if (before > 10 && after > 10) this.zoom(before / after, this.when((event.clientX + other) / 2 - plot.getBoundingClientRect().left));
        return;
      }
      if (drag.seeks) {
        plot.setPointerCapture(event.pointerId);
        this.seek(this.when(at(event)));
        return;
      }
      const gone = event.clientX - drag.x;
      if (Math.abs(gone) < 5 && !drag.moved) return;
      drag.moved = true;
      plot.setPointerCapture(event.pointerId);
      const shift = (-gone / (plot.clientWidth - this.left)) * (drag.view[1] - drag.view[0]);
      this.view = [drag.view[0] + shift, drag.view[1] + shift];
      this.moved = true;
      this.draw();
    });
    const up = (event) => {
      touches.delete(event.pointerId);
      if (drag && !drag.seeks && !drag.moved && event.type === "pointerup") {
        if (event.target.dataset.href) location.hash = event.target.dataset.href;
        else if (this.seek && at(event) > this.left) this.seek(this.when(at(event)));
      }
      drag = null;
    };
    plot.addEventListener("pointerup", up);
    plot.addEventListener("pointercancel", up);
    plot.addEventListener("keydown", (event) => {
      const keys = { "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), ArrowLeft: () => this.pan(-0.1), ArrowRight: () => this.pan(0.1), Home: () => this.zoomTo(Infinity) };
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    });
  }
}

function share(track) {
  const sum = (kind) => track.bars.filter((bar) => bar.stand === kind).reduce((total, bar) => total + Date.parse(bar.end) - Date.parse(bar.start), 0);
  const [up, all] = [sum("good"), sum("good") + sum("lapsed") + sum("unknown")];
  const unknown = sum("unknown");
  if (!all) return "not heard of";
  return `${((100 * up) / all).toFixed(1)} % of the time${unknown ? `, ${((100 * unknown) / all).toFixed(1)} % unknown` : ""}`;
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function patterns() {
  return s("defs", {},
    s("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { class: "hatch-ground", width: 6, height: 6 }), s("rect", { class: "hatch-line", width: 2, height: 6 })),
    s("pattern", { id: "dots", width: 6, height: 6, patternUnits: "userSpaceOnUse" }, s("rect", { class: "dots-ground", width: 6, height: 6 }), s("circle", { class: "dots-dot", cx: 3, cy: 3, r: 1.4 })));
}

