// Parameters as controls, and the choice of what to open.

import { $, make } from "./dom.js";

let shown = "";

/** Makes the controls anew when they are next shown: others set the parameters. */
export const forget = () => {
  shown = "";
};

/** The controls of a spec's parameters and variants. `changed` is called with the settings that differ from the defaults. */
export function controls({ parameters, variants }, settings, changed) {
  $("settings").hidden = !parameters.length && !variants.length;
  const now = JSON.stringify([parameters, variants]);
  if (now === shown) return;
  shown = now;
  const read = () => {
    const set = {};
    for (const { name, value } of parameters) {
      const input = form.elements[`param:${name}`], text = input.type === "checkbox" ? String(input.checked) : input.value.trim();
      if (text && text !== value) set[name] = text;
    }
    changed({ variant: form.elements.variant?.value || "", set });
  };
  const form = $("params");
  form.onchange = read;
  form.onsubmit = (event) => event.preventDefault();
  form.replaceChildren(
    ...(variants.length ? [choice("Variant", "variant", ["", ...variants], settings.variant)] : []),
    ...parameters.map((parameter) => control(parameter, settings.set[parameter.name])));
  if (!parameters.length) return;
  form.append(make("button", { type: "button", onclick: () => {
    form.reset();
    for (const { name, value } of parameters) {
      const input = form.elements[`param:${name}`];
      if (input.type === "checkbox") input.checked = value === "true";
      else input.value = input.tagName === "SELECT" ? value : "";
    }
    if (form.elements.variant) form.elements.variant.value = "";
    read();
  } }, "Reset"));
}

function choice(label, name, values, value) {
  const options = values.map((each) => make("option", { value: each, selected: each === (value ?? "") }, each || "(none)"));
  return make("label", {}, label, make("select", { name }, ...options));
}

function control({ name, kind, value, choices, doc }, set) {
  if (choices) return choice(name, `param:${name}`, choices, set ?? value);
  const input = kind === "bool"
    ? make("input", { name: `param:${name}`, type: "checkbox", checked: (set ?? value) === "true" })
    : make("input", { name: `param:${name}`, type: "text", placeholder: value, value: set ?? "", spellcheck: false });
  return make("label", { title: doc }, name, input);
}

/** How many parameters are set, for who has them folded. */
export function tell({ variant, set }) {
  $("changed").textContent = [variant, ...Object.entries(set).map(([name, value]) => `${name}=${value}`)].filter(Boolean).join(" ");
}

/** The choice of what is bundled. */
export function chooser(groups, chosen) {
  $("open").replaceChildren(make("option", { value: "" }, "…"), ...groups.map(({ label, names }) =>
    Object.assign(make("optgroup", {}, ...names.map((name) => make("option", { value: name }, name))), { label })));
  $("open").onchange = ({ target }) => target.value && chosen(target.value);
}
