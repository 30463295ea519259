/** What the tests use of Playwright's page, for browsers that Playwright cannot drive. */

const EVERY_MS = 50;
const TIMEOUT_MS = 60000;

/** Adds waiting to a tab that can `evaluate` an expression. */
export function pollTab(tab) {
    tab.waitFor = async (expression) => {
        const end = performance.now() + TIMEOUT_MS;
        for (;;) {
            if (await tab.evaluate(expression)) return;
            if (performance.now() > end) throw new Error(`waited ${TIMEOUT_MS} ms for ${expression}`);
            await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
        }
    };
    tab.waitForSelector = (selector) => tab.waitFor(`document.querySelector(${JSON.stringify(selector)}) !== null`);
    return tab;
}
