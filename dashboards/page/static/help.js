// Which key does what, and the switch for single keys.

import { button, h } from "./dom.js";
import { keepSetting, setting } from "./settings.js";

const KEYS = [
  ["j, k", "the next open lapse, the one before"],
  ["Enter", "open the lapse that is focused"],
  ["Esc", "close it"],
  ["a", "acknowledge the lapse that is open or focused"],
  ["s", "snooze it"],
  ["n", "add a note"],
  ["Space", "replay: play, pause"],
  [", .", "replay: the event before, the next event"],
  ["[ ]", "replay: the change of a lapse before, the next one"],
  ["t", "replay: as it was known then, as it is known now"],
  ["+ − ← →", "on the time line: zoom, move"],
  ["?", "this list"],
];

export function helpDialog(box) {
  const keys = h("input", { type: "checkbox", on: { change: (event) => keepSetting("keys", event.target.checked ? "on" : "off") } });
  keys.checked = setting("keys") === "on";
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "help-name" },
    h("h2", { id: "help-name" }, "Keys"),
    h("dl", { class: "keys" }, KEYS.map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)))),
    h("p", {}, h("label", { class: "check" }, keys, " Single keys do something")),
    h("div", { class: "dialog-tools" }, button("Close", () => dialog.close())));
  dialog.addEventListener("close", () => dialog.remove());
  box.replaceChildren(dialog);
  dialog.showModal();
}
