/** The jobs that the daemon keeps, with those that have ended: a page of them, read once the table is seen. */
import { get, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { count, duration, milliseconds, moment } from '../format.js';
import { badge, button, section, table } from '../parts.js';
import { polled } from '../polled.js';

/** @import { Column } from '../parts.js' */

const EVERY_MS = 10_000;
const PER_PAGE = 20;
/** From here on a time is told as people say it. */
const LONG_MS = 60_000;
/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
const STATES = { queued: 'wait', running: 'good', done: 'good', failed: 'bad', cancelled: '' };

export class LastJobs {
    /** @type {any} */
    #page = null;
    /** Where the pages before this one began. @type {string[]} */
    #before = [];
    #after = '';
    /** Why a job failed, by its id: the list does not say it, and it does not change. @type {Map<string, string>} */
    #errors = new Map();
    /** @type {ReturnType<typeof polled> | undefined} */
    #polling;
    #seen = new IntersectionObserver((entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        this.#seen.disconnect();
        this.#polling = polled(this.app, EVERY_MS, () => this.#read());
    });

    /** @param {import('../main.js').App} app */
    constructor(app) {
        this.app = app;
    }

    stop() {
        this.#seen.disconnect();
        this.#polling?.stop();
    }

    async #read() {
        const after = this.#after, page = await get('/v1/jobs', { limit: PER_PAGE, after });
        const failed = page.jobs.filter((/** @type {any} */ { id, state }) => state === 'failed' && !this.#errors.has(id));
        await Promise.all(failed.map(async (/** @type {any} */ { id }) => this.#errors.set(id, await errorOf(id))));
        if (after === this.#after) this.#page = page;
    }

    /** @param {string} after @param {string[]} before */
    #go(after, before) {
        this.#after = after;
        this.#before = before;
        void this.#polling?.again();
    }

    #watch = (/** @type {Element} */ above) => {
        this.#seen.observe(above);
        return () => {};
    };

    render() {
        const page = this.#page, problem = this.#polling?.problem;
        return section('Last jobs',
            h('p', { class: 'note' }, 'The daemon keeps jobs of POST /v1/jobs, and requests with an Idempotency-Key.'),
            h('div', { mounted: this.#watch }),
            problem ? h('p', { class: 'problem' }, problem) : null,
            page ? table('Jobs that the daemon keeps, the newest first', this.#columns(), page.jobs, ({ id }) => id, 'It keeps no job.') : problem ? null : h('p', { class: 'none' }, 'Reading the jobs.'),
            page ? h('p', { class: 'verbs' },
                this.#before.length ? button('Newer jobs', () => this.#go(this.#before.at(-1) ?? '', this.#before.slice(0, -1))) : null,
                page.next ? button('Older jobs', () => this.#go(page.next, [...this.#before, this.#after])) : null) : null);
    }

    /** @returns {Column[]} */
    #columns() {
        return [
            { name: 'Model', cell: (job) => h('strong', null, job.model_name) },
            { name: 'State', cell: (job) => badge(job.state, STATES[job.state] ?? '') },
            { name: 'Accepted', cell: (job) => moment(job.accepted_at) },
            { name: 'Took', figure: true, cell: (job) => took(job.finished_at - job.accepted_at) },
            { name: 'Error', wide: true, cell: (job) => this.#errors.get(job.id) ?? job.problem },
            { name: 'Runs', figure: true, cell: (job) => count(job.runs) },
            { name: 'Client', cell: (job) => job.client },
            { name: 'Id', cell: (job) => h('code', null, job.client_id ? `${job.id} (${job.client_id})` : job.id) },
        ];
    }
}

/** @param {number} ms NaN: it has not ended */
const took = (ms) => (ms < LONG_MS ? milliseconds(ms) : duration(ms));

/** Why a job failed. @param {string} id */
async function errorOf(id) {
    try {
        const { error } = await get(`/v1/jobs/${encodeURIComponent(id)}`);
        return String(error?.detail ?? error?.error?.message ?? '');
    } catch (error) {
        return sentenceOf(error);
    }
}
