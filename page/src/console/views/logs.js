/** The daemon's log: the newest lines as they come, older ones when they are asked for. */
import { choose } from '../address.js';
import { get, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { count, many, moment, plain } from '../format.js';
import { LEVELS, passes, textOf, timeOf, unsaidOf } from '../lines.js';
import { attempt, button } from '../parts.js';
import { readEvents } from '../watch.js';

const PER_PAGE = 200;
/** The daemon keeps no more either. */
const MOST_LINES = 2000;
const AGAIN_MS = 2000;

/** A message of more characters has a height of its own, and is scrolled. */
const LONG = 600;
/** @import { Filter, Line } from '../lines.js' */

/** @param {import('../main.js').App} app @param {URLSearchParams} query of the address @returns {import('../main.js').View} */
export function logsView(app, query) {
    if (!app.watch.isAdmin)
        return { title: 'Logs', kinds: [], render: () => ({ state: 'failed', parts: [h('p', { class: 'problem' }, 'The log is shown to the rank admin only.')] }) };
    const log = new Log(app, filterOf(query));
    return { title: 'Logs', kinds: [], stop: () => log.stop(), render: () => log.render() };
}

/** @param {URLSearchParams} query @returns {Filter} */
function filterOf(query) {
    const level = query.get('level') ?? '';
    return { level: LEVELS.includes(level) ? level : 'info', part: query.get('part') ?? '', contains: query.get('contains') ?? '' };
}

class Log {
    /** @type {Line[]} */
    #lines = [];
    /** While paused: what has come. @type {Line[]} */
    #waiting = [];
    /** @type {Set<string>} */
    #parts = new Set();
    #isPaused = false;
    #hasOlder = true;
    #isRead = false;
    #lost = 0;
    #problem = '';
    #over = new AbortController();
    #asked = 0;
    #timer = 0;

    /** @param {import('../main.js').App} app @param {Filter} filter */
    constructor(app, filter) {
        this.app = app;
        this.filter = filter;
        if (filter.part) this.#parts.add(filter.part);
        void this.#read();
        void this.#follow();
    }

    stop() {
        this.#over.abort();
        clearTimeout(this.#timer);
    }

    /** The newest lines that pass the filter, or those before the first that is here. @param {boolean} [older] */
    async #read(older = false) {
        const asked = ++this.#asked, { level, part, contains } = this.filter;
        try {
            const { lines, lost } = await get('/v1/logs', { level, part, contains, limit: PER_PAGE, before: older ? this.#lines[0]?.seq : undefined });
            if (asked !== this.#asked || this.#over.signal.aborted) return;
            if (!older) this.#lines = [];
            this.#add(lines);
            this.#hasOlder = lines.length === PER_PAGE;
            this.#lost = lost;
            this.#isRead = true;
            this.#problem = '';
        } catch (error) {
            this.#problem = sentenceOf(error);
        }
        this.app.redraw();
    }

    async #follow() {
        while (!this.#over.signal.aborted) {
            try {
                await readEvents('/v1/events?kinds=queue&log=debug', {
                    signal: this.#over.signal, begun: () => { if (this.#isRead) void this.#read(); },
                    take: (event, data) => { if (event === 'log') this.#take(data.lines); },
                });
            } catch (error) {
                if (!this.#over.signal.aborted && this.app.watch.state === 'live') this.#problem = sentenceOf(error);
            }
            if (!this.#over.signal.aborted) await new Promise((resolve) => { this.#timer = window.setTimeout(resolve, AGAIN_MS); });
        }
    }

    /** @param {Line[]} lines */
    #take(lines) {
        for (const { part } of lines) this.#parts.add(part);
        const passing = lines.filter((line) => passes(line, this.filter));
        if (this.#isPaused) this.#waiting = [...this.#waiting, ...passing].slice(-MOST_LINES);
        else this.#add(passing);
        this.app.redraw();
    }

    /** In the order of their numbers, each once. @param {Line[]} lines */
    #add(lines) {
        const all = new Map(this.#lines.map((line) => [line.seq, line]));
        for (const line of lines) {
            all.set(line.seq, line);
            this.#parts.add(line.part);
        }
        this.#lines = [...all.values()].sort((one, other) => one.seq - other.seq).slice(-MOST_LINES);
    }

    /** @param {Partial<Filter>} change */
    #choose(change) {
        this.filter = { ...this.filter, ...change };
        choose('logs', { ...this.filter, level: this.filter.level === 'info' ? '' : this.filter.level });
        this.#waiting = [];
        this.#lines = this.#lines.filter((line) => passes(line, this.filter));
        void this.#read();
        this.app.redraw();
    }

    #pause() {
        this.#isPaused = !this.#isPaused;
        if (!this.#isPaused) this.#add(this.#waiting.splice(0));
        this.app.redraw();
    }

    /** @returns {{state: 'filled' | 'loading' | 'failed', parts: import('../draw.js').Part[]}} */
    render() {
        if (!this.#isRead) return { state: this.#problem ? 'failed' : 'loading', parts: [h('p', { class: this.#problem ? 'problem' : '' }, this.#problem || 'Reading the log.')] };
        const copy = () => attempt(() => navigator.clipboard.writeText(this.#lines.map(textOf).join('\n')), `${many(this.#lines.length, 'line is', 'lines are')} copied.`);
        return { state: 'filled', parts: [
            this.#controls(copy), this.#problem ? h('p', { class: 'problem' }, this.#problem) : null,
            h('p', { class: 'note' }, `${many(this.#lines.length, 'line')}, the newest first.`, this.#isPaused ? ` Paused: ${many(this.#waiting.length, 'line has', 'lines have')} arrived since.` : null),
            h('ol', { class: 'log', 'aria-label': 'Lines of the log' }, [...this.#lines].reverse().map(shown)),
            this.#hasOlder && this.#lines.length < MOST_LINES ? button('Older lines', () => this.#read(true))
                : h('p', { class: 'note' }, this.#lost ? `${count(this.#lost)} older lines are no longer kept.` : 'There are no older lines.'),
        ] };
    }

    /** @param {() => void} copy */
    #controls(copy) {
        const chosen = (/** @type {keyof Filter} */ name) => (/** @type {Event} */ event) => this.#choose({ [name]: /** @type {HTMLInputElement} */ (event.target).value });
        const { level, part, contains } = this.filter;
        return h('p', { class: 'verbs', key: 'controls' },
            h('label', { for: 'level' }, 'Level'), h('select', { id: 'level', onchange: chosen('level') }, LEVELS.map((one) => h('option', { value: one, selected: one === level }, one))),
            h('label', { for: 'part' }, 'Part'), h('select', { id: 'part', onchange: chosen('part') }, h('option', { value: '', selected: part === '' }, 'all'),
                [...this.#parts].sort().map((one) => h('option', { value: one, key: one, selected: one === part }, plain(one)))),
            h('label', { for: 'contains' }, 'Contains'), h('input', { id: 'contains', type: 'search', value: contains, maxlength: '200', autocomplete: 'off', onchange: chosen('contains') }),
            button(this.#isPaused ? 'Continue' : 'Pause', () => this.#pause(), { local: true }), button('Copy', copy, { local: true }));
    }
}

/** The drawn form of lines, which do not change. @type {WeakMap<Line, {time: string, branch: import('../draw.js').Branch}>} */
const made = new WeakMap();

/** @param {Line} line */
function shown(line) {
    const time = timeOf(line), before = made.get(line);
    if (before?.time === time) return before.branch;
    const branch = branchOf(line, time);
    made.set(line, { time, branch });
    return branch;
}

/** @param {Line} line @param {string} time */
function branchOf(line, time) {
    const fields = unsaidOf(line), isLong = line.message.length + fields.join(' ').length > LONG;
    return h('li', { key: line.seq, class: `level ${LEVELS.includes(line.level) ? line.level : ''}` },
        h('time', { datetime: line.time, title: moment(Date.parse(line.time)) }, time), h('span', { class: 'word' }, line.level), h('span', { class: 'part' }, line.part),
        h('span', isLong ? { class: 'message long', tabindex: 0 } : { class: 'message' }, line.subject ? [h('code', null, line.subject), ' '] : null, line.message,
            fields.map((field) => [' ', h('span', { class: 'field' }, field)])));
}
