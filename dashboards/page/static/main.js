// The page as a whole: who is signed in, what is shown, the bar above, and the keys.

import { get, post, setForm } from "./api.js";
import { button, byId, h } from "./dom.js";
import { applyTheme, keepSetting, setting, sound } from "./settings.js";
import { LiveView } from "./live.js";
import { ReplayView } from "./replay.js";
import { shelf } from "./shelf.js";
import { group, local, now, plain, run } from "./time.js";
import { signIn } from "./sign-in.js";
import { helpDialog } from "./help.js";

let me = null;
let view = null;
let shown = "";

async function start() {
  applyTheme();
  setInterval(tick, 1000);
  // By its own address: by the time it is heard of, a view may have written another one.
  addEventListener("hashchange", (event) => route(new URL(event.newURL).hash));
  addEventListener("keydown", keys);
  // Its address is a place on the page, and none of the views.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    (byId("lapses") ?? byId("main").querySelector("a, button, input"))?.focus();
  });
  await enter();
}

async function enter() {
  try {
    me = await get("/api/me");
  } catch (error) {
    leave();
    me = null;
    menu();
    if (error.status === 401) signIn(byId("main"), location.hash.startsWith("#/sign-in/used"), enter);
    else byId("main").replaceChildren(h("p", { class: "loading" }, `The floor cannot be loaded: ${error.message}. `, button("Try again", enter)));
    return;
  }
  setForm(me.form);
  if (location.hash.startsWith("#/sign-in")) history.replaceState(null, "", "#/");
  menu();
  route();
}

function leave() {
  view?.leave();
  // What is shown next is none of what was open, lost or counted here.
  document.body.classList.remove("with-why", "lost");
  caption(0, false);
  view = null;
  shown = "";
  byId("deck").hidden = true;
  byId("title").hidden = true;
  byId("mode").hidden = true;
  byId("strip").hidden = true;
  byId("banners").replaceChildren();
}

function parsed(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query ?? "") };
}

// An address that was cut or mistyped is taken as it is: it then names nothing.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function route(hash = location.hash) {
  if (!me) return;
  const { parts, query } = parsed(hash);
  const [kind, name] = parts;
  if (kind === "shelf") {
    leave();
    shelf(byId("main"), me);
    bar({ mode: "", title: "Recordings" });
    return;
  }
  if (kind === "live" || (!kind && me.live && !me.opens)) {
    open("live", () => new LiveView(app, me)).go(parts.slice(1), query);
    return;
  }
  const recording = kind === "replay" ? name : (me.opens ?? me.cards[0]?.name);
  open(`replay ${recording}`, () => new ReplayView(app, me, recording)).go(parts.slice(2), query);
}

function open(key, make) {
  if (shown !== key) {
    leave();
    shown = key;
    view = make();
  }
  return view;
}

function bar({ mode, title, kind }) {
  const badge = byId("mode");
  badge.textContent = mode;
  badge.className = `mode ${kind ?? ""}`;
  badge.hidden = !mode;
  if (byId("report")) byId("report").hidden = kind !== "live";
  byId("title").textContent = title ?? "";
  byId("title").hidden = !title;
}

function banners(list) {
  const box = byId("banners");
  const print = JSON.stringify(list);
  if (box.dataset.print === print) return;
  box.dataset.print = print;
  box.replaceChildren(...list.map(({ kind, text }) => h("p", { class: `banner ${kind}` }, text)));
}

function strip(lines) {
  const box = byId("strip");
  const print = JSON.stringify(lines);
  if (box.dataset.print === print && box.hidden === !lines.length) return;
  box.dataset.print = print;
  box.hidden = !lines.length;
  box.replaceChildren(...lines.map(({ kind, text }) => h("p", { class: kind }, text)));
}

// Says what is newly critical, once, to whoever does not look.
function alarm(rows) {
  if (!rows.length) return;
  byId("alarm").textContent = rows.map((row) => `New critical lapse: ${row.about}, ${row.wrong}.`).join(" ");
  sound();
}

function caption(open, unknown, lost = false, more = 0) {
  document.title = `${lost ? "LOST " : ""}${open ? `(${open}${more ? "+" : ""}) ` : ""}${unknown ? `? ` : ""}Steadyline`;
}

const app = { bar, banners, strip, alarm, caption, tick, expired: () => enter(), go: (hash) => (location.hash = hash) };

function tick() {
  const clock = byId("clock");
  const at = now();
  if (me && view && at) {
    clock.textContent = group(at);
    clock.title = `${plain(at, true)}. ${local(at)}`;
    clock.dateTime = new Date(at).toISOString();
    byId("age").textContent = view.age();
  } else {
    clock.textContent = "";
    byId("age").textContent = "";
  }
  view?.tick();
  run();
}

function menu() {
  const box = byId("menu");
  if (!me) {
    box.replaceChildren(themeButton());
    return;
  }
  box.replaceChildren(
    me.live ? h("a", { href: "#/live" }, "Live") : "",
    h("a", { href: "#/shelf" }, "Recordings"),
    me.reports ? button("Report", () => view?.report?.(), { id: "report" }) : "",
    themeButton(),
    toggle("sound", "Sound", { off: "Sound off", on: "Sound on" }),
    button("Keys", () => helpDialog(byId("dialogs")), { "aria-keyshortcuts": "?" }),
    h("span", { class: "who", title: `signed in as ${me.member.id}` }, `${me.member.name} (${me.member.role})`),
    button("Sign out", async () => {
      await post("/api/sign-out").catch(() => null);
      await enter();
    }, { class: "quiet" }),
  );
}

function themeButton() {
  return toggle("theme", "Colours", { auto: "Auto", light: "Light", dark: "Dark" }, applyTheme);
}

function toggle(name, label, values, then) {
  const element = button("", () => {
    const keys = Object.keys(values);
    keepSetting(name, keys[(keys.indexOf(setting(name)) + 1) % keys.length]);
    told();
    then?.();
    if (name === "sound") sound();
  }, { class: "quiet" });
  const told = () => {
    element.textContent = values[setting(name)] ?? values[Object.keys(values)[0]];
    element.setAttribute("aria-label", `${label}: ${element.textContent}`);
  };
  told();
  return element;
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable]") && event.key !== "Escape") return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    view?.key("Escape");
    return;
  }
  // Whoever speaks to the machine, or is clumsy, can switch single keys off.
  if (setting("keys") !== "on") return;
  if (event.key === "?") helpDialog(byId("dialogs"));
  else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (!(event.key === " " && event.target.closest("button, a, summary")) && !view?.key(event.key)) return;
  event.preventDefault();
}

// From one open lapse to the next.
function step(by) {
  const links = [...document.querySelectorAll("[data-lapse]")];
  if (!links.length) return;
  const place = links.indexOf(document.activeElement);
  links[(place === -1 ? (by > 0 ? 0 : links.length - 1) : place + by + links.length) % links.length].focus();
}

start();
