/** One model: what it is, where it runs, how fast and how right, and why there. */
import { get, modelPath, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { bytes, count, milliseconds, moment, NOTHING, plain, rate } from '../format.js';
import { badge, facts, section, table } from '../parts.js';
import { tryHref } from '../playground/places.js';
import { loadedIn, verbs } from './models.js';

const EVERY_MS = 10_000;
/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
const VERDICTS = { trusted: 'good', exempt: 'good', unknown: 'wait', wrong: 'bad', unable: 'bad' };

/** @param {import('../main.js').App} app @param {string} name @returns {import('../main.js').View} */
export function modelView(app, name) {
    /** @type {any} */
    let model = null;
    /** @type {any} */
    let hardware = null;
    let problem = '', routing = '', isOver = false, timer = 0;
    const read = async () => {
        clearTimeout(timer);
        try {
            model = await get(modelPath(name));
            problem = '';
        } catch (error) {
            problem = sentenceOf(error);
        }
        try {
            if (!problem) hardware = await get('/v1/hardware', { model_name: name });
            routing = '';
        } catch (error) {
            routing = sentenceOf(error);
        }
        if (isOver) return;
        app.redraw();
        timer = window.setTimeout(read, EVERY_MS);
    };
    void read();
    const leave = app.store.subscribe((_, keys) => { if (model && keys.includes(`model/${name}`)) void read(); });
    return {
        title: plain(name), kinds: ['model', 'node', 'job'],
        stop() {
            isOver = true;
            leave();
            clearTimeout(timer);
        },
        render() {
            const back = h('p', { key: 'back', class: 'verbs' }, h('a', { href: '#/models' }, 'All models'),
                model ? h('a', { href: tryHref(name) }, 'Try it') : null);
            if (problem && !model) return { state: 'failed', parts: [back, h('p', { class: 'problem' }, problem)] };
            if (!model) return { state: 'loading', parts: [back, h('p', null, 'Reading the model.')] };
            const now = { ...model, ...app.store.get(`model/${name}`) };
            return { state: 'filled', parts: [back, problem ? h('p', { class: 'problem' }, `It cannot be read any more: ${problem}`) : null,
                what(app, now), why(hardware, routing), places(hardware), verdicts(model), variants(model), files(model)] };
        },
    };
}

/** @param {import('../main.js').App} app @param {any} model */
function what(app, model) {
    const { memory } = model;
    return h('section', { key: 'what', 'aria-label': 'What it is' },
        model.problem ? h('p', { class: 'problem' }, model.problem) : null,
        (model.warnings ?? []).length ? h('ul', { class: 'warnings' }, model.warnings.map((/** @type {string} */ one) => h('li', null, one))) : null,
        facts([['Title', plain(model.title ?? '')], ['Type', plain(model.type ?? '').replaceAll('_', ' ')], ['Format', plain(model.format ?? '')], ['Size', bytes(model.bytes)],
            ['Tasks', (model.tasks ?? []).map((/** @type {any} */ task) => plain(task.name ?? task)).join(', ')],
            ['Architecture', plain(model.architecture ?? '')], ['Quantization', plain(model.quantization ?? '')],
            ['Parameters', model.parameters ? count(model.parameters) : ''], ['Context', model.context_length ? `${count(model.context_length)} tokens` : ''],
            ['In a page', memory ? `${bytes(memory.total)} of ${bytes(memory.limit)}${memory.fits ? '' : ': it does not fit'}` : ''],
            ['From', model.source ? plain([model.source.hub, model.source.repository, model.source.revision].filter(Boolean).join(' ')) : ''],
            ['Last used', model.last_used_at ? moment(model.last_used_at * 1000) : ''],
            ['Loaded in', (model.loaded ?? []).length ? loadedIn(app, model) : 'no node'],
            ['Hash', model.hash ? h('code', null, model.hash) : '']]),
        app.watch.isAdmin ? h('p', { class: 'verbs' }, verbs(app, model)) : null);
}

/** @param {any} hardware @param {string} problem */
function why(hardware, problem) {
    if (!hardware) return section('Why it runs where it runs', h('p', { class: problem ? 'problem' : 'none' }, problem || 'Asking.'));
    const { would_run: run, decision } = hardware;
    const passed = hardware.passed_over ?? [];
    return section('Why it runs where it runs',
        h('p', null, run ? ['The next request would run in ', h('strong', null, `${plain(run.browser)} ${plain(run.browser_version)}`), ' on ', h('strong', null, run.platform),
            run.warm ? ', where it is loaded' : ', where it is loaded first', `; ${milliseconds(run.expected_ms)} are expected.`]
            : decision === 'wait' ? 'The next request would wait.' : 'A request would be refused.', ` Because: ${plain(hardware.why)}.`),
        passed.length ? [h('p', null, 'Not used:'), h('ul', null, passed.map((/** @type {any} */ one) => h('li', null, h('strong', null, one.browser), `: ${plain(one.why)}`)))] : null);
}

/** @param {any} hardware */
function places(hardware) {
    if (!hardware) return null;
    const columns = [
        { name: 'Browser', cell: (/** @type {any} */ one) => [h('strong', null, one.browser), ` ${plain(one.browser_version)}`, one.joined ? h('small', null, 'joined') : null] },
        { name: 'Platform', cell: (/** @type {any} */ one) => [`${plain(one.platform)} `, one.chosen ? badge('chosen', 'good') : null] },
        { name: 'Engine', cell: (/** @type {any} */ one) => `${plain(one.engine)} ${plain(one.engine_version ?? '')}` },
        { name: 'Why', wide: true, cell: (/** @type {any} */ one) => [plain(one.standing), one.why ? h('small', null, one.why) : null] },
        { name: 'Expected', figure: true, cell: (/** @type {any} */ one) => milliseconds(one.expected_ms) },
        { name: 'Run', figure: true, cell: (/** @type {any} */ one) => milliseconds(one.estimate?.run_ms ?? one.run_ms) },
        { name: 'Load', figure: true, cell: (/** @type {any} */ one) => milliseconds(one.estimate?.load_ms ?? one.load_ms) },
        { name: 'Runs measured', figure: true, cell: (/** @type {any} */ one) => count(one.estimate?.runs) },
        { name: 'Prompt tok/s', figure: true, cell: (/** @type {any} */ one) => rate(one.estimate?.prompt_tokens_per_second) },
        { name: 'Tokens/s', figure: true, cell: (/** @type {any} */ one) => rate(one.estimate?.tokens_per_second) },
        { name: 'Guard', cell: (/** @type {any} */ one) => (one.verdict ? badge(one.verdict, VERDICTS[one.verdict] ?? '') : '') },
        { name: 'Nodes', figure: true, cell: (/** @type {any} */ one) => (one.nodes === undefined ? NOTHING : `${count(one.open_nodes)} of ${count(one.nodes)}`) },
        { name: 'Adapter', cell: (/** @type {any} */ one) => plain(one.adapter?.description || [one.adapter?.vendor, one.adapter?.architecture].filter(Boolean).join(' ')) },
    ];
    return section('Times by browser and platform', table('Where it could run, with measured times', columns, (hardware.options ?? []).map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...one, i })),
        ({ i }) => String(i), 'No node could run it.'));
}

/** @param {any} model */
function verdicts(model) {
    const { exempt = null, verdicts: list = [] } = model.numerics ?? {};
    const columns = [
        { name: 'Browser', cell: (/** @type {any} */ one) => `${plain(one.browser ?? 'any')} ${plain(one.browser_version ?? '')}` },
        { name: 'Platform', cell: (/** @type {any} */ one) => plain(one.platform) },
        { name: 'Precision', cell: (/** @type {any} */ one) => plain(one.precision ?? '') },
        { name: 'Engine', cell: (/** @type {any} */ one) => `${plain(one.engine)} ${plain(one.engine_version ?? '')}` },
        { name: 'Verdict', cell: (/** @type {any} */ one) => badge(one.verdict, VERDICTS[one.verdict] ?? '') },
        { name: 'Error, of what is tolerated', figure: true, cell: (/** @type {any} */ one) => (typeof one.error_ratio === 'number' ? `${rate(one.error_ratio * 100)} %` : NOTHING) },
        { name: 'Detail', wide: true, cell: (/** @type {any} */ one) => plain(one.detail ?? '') },
        { name: 'Checked', cell: (/** @type {any} */ one) => moment(one.checked_at) },
    ];
    return section('What the guard found', exempt ? h('p', null, `It is not checked: ${plain(exempt)}`) : null,
        table('Answers compared with WASM', columns, list.map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...one, i })), ({ i }) => String(i), 'Nothing has been compared yet.'));
}

/** @param {any} model */
function variants({ variants: list }) {
    if (!list?.length) return null;
    return section('Variants', table('Variants, the preferred one first', [
        { name: 'Name', cell: (one) => plain(one.name) }, { name: 'Size', figure: true, cell: (one) => bytes(one.bytes) }, { name: 'Files', figure: true, cell: (one) => count(one.file_count) },
    ], list, ({ name }) => name));
}

/** @param {any} model */
function files({ files: list }) {
    if (!list?.length) return null;
    return section('Files', table('Files of this variant', [
        { name: 'Path', cell: (one) => h('code', null, one.path) }, { name: 'Size', figure: true, cell: (one) => bytes(one.bytes) }, { name: 'Hash', cell: (one) => h('code', null, String(one.hash ?? '').slice(0, 16)) },
    ], list, ({ path }) => path));
}
