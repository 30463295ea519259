/** What the views of stored runs share: their addresses, and words with their colours. */
import { plain } from '../format.js';
import { badge } from '../parts.js';
import { figure } from '../../report/figures.js';

/** Characters of a commit or a hash that are shown. */
export const HASH_SHOWN = 10;
/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
export const CHANGES = { broken: 'bad', slower: 'bad', unclear: 'wait', faster: 'good', mended: 'good' };

/** A list of runs. @param {{model?: string, after?: string}} [chosen] what is empty is left out */
export function listHref(chosen = {}) {
    const query = new URLSearchParams(Object.entries(chosen).flatMap(([name, value]) => (value ? [[name, value]] : [])));
    return `#/results${query.size ? `?${query}` : ''}`;
}

/** @param {string} id @param {string} [before] the run that it is compared with */
export const runHref = (id, before) => `#/results/${encodeURIComponent(id)}${before ? `?before=${encodeURIComponent(before)}` : ''}`;

/** What a history can be narrowed by, as /v1/history/results names it. */
export const FILTERS = ['browser', 'platform', 'limit', 'percent'];

/** @param {string} model @param {Record<string, string>} [filters] those of FILTERS; what is empty is left out */
export const historyHref = (model, filters = {}) => `#/results?${new URLSearchParams([['history', model], ...Object.entries(filters).filter(([, value]) => value)])}`;

/** Notes on a run, each as a badge. @param {any} run @returns {import('../draw.js').Part[]} */
export const notesOf = (run) => [
    run.ended_at === undefined && badge('not ended', 'wait'), run.simulated && badge('simulated', 'wait'),
    run.person ? badge('a person’s', '') : run.imported && badge('imported', ''), run.noisy && badge('noisy', 'bad'),
].filter(Boolean).flatMap((one, i) => (i > 0 ? [' ', one] : [one]));

/** The ends of an interval. @param {{low: number, high: number} | undefined | null} one */
export const interval = (one) => (one ? `${figure(one.low)} to ${figure(one.high)}` : '');

/** The beginning of a commit. @param {any} run */
export const commitOf = ({ webinfer }) => plain(webinfer?.commit ?? '').slice(0, HASH_SHOWN);
