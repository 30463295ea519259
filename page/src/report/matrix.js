/** What browsers can do, as `webinfer matrix` found it here and elsewhere: feature × browser. Data from outside becomes text nodes only. */
import { draw, h } from '../console/draw.js';
import { moment } from '../console/format.js';

/** @typedef {{state: string, detail: string, advice?: string}} Finding `advice`: what would enable it */
/** @typedef {{browser: string, browser_version: string | null, node: string | null, state: string, reason: string | null, found_at: number | null,
 *   where?: string | null, features: Record<string, Finding> | null}} Column */
/** @typedef {{features: Array<{name: string, title: string}>, browsers: Column[]}} Matrix */

const BADGES = /** @type {Record<string, string>} */ ({ yes: 'good', software: 'wait', no: 'bad' });

/** @param {Finding | undefined} finding */
const cell = (finding) => h('td', null, finding
    ? [h('span', { class: `badge ${BADGES[finding.state] ?? ''}` }, finding.state), h('span', { class: 'note' }, ` ${finding.detail}`, finding.advice && h('div', null, finding.advice))] : '–');

/** Where and when a browser was seen. @param {Column} column */
const seen = ({ where, found_at: at }) => [where ?? 'here', at !== null && moment(at)].filter(Boolean).join(', ');

/** @param {Column} column */
const head = (column) => h('th', { scope: 'col' }, `${column.browser} ${column.browser_version ?? ''}`, h('div', { class: 'note' }, seen(column)));

/** Browsers without findings, each with the reason. @param {Column[]} columns */
const missing = (columns) => columns.length > 0 && h('p', { class: 'note' }, `Not there: ${columns.map(({ browser, state, reason }) =>
    `${browser} (${[state !== 'absent' && state, reason].filter(Boolean).join(': ') || state})`).join('; ')}.`);

/** @param {HTMLElement} root @param {Matrix} matrix */
export function showMatrix(root, { features, browsers }) {
    const found = browsers.filter((column) => column.features), others = browsers.filter((column) => !column.features);
    document.title = 'What browsers can do';
    draw(root, h('h1', null, document.title),
        h('p', { class: 'note' }, 'Each was found by a computation whose result was checked. Software is what a software adapter computed.'),
        missing(others),
        h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': document.title }, h('table', { class: 'matrix' },
            h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Feature'), found.map(head))),
            h('tbody', null, features.map(({ name, title }) =>
                h('tr', null, h('th', { scope: 'row' }, title), found.map((column) => cell(column.features?.[name]))))))));
}
