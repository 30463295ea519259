/** A page of the bench's own, beside the node's in the browser that is timed: on the same adapter, by the same switches. */
import { openTab } from '../../lib/devtools.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import { until } from '../../lib/wait.mjs';
import { serve } from '../served.mjs';

/** @template T @param {import('./ground.mjs').Ground} ground @param {string} page of tests/bench/page, whose title becomes "ready"
 * @param {(tab: {evaluated: (expression: string) => Promise<any>}) => Promise<T>} use @returns {Promise<T>} */
export async function withTab(ground, page, use) {
    const daemon = await ground.timed();
    if (!ground.hasDebugger) throw new Error(`the bench opens pages of its own in Chromium alone, and this is ${ground.browser}`);
    const pages = await serve([ground.store, sharedModels].filter(Boolean));
    let tab = null;
    try {
        tab = await openTab(daemon.temporary, `${pages.url}/${page}`);
        await until(async () => (await tab.evaluated('Promise.resolve(JSON.stringify(document.title))')) === 'ready', { what: `${page} to be ready`, timeout: 15_000 });
        return await use(tab);
    } finally {
        await tab?.close();
        pages.close();
    }
}
