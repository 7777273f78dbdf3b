// Builds elements from plain data. Text only ever goes in as text: nothing here parses markup.

/** el("p", { class: "hint" }, "text", child, …); members that are null, undefined or false are left out. */
export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "onclick") element.addEventListener("click", value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

export const byId = (id) => document.getElementById(id);

const ICONS = {
  accepted: "m4 12.5 5 5L20 7",
  attention: "M12 4v10M12 19v.5",
  rejected: "M6 6l12 12M18 6 6 18",
  neutral: "M5 12h14",
};

export function icon(kind) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[kind] ?? ICONS.neutral);
  svg.append(path);
  return svg;
}
