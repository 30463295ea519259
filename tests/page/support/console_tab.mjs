/** A console in a tab of its own, against a stand-in of its own; at the end nothing may have been wrong with the page. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before } from 'node:test';
import { builtPage, launch, noteViolations } from './browser.mjs';
import { ConsoleService } from './console_service.mjs';

export const LIVE = 'body[data-state=live] main[data-state=filled]';

/** Which view the tab is to show, once it does. @param {string} hash */
export const shows = (hash) => `${LIVE}[data-address=${JSON.stringify(`#/${hash}`)}]`;

/** Has the view Now read the jobs that have ended, which it does once they are seen. @param {any} tab */
export async function seesJobs(tab) {
    await tab.locator('section[aria-label="Last jobs"]').scrollIntoViewIfNeeded();
    await tab.waitForSelector('section[aria-label="Last jobs"] tbody tr');
}

/** @param {any} browser @param {string} folder of the built console @param {object} options of the stand-in
 * @param {(on: {service: ConsoleService, tab: any, problems: string[]} & ReturnType<typeof helpers> & {text: () => Promise<string>} => Promise<void>} use */
async function withConsole(browser, folder, options, use) {
    const service = await new ConsoleService(folder, options).start(), problems = [];
    const { tab, close } = await browser.openTab(problems);
    try {
        await noteViolations(tab);
        tab.on('dialog', (dialog) => {
            problems.push(`a dialog: ${dialog.message()}`);
            void dialog.dismiss();
        });
        await use({ service, tab, problems, ...helpers(tab, service) });
        assert.deepEqual([problems, service.violations], [[], []]);
    } finally {
        await close();
        await service.stop();
    }
}

/** The tests of a file share a browser: what opens a console in it, and the folder of the console.
 * @param {string} reads the element whose text `text()` gives: of everything, unless it is said @param {string[]} flags more of Chromium's own */
export function consoles(reads = 'body', flags = []) {
    let browser, page;
    const open = (options, use) => withConsole(browser, open.folder, options, (on) => use({ ...on, text: () => on.tab.evaluate((element) => document.querySelector(element).innerText, reads) }));
    open.folder = '';
    before(async () => {
        page = builtPage();
        open.folder = path.join(page.folder, '../console');
        browser = await launch({ flags });
    });
    after(async () => {
        await browser?.close();
        page?.remove();
    });
    return open;
}

/** What most tests do with a console. */
function helpers(tab, service) {
    return {
        async go(hash, selector = shows(hash)) {
            await tab.goto(`${service.url}/#/${hash}`);
            await tab.waitForSelector(selector);
        },
        /** Waits for what is said to who sees and who hears the page. @param {RegExp} words */
        said: (words) => tab.waitForFunction((source) => new RegExp(source).test(document.getElementById('said').textContent), words.source),
        /** Waits for a text in the view. @param {RegExp} words */
        reads: (words) => tab.waitForFunction((source) => new RegExp(source).test(document.querySelector('main').innerText), words.source),
        press: (name) => tab.locator('main button, main form button').filter({ hasText: name }).first().click(),
        /** Presses what is called so, and then the verb of the question. @param {string} label @param {string} verb @param {string} within what the button is in */
        async agree(label, verb, within = 'body') {
            await tab.locator(`${within} button[aria-label=${JSON.stringify(label)}]`).click();
            await tab.waitForSelector('dialog[open]');
            const question = await tab.evaluate(() => document.querySelector('dialog').innerText);
            await tab.locator('dialog button', { hasText: verb }).last().click();
            return question;
        },
    };
}
