// What everybody must be able to use: each state of the page in light and dark, on a desk
// and on a phone.

import assert from 'node:assert/strict';

import axe from 'axe-core';

import { picture } from './browser.js';

const LOOKS = [
  { scheme: 'light', width: 1280, height: 860 },
  { scheme: 'dark', width: 1280, height: 860 },
  { scheme: 'light', width: 360, height: 740 },
  { scheme: 'dark', width: 360, height: 740 },
];
// As wide as a page is at 1280 pixels and 400 % (WCAG 1.4.10).
const NARROWEST = 320;
// CSS pixels: a finger's width.
const FINGER = 44;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// What axe-core finds, each with what it is about. It looks at our page, not into frames.
export const violations = async (page) => {
  // Not as a script of the page, which its policy would forbid.
  await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    const runOnly = { type: 'tag', values: rules };
    const found = await window.axe.run(document, { runOnly, iframes: false });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
  }, RULES);
};

// What a finger would miss. A choice is as large as its label.
const tooSmall = (page) =>
  page.evaluate((finger) => {
    const controls = [...document.querySelectorAll('button, summary, a:not(.skip), input:not([type=radio]), .choice')];
    return controls
      .filter((control) => control.checkVisibility())
      .map((control) => [control.getBoundingClientRect(), control.outerHTML])
      .filter(([box]) => box.width < finger || box.height < finger)
      .map(([box, html]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${html}`);
  }, FINGER);

// What sticks out of the page at the right, boxes and words, and would have it scroll or be
// cut off. Where words are meant to be cut, they are.
const outside = (page) =>
  page.evaluate(() => {
    const there = document.documentElement.clientWidth + 1;
    const isSeen = (node) => node.checkVisibility() && !node.closest('.unseen, .skip, dialog:not([open])');
    const rightOf = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      const words = getComputedStyle(node).overflowX === 'visible' ? [...range.getClientRects()] : [];
      return Math.max(...[node.getBoundingClientRect(), ...words].map((box) => box.right));
    };
    return [...document.querySelectorAll('body *')]
      .filter((node) => isSeen(node) && rightOf(node) > there)
      .map((node) => node.outerHTML.slice(0, 200));
  });

// Fails unless the page, as it is now, can be used in every look. Takes a picture of each.
export const usable = async (page, name) => {
  for (const { scheme, width, height } of LOOKS) {
    const look = `${name}-${scheme}-${width}`;
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    assert.deepEqual(await violations(page), [], look);
    assert.deepEqual(await tooSmall(page), [], look);
    assert.deepEqual(await outside(page), [], look);
    await picture(page, look);
  }
  await page.setViewportSize({ width: NARROWEST, height: 740 });
  assert.deepEqual(await outside(page), [], `${name}, ${NARROWEST} wide`);
};
