/** Parts that several views share: tables, lists of figures, buttons that send requests to the daemon, a question. */
import { sentenceOf } from './api.js';
import { draw, h } from './draw.js';
import { NOTHING } from './format.js';

/** @import { Part } from './draw.js' */
/** @typedef {{name: string, figure?: boolean, wide?: boolean, cell: (row: any) => Part}} Column */

/** @param {string} caption for screen readers @param {Column[]} columns
 * @param {any[]} rows @param {(row: any) => string} key @param {string} [none] the text of an empty table */
export function table(caption, columns, rows, key, none = 'None.') {
    if (rows.length === 0) return h('p', { class: 'none' }, none);
    const kind = (/** @type {Column} */ { figure, wide }, /** @type {boolean} */ isEmpty = false) => [figure && 'figure', wide && 'wide', isEmpty && 'empty'].filter(Boolean).join(' ') || undefined;
    const head = columns.map((column) => h('th', { scope: 'col', role: 'columnheader', class: kind(column) }, column.name));
    // The roles hold where the rows of a narrow page are no table to the eye.
    return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, h('table', { class: 'rows', role: 'table' },
        h('caption', null, caption), h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
        h('tbody', { role: 'rowgroup' }, rows.map((row) => h('tr', { role: 'row', key: key(row) }, columns.map((column) => {
            const content = column.cell(row), isEmpty = isNothing(content);
            return h('td', { role: 'cell', class: kind(column, isEmpty), 'data-name': column.name }, h('div', { class: 'cell' }, isEmpty ? NOTHING : content));
        }))))));
}

/** @param {Part} content @returns {boolean} */
const isNothing = (content) => content === '' || content === NOTHING || content === null || content === undefined || content === false || (Array.isArray(content) && content.every(isNothing));

/** @param {[string, Part][]} pairs */
export const facts = (pairs) => h('dl', null, pairs.filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([term, value]) => h('div', { key: term }, h('dt', null, term), h('dd', null, value))));

/** A state by word and colour. @param {string} state @param {'good' | 'wait' | 'bad' | ''} kind */
export const badge = (state, kind) => h('span', { class: `badge ${kind}` }, state);

/** @param {string} title @param {...Part} parts */
export const section = (title, ...parts) => h('section', { key: title, 'aria-label': title }, h('h2', null, title), ...parts);

/** Why the daemon cannot be asked now; empty where it can. */
let away = '';

/** While it is away what would ask it is off, and says why. @param {string} reason */
export const holdBack = (reason) => { away = reason; };

/** Disabled, but still reachable for the keyboard and for screen readers. */
const held = () => (away ? { 'aria-disabled': 'true', title: away } : {});

/** @param {string} name @param {() => unknown} act @param {{label?: string, quiet?: boolean, disabled?: boolean, local?: boolean}} [options]
 * `local`: it needs no daemon */
export const button = (name, act, { label, quiet, disabled, local } = {}) =>
    h('button', { type: 'button', onclick: () => (away && !local ? say(away, true) : act()), 'aria-label': label, class: quiet ? 'quiet' : undefined, disabled, ...(local ? {} : held()) }, name);

/** A form that asks the daemon, with its button at the end. @param {string} verb @param {() => unknown} send @param {...Part} parts */
export function form(verb, send, ...parts) {
    const onsubmit = (/** @type {Event} */ event) => {
        event.preventDefault();
        if (away) say(away, true);
        else send();
    };
    return h('form', { class: 'verbs', onsubmit, autocomplete: 'off' }, parts, h('button', held(), verb));
}

/** Asks once before something stops. @param {{title: string, text: string[], verb: string}} what @returns {Promise<boolean>} */
export function confirm({ title, text, verb }) {
    return new Promise((resolve) => {
        const dialog = document.createElement('dialog');
        dialog.setAttribute('aria-label', title);
        const close = (/** @type {boolean} */ answer) => () => {
            dialog.close();
            dialog.remove();
            resolve(answer);
        };
        dialog.addEventListener('cancel', close(false));
        draw(dialog, h('h2', null, title), text.map((sentence) => h('p', null, sentence)),
            h('p', { class: 'verbs' }, h('button', { type: 'button', autofocus: true, onclick: close(false) }, 'Leave it'),
                h('button', { type: 'button', class: 'danger', onclick: close(true) }, verb)));
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** How long a notice of what went well stays. One of what went wrong stays until it is closed, or something else is done. */
const SAID_MS = 20_000;
let fading = 0;

/** Takes the notice away, which tells of something that was done before. */
export function unsay() {
    window.clearTimeout(fading);
    const said = document.getElementById('said');
    if (said) draw(said);
}

/** Shows a sentence, and has screen readers read it out. @param {string} sentence @param {boolean} [isError] */
export function say(sentence, isError = false) {
    const said = document.getElementById('said');
    if (!said) return;
    said.dataset.kind = isError ? 'bad' : 'good';
    draw(said, sentence);
    window.clearTimeout(fading);
    if (!isError) fading = window.setTimeout(unsay, SAID_MS);
}

/** Does it, and says what came of it. @param {() => Promise<unknown>} act @param {string} done */
export async function attempt(act, done) {
    unsay();
    try {
        await act();
        say(done);
        return true;
    } catch (error) {
        say(sentenceOf(error), true);
        return false;
    }
}
