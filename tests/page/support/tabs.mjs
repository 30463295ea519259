/** What the tests use of Playwright's page, for browsers that Playwright cannot drive. */

const EVERY_MS = 50;
/** What a busy machine may need for anything; only what never comes is waited for so long. */
export const PATIENCE_MS = 150000;
/** What Playwright says where the tab went to another document while it was asked. */
const WENT_ON = /Execution context was destroyed/;

/** Whether an expression holds in the tab. A document that has just gone, or of which nothing has come yet, says nothing. */
async function holds(tab, expression) {
    try {
        return await tab.evaluate(`document.documentElement !== null && (${expression})`);
    } catch (error) {
        if (WENT_ON.test(error.message)) return false;
        throw error;
    }
}

/** Adds waiting to a tab that can `evaluate` an expression. */
export function pollTab(tab) {
    tab.waitFor = async (expression) => {
        const end = performance.now() + PATIENCE_MS;
        for (;;) {
            if (await holds(tab, expression)) return;
            if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for ${expression}`);
            await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
        }
    };
    tab.waitForSelector = (selector) => tab.waitFor(`document.querySelector(${JSON.stringify(selector)}) !== null`);
    return tab;
}
