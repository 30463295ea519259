/** The console open in a tab, against the stand-in: at the end nothing was wrong with the page. */
import assert from 'node:assert/strict';
import { ConsoleService } from './console_service.mjs';

/** @param {any} browser @param {string} folder of the built console @param {object} options of the stand-in
 * @param {(on: {service: ConsoleService, tab: any, go: (hash: string, selector?: string) => Promise<void>, text: () => Promise<string>, problems: string[]}) => Promise<void>} use */
export async function withConsole(browser, folder, options, use) {
    const service = await new ConsoleService(folder, options).start(), problems = [];
    const { tab, close } = await browser.openTab(problems);
    try {
        await tab.addInitScript(() => document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(`violation of ${violatedDirective}`)));
        tab.on('dialog', (dialog) => {
            problems.push(`a dialog: ${dialog.message()}`);
            void dialog.dismiss();
        });
        await use({
            service, tab, problems, text: () => tab.evaluate(() => document.querySelector('main').innerText),
            async go(hash, selector = `body[data-state=live] main[data-state=filled][data-address=${JSON.stringify(`#/${hash}`)}]`) {
                await tab.goto(`${service.url}/#/${hash}`);
                await tab.waitForSelector(selector);
            },
        });
        assert.deepEqual(problems, []);
    } finally {
        await close();
        await service.stop();
    }
}
