// The live floor: what the stream tells, how old it is, and catching up after a connection was lost.

import { get } from "./api.js";
import { button, byId, h } from "./dom.js";
import { actions } from "./act.js";
import { reportDialog } from "./report.js";
import { draw, frame } from "./floor.js";
import { Panel } from "./panel.js";
import { TimeLine } from "./timeline.js";
import { MINUTE, length, now, plain, setClock } from "./time.js";
import { why } from "./why.js";

const LOST = 3000;
const AGAIN = 1000;
const SECTIONS = ["lapses", "channels", "dyads", "feeds", "notices", "launches", "incidents"];

export class LiveView {
  constructor(app, me) {
    this.app = app;
    this.me = me;
    this.floor = { more: 0, silent: 0, sections: Object.fromEntries(SECTIONS.map((name) => [name, {}])) };
    this.pulse = null;
    this.heard = performance.now();
    this.ahead = 0;
    this.last = "";
    this.lapse = null;
    this.known = null;
    this.lost = false;
    this.turns = Infinity;
    this.counts = [0, false];
    this.lineAt = -Infinity;
    // The server's time of day: a browser's own clock may be wrong.
    setClock(() => Date.now() + this.ahead);
    frame(byId("main"));
    this.line = new TimeLine(byId("line-plot"), { lapse: (id) => this.link(id) });
    this.panel = new Panel();
    app.bar({ mode: "LIVE", kind: "live", title: me.live });
    app.strip([]);
    this.connect();
  }

  go(parts) {
    this.lapse = parts[0] === "lapse" ? parts[1] : null;
    if (this.lapse) this.tell();
    else this.panel.hide();
  }

  link(id) {
    return `#/live/lapse/${encodeURIComponent(id)}`;
  }

  connect() {
    this.source?.close();
    const source = (this.source = new EventSource(this.last ? `/api/live/stream?last=${encodeURIComponent(this.last)}` : "/api/live/stream"));
    const take = (event) => {
      if (event.lastEventId) this.last = event.lastEventId;
      this.heard = performance.now();
      return JSON.parse(event.data);
    };
    source.addEventListener("floor", (event) => {
      this.floor = take(event);
      for (const name of SECTIONS) this.floor.sections[name] ??= {};
      this.drawn();
    });
    source.addEventListener("patch", (event) => {
      const patch = take(event);
      [this.floor.more, this.floor.silent] = [patch.more, patch.silent];
      for (const [name, rows] of Object.entries(patch.sections)) {
        for (const [key, row] of Object.entries(rows)) {
          if (row === null) delete this.floor.sections[name][key];
          else this.floor.sections[name][key] = row;
        }
      }
      this.drawn();
    });
    source.addEventListener("pulse", (event) => {
      this.pulse = take(event);
      this.ahead = Date.parse(this.pulse.wall) - Date.now();
      this.tick();
    });
    source.addEventListener("error", () => {
      if (this.source !== source || source.readyState !== EventSource.CLOSED) return;
      // Refused, not only lost: signed out, or the server is still starting.
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.again(), AGAIN);
    });
  }

  async again() {
    try {
      await get("/api/me");
    } catch (error) {
      if (error.status === 401) {
        this.app.expired();
        return;
      }
    }
    if (this.source) this.connect();
  }

  drawn() {
    this.turns = draw(this.floor, { lapse: (id) => this.link(id) });
    const rows = Object.entries(this.floor.sections.lapses);
    const critical = rows.filter(([, row]) => row.state === "open" && row.severity === "critical" && !row.exercise);
    if (this.known) this.app.alarm(critical.filter(([key]) => !this.known.has(key)).map(([, row]) => row));
    this.known = new Set(critical.map(([key]) => key));
    const real = rows.map(([, row]) => row).filter((row) => !row.exercise);
    this.counts = [real.filter((row) => row.state === "open").length, real.some((row) => row.state === "unknown")];
    this.app.caption(...this.counts, this.lost, this.floor.more);
    const drill = Object.values(this.floor.sections).some((section) => Object.values(section).some((row) => row.exercise));
    this.app.strip(drill ? [{ kind: "exercise", text: "EXERCISE EXERCISE EXERCISE: a drill is on; what belongs to it says so" }] : []);
    const told = this.lapse && this.floor.sections.lapses[this.lapse];
    if (told && told.revision !== this.revision) this.tell();
    if (performance.now() - this.lineAt > 2000) this.loadLine();
    this.app.tick();
  }

  async loadLine() {
    this.lineAt = performance.now();
    const line = await get("/api/live/time-line").catch(() => null);
    this.line.show(line);
    if (line) this.line.setAt(Date.parse(line.end));
  }

  async tell() {
    const lapse = this.lapse;
    this.toldAt = performance.now();
    let explained;
    try {
      explained = await get(`/api/live/lapses/${encodeURIComponent(lapse)}`);
    } catch (error) {
      explained = { error };
    }
    if (!this.source || lapse !== this.lapse) return;
    if (explained.error?.status === 401) {
      this.app.expired();
      return;
    }
    const print = explained.error ? explained.error.message : JSON.stringify(explained);
    this.untold = Boolean(explained.error);
    if (this.panel.key === lapse && this.print === print) return;
    this.print = print;
    if (this.untold) {
      this.panel.show(lapse, h("article", { class: "why" }, h("h2", { tabindex: "-1" }, "It cannot be shown"), h("p", {}, `${print}.`), button("Close", () => this.close())));
      return;
    }
    this.revision = explained.why.row.revision;
    this.panel.show(lapse, why(explained, {
      close: () => this.close(),
      link: location.origin + location.pathname + this.link(lapse),
      lapse: (id) => this.link(id),
      title: `${this.me.live}, live, at ${plain(Date.now() + this.ahead)}`,
      acts: actions(explained.why.row, this.me, () => this.tell()),
    }));
  }

  report() {
    reportDialog(byId("dialogs"), this.floor.sections.channels);
  }

  close() {
    this.app.go("#/live");
  }

  key(key) {
    if (key === "Escape") {
      if (this.lapse) this.close();
      return true;
    }
    const id = { a: "act-ack", s: "act-snooze", n: "act-note" }[key];
    if (!id) return false;
    const focused = document.activeElement?.dataset?.lapse;
    if (this.lapse) byId(id)?.click();
    else if (focused) {
      this.app.go(this.link(focused));
      const shown = new MutationObserver(() => {
        if (!byId(id)) return;
        shown.disconnect();
        byId(id).click();
      });
      shown.observe(this.panel.box, { childList: true });
    }
    return true;
  }

  // How old what is seen is, in milliseconds.
  old() {
    const silent = performance.now() - this.heard;
    const behind = this.pulse?.at ? Math.max(0, Date.parse(this.pulse.wall) - Date.parse(this.pulse.at)) : 0;
    return silent + behind;
  }

  age() {
    if (!this.pulse) return "connecting";
    const old = this.old();
    return old < 2000 ? "up to date" : `${length(old)} old`;
  }

  tick() {
    const lost = performance.now() - this.heard > LOST;
    document.body.classList.toggle("lost", lost);
    if (lost !== this.lost) {
      this.lost = lost;
      this.app.caption(...this.counts, lost, this.floor.more);
    }
    const banners = [];
    if (lost) banners.push({ kind: "blind", text: `CONNECTION LOST. What you see is ${length(this.old())} old, from ${plain(Date.now() + this.ahead - this.old())}. It catches up by itself.` });
    const pulse = this.pulse;
    if (pulse && !lost) {
      if (pulse.health === "blind") banners.push({ kind: "blind", text: `THE PIPELINE IS BLIND: ${pulse.says}. Nothing new can be seen here.` });
      if (pulse.health === "late") banners.push({ kind: "late", text: `THE PIPELINE IS LATE: ${pulse.says}.` });
      if (pulse.silent?.length) banners.push({ kind: "unknown", text: `SILENT: ${pulse.silent.join(", ")}. What they carry is UNKNOWN, not fine.` });
      if (pulse.refused) banners.push({ kind: "late", text: `${pulse.refused} records of the log could not be used, and were not judged.` });
      if (pulse.letters) banners.push({ kind: "late", text: `${pulse.letters} records could not be read and were not judged: see steadyline dead-letters list.` });
    }
    this.app.banners(banners);
    if (lost && this.source?.readyState === EventSource.OPEN && performance.now() - this.heard > 3 * LOST) this.connect();
    if (performance.now() - this.lineAt > MINUTE) this.loadLine();
    // A desk takes in what was done a moment after it was done, here or elsewhere.
    if (this.lapse && !lost && performance.now() - this.toldAt > (this.me.desk || this.untold ? AGAIN : MINUTE)) this.tell();
    if (now() > this.turns) this.drawn();
  }

  leave() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.retry);
  }
}
