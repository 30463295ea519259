/** Running work, its speed, and problems. */
import { warningsOf } from '../advice.js';
import { ask, get, sentenceOf } from '../api.js';
import { h, kept } from '../draw.js';
import { bytes, count, duration, many, milliseconds, moment, plain, rate } from '../format.js';
import { attempt, badge, button, confirm, facts, section, table } from '../parts.js';
import { plot } from '../plot.js';
import { LastJobs } from './last_jobs.js';
import { recycle } from './node_parts.js';

const HISTORY_MS = 10_000;
/** The whole status contains every node, so it is requested seldom if there are many nodes. */
const FEW_NODES = 500;
const MANY_NODES_MS = 60_000;

/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
export const STATES = { ready: 'good', busy: 'good', starting: 'wait', draining: 'wait', broken: 'bad', closed: '',
    running: 'good', queued: 'wait', loaded: 'good', loading: 'wait', failed: 'bad', evicted: '' };

/** @param {import('../main.js').App} app @returns {import('../main.js').View} */
export function nowView(app) {
    /** @type {any} */
    let history = null;
    let problem = '', status = app.status(), isOver = false, timer = 0, askedAt = 0;
    /** Names of plots whose tables are open. @type {readonly string[]} */
    let opened = [];
    const turn = (/** @type {string} */ name, /** @type {boolean} */ isOpen) => {
        if (opened.includes(name) === isOpen) return;
        opened = isOpen ? [...opened, name] : opened.filter((one) => one !== name);
        app.redraw();
    };
    const read = async () => {
        if (app.watch.state === 'live' || !history) {
            try {
                history = await get('/v1/history', { step: '10s' });
                problem = '';
                const isFew = (app.store.get('status')?.nodes?.count ?? 0) <= FEW_NODES;
                if (isFew || Date.now() - askedAt >= MANY_NODES_MS) {
                    status = await get('/v1/status');
                    askedAt = Date.now();
                }
            } catch (error) {
                problem = sentenceOf(error);
            }
            if (!isOver) app.redraw();
        }
        if (!isOver) timer = window.setTimeout(read, HISTORY_MS);
    };
    void read();
    const lastHour = kept(plots), lastJobs = new LastJobs(app);
    return {
        title: 'Now', kinds: ['status', 'queue', 'session', 'node', 'job', 'pull'], ticks: true,
        stop() {
            isOver = true;
            lastJobs.stop();
            clearTimeout(timer);
        },
        render: () => ({ state: history || problem ? 'filled' : 'loading', parts: [
            verdict(app), warnings(app), overview(app, status, history), browsers(app, status), jobs(app),
            lastJobs.render(), lastHour(history, problem, opened, turn),
        ] }),
    };
}

/** @param {import('../main.js').App} app */
function verdict({ store }) {
    const status = store.get('status') ?? {}, faults = warningsOf(status).filter(({ isFault }) => isFault).length;
    const [kind, text] = !status.ready ? ['bad', `Not ready: ${plain(status.problem ?? 'no node can take work')}`]
        : status.problem ? ['wait', `Ready, but: ${plain(status.problem)}`]
            : faults ? ['wait', `Ready, but ${many(faults, 'thing is', 'things are')} wrong: see the warnings.`]
                : ['good', 'Ready. A node can take work.'];
    return h('p', { class: `verdict ${kind}`, key: 'verdict' }, text);
}

/** @param {import('../main.js').App} app */
function warnings({ store }) {
    const list = warningsOf(store.get('status') ?? {}).sort((one, other) => Number(other.isFault) - Number(one.isFault));
    if (list.length === 0) return null;
    return h('section', { key: 'warnings', 'aria-label': 'Warnings' }, h('h2', null, 'Warnings'),
        h('ul', { class: 'warnings' }, list.map(({ what, help, isFault }) => h('li', null, isFault ? null : h('span', { class: 'note' }, 'No fault: '), what, help ? ' ' : null, help ? h('strong', null, help) : null))));
}

/** @param {import('../main.js').App} app @param {any} status @param {any} history */
function overview({ store }, status, history) {
    const now = store.get('status') ?? {}, queue = store.get('queue') ?? {};
    const all = seriesOf(history);
    return h('div', { class: 'strip', key: 'strip' }, facts([
        ['Waiting', `${count(queue.waiting)} of ${count(queue.limit)}`],
        ['Running', count(queue.running)],
        ['Nodes that take work', `${count(now.nodes?.open)} of ${count(now.nodes?.count)}`],
        ['Memory of requests', `${bytes(status.memory?.used)} of ${bytes(status.memory?.budget)}`],
        ['Requests, last minute', all ? count(all.requests.slice(-7, -1).reduce((/** @type {number} */ sum, /** @type {number} */ one) => sum + one, 0)) : '–'],
        ['Up for', duration(Date.now() - now.started_at)],
        ['Version', plain(now.version)],
    ]));
}

/** @param {import('../main.js').App} app @param {any} status */
function browsers({ store, watch, redraw }, status) {
    const memory = new Map((status.sessions ?? []).map((/** @type {any} */ one) => [one.id, one.memory_bytes]));
    const jobs = store.all('job').map(([, job]) => job);
    const rows = store.all('session').map(([id, session]) => ({ ...session, id, loaded: store.get(`node/${session.node}`)?.models ?? [],
        running: jobs.filter(({ node, state }) => node && node === session.node && state === 'running') }));
    const columns = [
        { name: 'Browser', cell: (/** @type {any} */ one) => [h('strong', null, one.kind), ` ${plain(one.browser_version)}`, one.gpu ? h('small', null, plain(one.gpu)) : null] },
        { name: 'State', cell: (/** @type {any} */ one) => [badge(one.state, STATES[one.state] ?? ''), ['starting', 'draining'].includes(one.state) && one.step && one.step !== one.state ? h('small', null, one.step) : null,
            one.worn ? h('small', null, `to be replaced: ${plain(one.worn)}`) : null] },
        { name: 'Age', figure: true, cell: (/** @type {any} */ one) => duration(Date.now() - one.started_at) },
        { name: 'Memory', figure: true, cell: (/** @type {any} */ one) => bytes(memory.get(one.id)) },
        { name: 'Jobs done', figure: true, cell: (/** @type {any} */ one) => count(one.jobs) },
        { name: 'Models', wide: true, cell: (/** @type {any} */ one) => one.loaded.map((/** @type {any} */ model) => h('span', { class: 'chip' }, `${plain(model.name)} ${plain(model.platform)}${model.state === 'loaded' ? '' : ` ${plain(model.state)}`}`)) },
        { name: 'Runs', wide: true, cell: (/** @type {any} */ one) => one.running.map((/** @type {any} */ job) => h('span', { class: 'chip' }, job.model_name)) },
        { name: 'Id', cell: (/** @type {any} */ one) => h('code', null, one.id) },
        ...(watch.isAdmin ? [{ name: 'Actions', cell: (/** @type {any} */ one) => button('Recycle', () => recycle({ id: one.id, kind: one.kind, running: one.running.length }, redraw), { quiet: true, label: `Recycle ${one.id}` }) }] : []),
    ];
    return section('Browsers', table('Browsers that the daemon has started', columns, rows, ({ id }) => id, 'The daemon runs no browser now.'));
}

/** @param {import('../main.js').App} app */
function jobs({ store, redraw }) {
    const rows = store.all('job').map(([id, job]) => ({ accepted_at: 0, ...job, id })).sort((one, other) => one.accepted_at - other.accepted_at);
    const cancel = async (/** @type {any} */ job) => {
        if (!await confirm({ title: 'Cancel this job?', text: [`${job.id}: ${plain(job.model_name)}, ${plain(job.state)}${job.client ? `, of ${plain(job.client)}` : ''}.`, 'The client that waits for it gets an error.'], verb: 'Cancel the job' })) return;
        await attempt(() => ask('DELETE', `/v1/jobs/${encodeURIComponent(job.id)}`), `The job ${job.id} is cancelled.`);
        redraw();
    };
    const columns = [
        { name: 'Model', cell: (/** @type {any} */ job) => h('strong', null, job.model_name) },
        { name: 'State', cell: (/** @type {any} */ job) => [badge(job.state, STATES[job.state] ?? ''), job.problem ? h('small', null, job.problem) : null] },
        { name: 'Age', figure: true, cell: (/** @type {any} */ job) => duration(Date.now() - job.accepted_at) },
        { name: 'Attempts', figure: true, cell: (/** @type {any} */ job) => count(job.attempts) },
        { name: 'Client', cell: (/** @type {any} */ job) => plain(job.client ?? '') },
        { name: 'Node', cell: (/** @type {any} */ job) => (job.node ? h('code', null, job.node) : '') },
        { name: 'Id', cell: (/** @type {any} */ job) => h('code', null, job.client_id ? `${job.id} (${plain(job.client_id)})` : job.id) },
        { name: 'Actions', cell: (/** @type {any} */ job) => button('Cancel', () => cancel(job), { quiet: true, label: `Cancel ${job.id}` }) },
    ];
    return section('Jobs under way', table('Waiting and running jobs', columns, rows, ({ id }) => id, 'No job is waiting or running.'));
}

/** @param {any} history */
const seriesOf = (history) => history?.series?.find((/** @type {any} */ one) => one.of === 'all');

/** @param {any} history @param {string} problem @param {readonly string[]} opened @param {(name: string, isOpen: boolean) => void} turn */
function plots(history, problem, opened, turn) {
    const all = seriesOf(history);
    if (!all) return section('The last hour', h('p', { class: 'none' }, problem ? `The history cannot be read: ${problem}` : 'Nothing yet.'));
    const times = history.times.slice(0, -1), seconds = history.step_ms / 1000; // the last step is under way
    const whole = (/** @type {any[]} */ values) => values.slice(0, -1);
    const per = (/** @type {number[]} */ values) => whole(values).map((value) => value / seconds);
    const figures = [
        { name: 'Requests', unit: 'per second', times, show: (/** @type {unknown} */ value) => rate(value), lines: [{ name: 'All', values: per(all.requests) }, { name: 'Failed', values: per(all.failures) }] },
        { name: 'Time of requests', unit: 'p50 and p95', times, show: milliseconds, lines: [{ name: 'p50', values: whole(all.p50_ms) }, { name: 'p95', values: whole(all.p95_ms) }] },
        { name: 'Generated tokens', unit: 'per second', times, show: (/** @type {unknown} */ value) => rate(value), lines: [{ name: 'Tokens', values: per(all.generated_tokens) }] },
    ];
    return section('The last hour', h('p', { class: 'note' }, `In steps of ${seconds} s, since ${moment(history.since)}.`, problem ? ` ${problem}` : null),
        h('div', { class: 'plots' }, figures.map((one) => plot(one, opened.includes(one.name), (isOpen) => turn(one.name, isOpen)))));
}
