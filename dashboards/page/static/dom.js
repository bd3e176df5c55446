// Elements without markup: text stays text, whatever the world wrote into it.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function s(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export const byId = (id) => document.getElementById(id);

// Lets `parent` hold one child a row, in order; a row that has not changed keeps its element, and so its focus.
export function keep(parent, rows, make) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const [key, row] of rows) {
    const print = JSON.stringify(row);
    let child = before.get(key);
    before.delete(key);
    if (!child || child.dataset.print !== print) {
      const made = make(row, key);
      made.dataset.key = key;
      made.dataset.print = print;
      if (child) {
        const focus = child.contains(document.activeElement) ? document.activeElement.dataset.focus ?? "" : null;
        if (child === place) place = child.nextElementSibling;
        child.replaceWith(made);
        if (focus !== null) (made.querySelector(`[data-focus="${focus}"]`) ?? made.querySelector("a, button") ?? made).focus();
      }
      child = made;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of before.values()) child.remove();
}

const ICONS = {
  good: ["M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z", "M7 12.5l3.5 3.5L17 9"],
  late: ["M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z", "M12 6.5V12l4 2.5"],
  lapsed: ["M3 3h18v18H3z", "M8 8l8 8M16 8l-8 8"],
  unknown: ["M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z", "M9 9.5a3 3 0 1 1 4.2 2.7c-.8.4-1.2.9-1.2 1.8M12 17.2v.1"],
  critical: ["M8 2h8l6 6v8l-6 6H8l-6-6V8z", "M9.3 6.5v7M9.3 17v.2M14.7 6.5v7M14.7 17v.2"],
  page: ["M12 2.5L23 21.5H1z", "M12 9v6M12 18v.2"],
  warn: ["M12 1.5L22.5 12L12 22.5L1.5 12z", "M12 7v6M12 16.4v.2"],
  info: ["M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20z", "M12 11v6M12 7.2v.2"],
};

// A mark that says the same as the word beside it: told apart by its shape, not by its colour alone.
export function mark(kind) {
  const [shape, sign] = ICONS[kind] ?? ICONS.info;
  return s("svg", { class: `mark ${kind}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { class: "shape", d: shape }), s("path", { class: "sign", d: sign }));
}

export function button(label, handler, attributes) {
  return h("button", { type: "button", on: { click: handler }, ...attributes }, label);
}
