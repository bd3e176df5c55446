// Reporting a call or an incident to the log.

import { post } from "./api.js";
import { button, h } from "./dom.js";

const choices = (name, values) => h("select", { name }, values.map((value) => h("option", { value }, value)));
const text = (name, attributes) => h("input", { name, maxlength: "200", ...attributes });
const label = (name, element, hint) => h("label", {}, name, element, hint && h("span", { class: "small" }, hint));

export function reportDialog(box, channels) {
  const known = h("datalist", { id: "known-channels" }, Object.keys(channels).map((name) => h("option", { value: name })));
  const forms = {
    call: () => [
      label("Channel", text("channel", { required: true, list: "known-channels" })),
      label("Who asked for it", text("party", { required: true, placeholder: "US" })),
      label("What became of it", choices("outcome", ["placed", "answered", "acknowledged", "declined", "unanswered"])),
      label("Request", text("request", {}), "the id that the call was given when it was placed; empty for a new one"),
    ],
    incident: () => [
      label("Between", text("parties", { required: true, placeholder: "US,PRC" })),
      label("Gravity", choices("gravity", ["low", "elevated", "high", "critical"])),
      label("Domain", choices("domain", ["air", "sea", "land", "space", "cyber", "ai", "bio", "nuclear"])),
      label("Its name", text("incident", {}), "the same for two reports of one incident; empty for a new one"),
      label("Place", text("place", { placeholder: "21.5,118.2" })),
    ],
  };
  const body = h("div", { class: "fields" });
  const kind = h("select", { name: "kind", on: { change: () => body.replaceChildren(...forms[kind.value]()) } }, h("option", { value: "call" }, "a call"), h("option", { value: "incident" }, "an incident"));
  body.replaceChildren(...forms.call());
  const says = h("p", { class: "wrong-input", role: "alert" });
  const send = async (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.target)].filter(([name, value]) => name !== "kind" && value !== ""));
    try {
      const told = await post("/api/live/reports", { kind: kind.value, fields: given });
      dialog.replaceChildren(h("p", { role: "status" }, told.says), h("div", { class: "dialog-tools" }, button("Close", () => dialog.close())));
      dialog.querySelector("button").focus();
    } catch (error) {
      says.textContent = error.message;
    }
  };
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "report-name" },
    h("h2", { id: "report-name" }, "Report"),
    h("form", { on: { submit: send } }, label("What", kind), body,
      label("When", text("at", { required: true, value: new Date().toISOString().slice(0, 16) + "Z" }), "with its zone: 2024-09-22T15:30Z"),
      label("In words", h("textarea", { name: "text", rows: "3", maxlength: "2000" })),
      h("label", { class: "check" }, h("input", { type: "checkbox", name: "exercise", value: "yes" }), " It belongs to an EXERCISE"),
      known, says, h("div", { class: "dialog-tools" }, h("button", { type: "submit" }, "Report"), button("Cancel", () => dialog.close(), { class: "quiet" }))));
  dialog.addEventListener("close", () => dialog.remove());
  box.replaceChildren(dialog);
  dialog.showModal();
}
