/** Tests of the built page: one Chromium for a file, one page for a test. */
import { after, before, test } from 'node:test';
import { builtPage, launch, openNode } from './browser.mjs';

/**
 * Builds the page and starts Chromium before the tests of the calling file, and ends both after.
 * @param {object} [browser] for `launch`
 * @returns {(name: string, run: (node: any) => Promise<void>, options?: Record<string, any>) => void}
 *   a test with a node of its own; `options.test` is for the runner, the rest for `openNode`
 */
export function nodeTests(browser) {
    let page, chromium;
    before(async () => {
        page = builtPage();
        chromium = await launch(browser);
    });
    after(async () => {
        await chromium?.close();
        page?.remove();
    });
    return (name, run, options = {}) => {
        test(name, options.test ?? {}, async () => {
            const node = await openNode(chromium.browser, page.folder, options);
            try {
                await run(node);
            } finally {
                await node.close();
            }
        });
    };
}
