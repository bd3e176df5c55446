// Signing in: with the link that was printed where the page was started, or with a password.

import { post } from "./api.js";
import { h } from "./dom.js";

export function signIn(main, used, then) {
  const wrong = h("p", { class: "wrong-input", role: "alert" });
  const name = h("input", { name: "name", autocomplete: "username", required: true, autocapitalize: "off", spellcheck: "false" });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const send = async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      await post("/api/sign-in", { name: name.value, password: password.value });
    } catch (error) {
      wrong.textContent = error.message;
      password.value = "";
      password.focus();
      return;
    }
    await then();
  };
  main.replaceChildren(
    h("section", { class: "panel sign-in", "aria-labelledby": "sign-in-name" },
      h("h1", { id: "sign-in-name" }, "Sign in"),
      used && h("p", { class: "note" }, "This link was used already, or is too old. Another one was printed where the page was started."),
      h("p", {}, "Open the link that ", h("code", {}, "steadyline watch"), " printed, or sign in with your password."),
      h("form", { on: { submit: send } },
        h("label", {}, "Name", name), h("label", {}, "Password", password), wrong, h("button", { type: "submit" }, "Sign in"))));
}
