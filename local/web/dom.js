// Small helpers to build what is shown. Text is always set as text, never as markup.

export const byId = (id) => document.getElementById(id);

export const element = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'text') node.textContent = value;
    else if (value === true) node.setAttribute(name, '');
    else node.setAttribute(name, String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
};

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  alert: 'M12 8v5m0 3.5v.01M12 3.5 21.5 20h-19z',
  bank: 'M12 3.5l9 5H3zM5 11v7m4.7-7v7m4.6-7v7M19 11v7M3.5 20.5h17',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  info: 'M12 11v5.5m0-9v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
};

export const icon = (name) => {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
};

const COLOURS = 6;

// A mark for a bank: its first letters, on a colour that stays the same.
export const logo = (name) => {
  if (!name) return element('span', { class: 'logo none', 'aria-hidden': 'true' }, icon('bank'));
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join('');
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return element('span', { class: `logo c${sum % COLOURS}`, 'aria-hidden': 'true', text: letters });
};

export const pause = (milliseconds) =>
  new Promise((resolve) => {
    window.setTimeout(resolve, milliseconds);
  });
