/** What browsers can do, as `webinfer matrix` found it: feature × browser. Data from outside becomes text nodes only. */
import { draw, h } from '../console/draw.js';
import { moment } from '../console/format.js';

/** @typedef {{state: string, detail: string}} Finding */
/** @typedef {{browser: string, browser_version: string | null, node: string | null, state: string, reason: string | null, found_at: number | null,
 *   features: Record<string, Finding> | null}} Column */
/** @typedef {{features: Array<{name: string, title: string}>, browsers: Column[]}} Matrix */

const BADGES = /** @type {Record<string, string>} */ ({ yes: 'good', software: 'wait', no: 'bad' });

/** @param {Finding | undefined} finding */
const cell = (finding) => h('td', null, finding
    ? [h('span', { class: `badge ${BADGES[finding.state] ?? ''}` }, finding.state), h('span', { class: 'note' }, ` ${finding.detail}`)] : '–');

/** @param {Column} column */
const head = ({ browser, browser_version: version, features, state, reason, found_at: at }) => h('th', { scope: 'col' },
    `${browser} ${version ?? ''}`, h('div', { class: 'note' }, features ? at !== null && moment(at) : [state, reason].filter(Boolean).join(': ')));

/** @param {HTMLElement} root @param {Matrix} matrix */
export function showMatrix(root, { features, browsers }) {
    document.title = 'What browsers can do';
    draw(root, h('h1', null, document.title),
        h('p', { class: 'note' }, 'Each was found by a computation whose result was checked. Software is what a software adapter computed.'),
        h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': document.title }, h('table', { class: 'matrix' },
            h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Feature'), browsers.map(head))),
            h('tbody', null, features.map(({ name, title }) =>
                h('tr', null, h('th', { scope: 'row' }, title), browsers.map((column) => cell(column.features?.[name]))))))));
}
