// Elements, made and found.

export const $ = (id) => document.getElementById(id);

/** An element with properties and children, each an element or a text. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const ALLOWED = "A B BLOCKQUOTE BR CODE DIV EM H1 H2 H3 HR I LI OL P PRE SPAN STRONG TABLE TBODY TD TH THEAD TR UL".split(" ");
const OTHER = new RegExp(`<(?!/?(?:${ALLOWED.join("|")})[\\s/>])`, "gi");

/** HTML without what does more than show text: a spec that somebody else wrote, and shared, may hold anything. Other tags are shown. */
export function harmless(html) {
  const body = new DOMParser().parseFromString(html.replace(OTHER, "&lt;"), "text/html").body;
  for (const element of body.querySelectorAll("*")) {
    if (!ALLOWED.includes(element.tagName)) {
      element.replaceWith(element.textContent);
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      if (name === "class" || (name === "href" && /^https?:/.test(value))) continue;
      element.removeAttribute(name);
    }
  }
  return body.innerHTML;
}
