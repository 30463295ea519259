/** Shows the node's state to people, and to tests by `data-state` on the root element. */

/** @import { PlatformReport, StateMessage } from '../shared/messages.js' */

/** @type {Record<string, string>} */
const SENTENCES = {
    starting: 'Starting.',
    asking: 'This page was opened by a join link and waits for you.',
    known: 'The service remembers this browser, so this page needs no link. It waits for you.',
    'no-token': 'This page was opened without a token. Open it with a join link from the service.',
    probing: 'Finding out what this browser can compute with.',
    connecting: 'Connecting to the service.',
    connected: 'Connected. This page computes for the service while it stays open.',
    paused: 'Paused. Nothing runs here, and no new work comes until you continue.',
    resting: 'Paused. What runs here goes on to its end, and no new work comes for now.',
    ending: 'Paused. Running work finishes, and no new work comes until you continue.',
    reconnecting: 'The connection dropped; trying again.',
    stopped: 'This page no longer computes for the service.',
    left: 'You have left: this page no longer computes for the service, and you can close it.',
    refused: 'The service refused this page.',
    failed: 'The page could not start.',
};

/** @param {string} state @param {string} [detail] @param {string} [sentence] the state's own, or that of another */
export function showState(state, detail = '', sentence = state) {
    document.documentElement.dataset.state = state;
    text('state', `${SENTENCES[sentence] ?? sentence}${detail ? ` (${detail})` : ''}`);
}

/** @param {StateMessage} message @param {string} [why] it is paused, if not by the button */
export function show(message, why = '') {
    const root = document.documentElement.dataset;
    root.node = message.node;
    root.running = String(message.running);
    root.replaced = String(message.replaced);
    root.isolated = String(self.crossOriginIsolated);
    root.service = message.service;
    text('node', message.node || '–');
    text('service', message.service);
    text('counts', `${message.answered} answered, ${message.failed} failed, ${message.running} running, `
        + `${message.queued} queued, ${message.replaced} engine workers replaced`);
    rows('platforms', Object.entries(message.platforms).map(([name, report]) => [name, describe(report)]));
    rows('models', message.models.map(({ name, platform, state, bytes, error }) =>
        [name, `${platform}: ${state}, ${(bytes / 1e6).toFixed(1)} MB${error ? `, ${error}` : ''}`]));
    root.queued = String(message.queued);
    if (message.state === 'connected' && message.paused) showState('paused', why && `because ${why}`, why ? 'resting' : message.running > 0 ? 'ending' : 'paused');
    else showState(message.state, message.detail);
}

/** What is not followed of a link. @param {string} sentence empty: nothing */
export function showEndpoints(sentence) {
    /** @type {HTMLElement} */ (document.getElementById('endpoints')).hidden = !sentence;
    text('endpoints', sentence);
}

/** What a person sets is not there. @param {string} why */
export const showUnloaded = (why) =>
    text('unloaded', `The settings of this page could not be loaded (${why}). Load the page again to see them.`);

/** @param {{count: number, bytes: number}} files */
export function showKept({ count, bytes }) {
    /** @type {HTMLElement} */ (document.getElementById('kept')).hidden = count === 0;
    text('kept-files', `This browser keeps ${bytesOf(bytes)} of models (${count} ${count === 1 ? 'file' : 'files'}), `
        + 'so they need not be fetched again. They stay when this page is closed.');
}

/** @param {() => void} clear removes the kept models, for a person who wants none in this browser */
export function onClear(clear) {
    document.getElementById('clear')?.addEventListener('click', clear);
}

/** @param {PlatformReport} report */
function describe({ available, reason, adapter, threads }) {
    const parts = [available ? 'available' : `not available: ${reason}`];
    if (adapter) {
        const { vendor, architecture, description, is_fallback: isFallback } = adapter;
        parts.push([vendor, architecture, description].filter(Boolean).join(' '));
        if (isFallback) parts.push('software adapter');
    }
    if (threads) parts.push(`${threads} threads`);
    return parts.join('; ');
}

/** @param {number} bytes */
export function bytesOf(bytes) {
    if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
    return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

/** Sets a text, unless it is the same already: a browser would paint it once more, and a screen reader read it out.
 * @param {string} id @param {string} content */
export function text(id, content) {
    const element = document.getElementById(id);
    if (element && element.textContent !== content) element.textContent = content;
}

/** @param {string} id of a <dl> @param {string[][]} pairs */
export function rows(id, pairs) {
    const list = document.getElementById(id), wanted = pairs.flat();
    const there = Array.from(list?.children ?? [], ({ textContent: content }) => content);
    if (there.length === wanted.length && wanted.every((content, i) => content === there[i])) return;
    const parts = pairs.flatMap(([term, value]) => {
        const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
        dt.textContent = term;
        dd.textContent = value;
        return [dt, dd];
    });
    list?.replaceChildren(...parts);
}
