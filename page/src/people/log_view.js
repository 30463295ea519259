/** The log of a lent page: filtered by level and text, and saved as JSON lines. */
import { element, section } from './elements.js';
import { LEVELS, MOST } from './log.js';
import { many } from '../shared/count.js';

/** @import { Level, Log } from './log.js' */

/** @type {Record<Level, string>} */
const NAMES = { info: 'Everything', warn: 'Warnings and errors', error: 'Errors' };
/** So many are shown; the rest is found by its text, and saved. */
const SHOWN = 200;
/** How long the browser may take to read what it is given to save. */
const SAVE_MS = 60_000;

export class LogView {
    /** @param {Log} log */
    constructor(log) {
        this._log = log;
        this._drawn = -1;
        this._level = element('select', { id: 'log-level' }, ...LEVELS.map((level) => element('option', { value: level }, NAMES[level])));
        this._text = element('input', { id: 'log-text', type: 'search', maxlength: '200', autocomplete: 'off' });
        this._list = element('ol', { id: 'log-entries', class: 'log', tabindex: '0', 'aria-label': 'Entries, the newest first' });
        this._count = element('p', { class: 'hint', id: 'log-count' });
        for (const [control, event] of /** @type {[HTMLElement, string][]} */ ([[this._level, 'change'], [this._text, 'input']]))
            control.addEventListener(event, () => this._draw());
        this._details = element('details', { id: 'log-details' }, element('summary', {}, 'What has happened here'),
            element('div', { class: 'field' }, element('label', { for: 'log-level' }, 'What to show'), this._level),
            element('div', { class: 'field' }, element('label', { for: 'log-text' }, 'Only entries with this text'), this._text),
            this._count, this._list,
            element('p', {}, element('button', { id: 'log-save', type: 'button', onclick: () => this._save() }, 'Save as JSON lines')));
        this._details.addEventListener('toggle', () => this.show());
        this.section = section('log', 'Log', element('p', { class: 'hint' }, `The last ${MOST} entries since this page was loaded. No token, no input and no answer is ever in them.`), this._details);
    }

    /** Draws what is new. */
    show() {
        if (this._details.open && this._drawn !== this._log.count) this._draw();
    }

    _draw() {
        const found = this._log.filtered(/** @type {Level} */ (this._level.value), this._text.value);
        this._drawn = this._log.count;
        this._count.textContent = found.length > SHOWN ? `${found.length} entries, of which the newest ${SHOWN} are shown.` : `${many(found.length, 'entry', 'entries')}.`;
        this._list.replaceChildren(...found.slice(0, SHOWN).map(({ at, level, message }) =>
            element('li', { class: level }, element('time', { datetime: at }, at.slice(11, 19)), ` ${level}: ${message}`)));
    }

    _save() {
        const url = URL.createObjectURL(new Blob([this._log.lines()], { type: 'application/jsonl' }));
        element('a', { href: url, download: 'webinfer-log.jsonl' }).click();
        setTimeout(() => URL.revokeObjectURL(url), SAVE_MS);
    }
}
