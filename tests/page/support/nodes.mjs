/** Tests of the built page: one browser for a file, one page for a test, or for those that share one. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { test } from '../../lib/tier.mjs';
import { builtPage, launch, openNode } from './browser.mjs';

/** Of a test to whom it is all the same what the page has computed before: it takes that of the test before it, with the
 * models that are loaded there. It is for browsers that have more than one tab. */
export const SHARED = { isShared: true };

/**
 * Builds the page and starts a browser before the tests of the calling file, and ends both after.
 * @param {() => Promise<any>} [start] the browser, if not Chromium
 * @returns {(name: string, run: (node: any) => Promise<void>, options?: Record<string, any>) => void}
 *   a test with a node of its own, or `SHARED`; `options.test` is for the runner, the rest for `openNode`
 */
export function nodeTests(start = launch) {
    let page, browser;
    const shared = new SharedNode(() => openNode(browser, page.folder));
    before(async () => {
        page = builtPage();
        browser = await start();
    });
    after(async () => {
        await shared.close();
        await browser?.close();
        page?.remove();
    });
    return (name, run, options = {}) => {
        test(name, options.test ?? {}, () => (options.isShared ? shared.lend(run) : withNode(browser, page.folder, options, run)));
    };
}

/** @param {any} browser @param {string} folder @param {object} options @param {(node: any) => Promise<void>} run */
async function withNode(browser, folder, options, run) {
    const node = await openNode(browser, folder, options);
    try {
        await run(node);
    } finally {
        await node.close();
    }
}

/** A node for one test after the other, and another one once a test has left it otherwise than it began. */
class SharedNode {
    /** @type {any} */
    #node = null;
    #isLent = false;

    /** @param {() => Promise<any>} open */
    constructor(open) {
        this.open = open;
    }

    /** @param {(node: any) => Promise<void>} run */
    async lend(run) {
        assert.equal(this.#isLent, false, 'tests that share a node run one after the other');
        this.#isLent = true;
        try {
            this.#node ??= await this.open();
            await run(this.#node);
            if (await isAsBegun(this.#node)) this.#node.service.forget();
            else await this.close();
        } catch (error) {
            await this.close();
            throw error;
        } finally {
            this.#isLent = false;
        }
    }

    async close() {
        const node = this.#node;
        this.#node = null;
        await node?.close();
    }
}

/** Nothing runs there, no worker was replaced and nothing has gone wrong: the next test finds what it would in a page of
 * its own. @param {any} node */
async function isAsBegun({ service, tab, problems }) {
    const { data } = await service.caughtUp();
    return data.running.length === 0 && problems.length === 0
        && await tab.evaluate('document.documentElement.dataset.replaced') === '0';
}
