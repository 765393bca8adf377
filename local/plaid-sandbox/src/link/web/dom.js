// Small helpers to build panes. Text is always set as text, never as markup.

export const element = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'text') node.textContent = value;
    else if (name in node && typeof value !== 'string') node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const SVG = 'http://www.w3.org/2000/svg';

const draw = (tag, attributes) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

const ICONS = {
  bank: 'M4 10h16M5 10v8m4.7-8v8m4.6-8v8M19 10v8M3 20h18M12 3l9 5H3z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warn: 'M12 8v5m0 3.2v.3M12 3l10 18H2z',
  shield: 'M12 3l7.5 3v6c0 4.5-3.2 7.6-7.5 9-4.3-1.4-7.5-4.5-7.5-9V6zM9 12l2.2 2.2L15.2 10',
  link: 'M10 14a4 4 0 0 0 6 .3l3-3a4.2 4.2 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.3l-3 3a4.2 4.2 0 0 0 6 6l1.5-1.5',
  chevron: 'M9 6l6 6-6 6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.2 16.2L21 21',
};

export const icon = (name) => {
  const svg = draw('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true', class: 'glyph' });
  svg.append(draw('path', { d: ICONS[name] }));
  return svg;
};

const COLOURS = 6;

// A mark for an institution: its first letters on a colour of its own.
export const logo = (institution) => {
  const id = institution.institution_id;
  const sum = [...id].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const words = institution.name.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => word[0].toUpperCase()).join('');
  return element('span', { class: `logo c${sum % COLOURS}`, 'aria-hidden': 'true', text: letters });
};

// A field with its label, and its error if there is one.
export const field = ({ label, hint, error, ...input }) => {
  const describedBy = [hint && `${input.id}-hint`, error && `${input.id}-error`].filter(Boolean);
  return element(
    'div',
    { class: 'field' },
    element('label', { for: input.id, text: label }),
    element('input', {
      type: 'text',
      autocapitalize: 'none',
      spellcheck: 'false',
      name: input.id,
      required: true,
      'aria-invalid': error ? 'true' : null,
      'aria-describedby': describedBy.join(' ') || null,
      ...input,
    }),
    hint ? element('p', { class: 'hint', id: `${input.id}-hint`, text: hint }) : null,
    error ? element('p', { class: 'wrong', id: `${input.id}-error`, text: error }) : null,
  );
};

// Told at once by screen readers, because it is put into the page afterwards.
export const alert = (text) =>
  element('div', { class: 'alert', role: 'alert' }, icon('warn'), element('p', { text }));

export const primary = (text, properties = {}) =>
  element('button', { type: 'submit', class: 'primary', text, ...properties });

export const heading = (text) => element('h1', { id: 'title', tabindex: '-1', text });

export const lead = (text) => element('p', { class: 'lead', text });

// What a tester would otherwise look up.
export const tip = (text) => element('p', { class: 'tip', text });

export const money = (amount) =>
  amount === null || amount === undefined
    ? ''
    : amount.toLocaleString('en-US', { style: 'currency', currency: 'USD' });

export const capital = (text) => (text || '').replace(/^./, (first) => first.toUpperCase());
