/** Tests of the built page: one browser for a file, one page for a test. */
import { after, before, test } from 'node:test';
import { builtPage, launch, openNode } from './browser.mjs';

/**
 * Builds the page and starts a browser before the tests of the calling file, and ends both after.
 * @param {() => Promise<any>} [start] the browser, if not Chromium
 * @returns {(name: string, run: (node: any) => Promise<void>, options?: Record<string, any>) => void}
 *   a test with a node of its own; `options.test` is for the runner, the rest for `openNode`
 */
export function nodeTests(start = launch) {
    let page, browser;
    before(async () => {
        page = builtPage();
        browser = await start();
    });
    after(async () => {
        await browser?.close();
        page?.remove();
    });
    return (name, run, options = {}) => {
        test(name, options.test ?? {}, async () => {
            const node = await openNode(browser, page.folder, options);
            try {
                await run(node);
            } finally {
                await node.close();
            }
        });
    };
}
