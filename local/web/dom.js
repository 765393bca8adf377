// Small helpers to build what is shown. Text is always set as text, never as markup.

/** @typedef {string | number | boolean | null | undefined | ((event: Event) => void)} Property */
/** @typedef {Node | string | null | undefined} Child */

/**
 * An element of index.html.
 * @param {string} id
 * @returns {HTMLElement}
 */
export const byId = (id) => {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
};

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {Property} value
 */
const setProperty = (node, name, value) => {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === 'function') node.addEventListener(name.slice('on'.length), value);
  else if (name === 'text') node.textContent = String(value);
  else if (value === true) node.setAttribute(name, '');
  else node.setAttribute(name, String(value));
};

/**
 * `text` is its text, what begins with `on` listens, and everything else is an attribute.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Property>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export const element = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(node, name, value);
  for (const child of children.flat()) if (child) node.append(child);
  return node;
};

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  alert: 'M12 8v5m0 3.5v.01M12 3.5 21.5 20h-19z',
  bank: 'M12 3.5l9 5H3zM5 11v7m4.7-7v7m4.6-7v7M19 11v7M3.5 20.5h17',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  info: 'M12 11v5.5m0-9v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
};

/**
 * @param {keyof typeof PATHS} name
 * @returns {SVGElement}
 */
export const icon = (name) => {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return /** @type {SVGElement} */ (svg);
};

const COLOURS = 6;

/**
 * A mark for a bank: its first letters, on a colour that stays the same.
 * @param {string | null} name
 * @returns {HTMLElement}
 */
export const logo = (name) => {
  if (!name) return element('span', { class: 'logo none', 'aria-hidden': 'true' }, icon('bank'));
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word].slice(0, 1).join('').toUpperCase()).join('');
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return element('span', { class: `logo c${sum % COLOURS}`, 'aria-hidden': 'true', text: letters });
};

/**
 * Whether a control is at work, or waits until others are done. It keeps the focus, which
 * a disabled one would lose.
 * @param {Element} control
 */
export const isBusy = (control) => control.getAttribute('aria-disabled') === 'true';

/**
 * @param {Element} control
 * @param {boolean} busy
 */
export const setBusy = (control, busy) => {
  if (busy) control.setAttribute('aria-disabled', 'true');
  else control.removeAttribute('aria-disabled');
};

/**
 * A button at work says so, in no less room than before. Without `said` it is done.
 * @param {HTMLElement} button
 * @param {string | null} [said]
 */
export const setWorking = (button, said = null) => {
  if (said && !button.classList.contains('working')) {
    button.dataset.idle = button.textContent ?? '';
    button.style.minWidth = `${button.getBoundingClientRect().width}px`;
  }
  setBusy(button, Boolean(said));
  button.classList.toggle('working', Boolean(said));
  button.textContent = said ?? button.dataset.idle ?? button.textContent;
  if (!said) button.style.minWidth = '';
};

/**
 * A button that does nothing while it is busy, however often it is pressed.
 * @param {string} text
 * @param {(button: HTMLButtonElement) => void} act
 * @param {string} [kind]
 * @param {Record<string, Property>} [more]
 * @returns {HTMLButtonElement}
 */
export const makeButton = (text, act, kind = 'primary', more = {}) => {
  const button = element('button', { type: 'button', class: kind, text, ...more });
  button.addEventListener('click', () => {
    if (!isBusy(button)) act(button);
  });
  return button;
};

const COPIED_FOR = 2000;

/**
 * Copies what `read` gives, and says whether it could.
 * @param {string} text
 * @param {() => string} read
 * @returns {Node[]}
 */
export const copyButton = (text, read) => {
  const said = element('span', { class: 'unseen', role: 'status' });
  const say = (/** @type {string} */ words) => {
    button.textContent = words || text;
    said.textContent = words;
  };
  const button = makeButton(text, async () => {
    const copied = await navigator.clipboard.writeText(read()).then(() => true, () => false);
    say(copied ? 'Copied' : 'Not allowed');
    window.setTimeout(() => say(''), COPIED_FOR);
  }, 'quiet');
  return [button, said];
};

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export const pause = (milliseconds) =>
  new Promise((resolve) => {
    window.setTimeout(resolve, milliseconds);
  });
