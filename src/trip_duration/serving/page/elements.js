/* Makes elements; text stays text. */

/**
 * @param {string} name Of the element; "p.hint" has the class hint.
 * @param {...(Node|string)} children What it holds.
 */
export function make(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  element.append(...children);
  return element;
}

/** A number as words for people, and itself for programs. */
export function datum(words, value) {
  return Object.assign(make("data", words), { value });
}
