/** One model: its properties, the places where it runs, its speed and exactness there, and why it runs there. */
import { serviceUrl } from '../address.js';
import { sentence } from '../advice.js';
import { get, modelPath, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { bytes, clock, count, milliseconds, moment, NOTHING, plain, rate } from '../format.js';
import { badge, facts, section, table } from '../parts.js';
import { placesOf, restingOf } from '../places.js';
import { shellList, tokenNote } from '../playground/code_block.js';
import { tasksOf } from '../playground/forms.js';
import { tryHref } from '../playground/places.js';
import { shellCommands } from '../playground/shell.js';
import { ModelProfile } from './model_profile.js';
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
    let problem = '', routing = '', isOver = false, timer = 0, readAt = 0;
    const profile = new ModelProfile(name, () => { if (!isOver) app.redraw(); });
    const read = async () => {
        clearTimeout(timer);
        try {
            model = await get(modelPath(name));
            readAt = Date.now();
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
            const parts = [what(app, now, !problem), problem ? null : shell(now), why(hardware, routing), places(hardware, model),
                problem || now.problem ? null : profile.render(hardware), variants(model), files(model)];
            if (!problem) return { state: 'filled', parts: [back, ...parts] };
            return { state: 'failed', parts: [back, h('p', { class: 'problem', role: 'alert' }, `It can no longer be read. ${sentence(problem)} The data below is from ${clock(readAt)}.`), h('div', { class: 'old' }, ...parts)] };
        },
    };
}

/** @param {import('../main.js').App} app @param {any} model @param {boolean} isThere */
function what(app, model, isThere) {
    const { memory } = model;
    return h('section', { key: 'what', 'aria-label': 'Properties' },
        model.problem ? h('p', { class: 'problem' }, model.problem) : null,
        (model.warnings ?? []).length ? h('ul', { class: 'warnings' }, model.warnings.map((/** @type {string} */ one) => h('li', null, one))) : null,
        facts([['Title', plain(model.title ?? '')], ['Type', plain(model.type ?? '').replaceAll('_', ' ')], ['Format', plain(model.format ?? '')], ['Size', bytes(model.bytes)],
            ['Tasks', (model.tasks ?? []).map((/** @type {any} */ task) => plain(task.name ?? task)).join(', ')],
            ['Architecture', plain(model.architecture ?? '')], ['Quantization', plain(model.quantization ?? '')],
            ['Parameters', model.parameters ? count(model.parameters) : ''], ['Context', model.context_length ? `${count(model.context_length)} tokens` : ''],
            ['In a page', memory ? `${bytes(memory.total)} of ${bytes(memory.limit)}${memory.fits ? '' : ': it does not fit'}` : ''],
            ['From', model.source ? plain([model.source.hub, model.source.repository, model.source.revision].filter(Boolean).join(' ')) : ''],
            ['Published', (model.published ?? []).map((/** @type {any} */ one) => plain(`${one.name} as ipfs://${one.cid}${one.stale ? ', stale' : ''}`)).join('; ')],
            ['Last used', model.last_used_at ? moment(model.last_used_at * 1000) : ''],
            ['Loaded in', (model.loaded ?? []).length ? loadedIn(app, model) : 'no node'],
            ['Hash', model.hash ? h('code', null, model.hash) : '']]),
        app.watch.isAdmin && isThere ? h('p', { class: 'verbs' }, verbs(app, model)) : null);
}

/** @param {any} hardware @param {string} problem */
function why(hardware, problem) {
    if (!hardware) return section('Why it runs where it runs', h('p', { class: problem ? 'problem' : 'none' }, problem || 'Asking.'));
    const { would_run: run, decision } = hardware, unused = unusedOf(hardware);
    return section('Why it runs where it runs',
        h('p', { class: 'told' }, run ? ['The next request would run in ', h('strong', null, `${plain(run.browser)} ${plain(run.browser_version)}`), ' on ', h('strong', null, run.platform),
            run.warm ? ', where it is loaded' : ', where it is loaded first', `; the expected time is ${milliseconds(run.expected_ms)}.`]
            : decision === 'wait' ? 'The next request would wait.' : 'A request would be refused.', ` Because: ${plain(hardware.why)}.`),
        unused.length ? [h('p', null, 'Not used:'), h('ul', null, unused.map(([place, reason]) => h('li', null, h('div', { class: 'told' }, h('strong', null, place), `: ${plain(reason)}`))))] : null);
}

/** The places where it would not run, and the browsers that none of them is in, each with the reason.
 * @param {any} hardware @returns {[string, string][]} */
const unusedOf = ({ options = [], passed_over: absent = [] }) => [
    ...options.filter((/** @type {any} */ { chosen }) => !chosen).map((/** @type {any} */ one) =>
        [`${plain(one.browser ?? 'any browser')} ${plain(one.browser_version ?? '')}${one.joined ? ', joined,' : ''} on ${plain(one.platform)}`, one.why || (one.standing === 'ready' ? `ready, with an expected time of ${milliseconds(one.expected_ms)}` : one.standing)]),
    ...absent.map((/** @type {any} */ { browser, why: reason }) => [plain(browser), reason]),
];

/** Its commands for a shell. @param {any} model */
function shell(model) {
    const commands = model.problem ? [] : shellCommands(model, tasksOf(model), serviceUrl());
    if (commands.length === 0) return null;
    return section('From the shell', shellList(commands),
        h('p', { class: 'note' }, `${tokenNote()} “Try it” shows each request as curl, Python and JavaScript.`));
}

/** @param {any} hardware @param {any} model */
function places(hardware, model) {
    if (!hardware) return null;
    const { exempt = null, verdicts = [] } = model.numerics ?? {};
    return section('Places: times and verdicts', exempt ? h('p', null, `Its answers are not compared with those of others: ${plain(exempt)}.`) : null,
        table('Where it could run, with what was measured and what the guard found', PLACE_COLUMNS, placesOf([...hardware.options ?? [], ...restingOf(hardware)], verdicts), ({ key }) => key, 'No node could run it.'));
}

/** Columns of the table of places; in each row the node data or the verdict can be missing. @type {import('../parts.js').Column[]} */
const PLACE_COLUMNS = [
    { name: 'Browser', cell: ({ option, verdict }) => [h('strong', null, (option ?? verdict).browser ?? 'any'), ` ${plain((option ?? verdict).browser_version ?? '')}`, (option ?? verdict).joined ? h('small', null, joinedBy((option ?? verdict).token)) : null] },
    { name: 'Platform', cell: ({ option, verdict }) => [`${plain((option ?? verdict).platform)} `, option?.chosen ? badge('chosen', 'good') : null] },
    { name: 'Precision', cell: ({ verdict }) => [plain(verdict?.precision ?? ''), verdict?.kernel ? h('code', null, plain(verdict.kernel)) : null] },
    { name: 'Why', wide: true, cell: ({ option }) => (option ? [plain(option.standing), option.why ? h('small', null, option.why) : null] : 'No node has this now.') },
    { name: 'Verdict', wide: true, cell: ({ option, verdict }) => [verdictOf(verdict?.verdict ?? option?.verdict),
        typeof verdict?.error_ratio === 'number' ? h('small', null, `Its error is ${rate(verdict.error_ratio * 100)} % of what is tolerated.`) : null, verdict?.detail ? h('small', null, verdict.detail) : null,
        verdict?.input?.shapes ? h('small', null, `${verdict.scope === 'input' ? 'Only for such inputs' : 'Found by an input'}: ${plain(verdict.input.shapes)}.`) : null,
        verdict?.checked_at ? h('small', null, `Compared ${moment(verdict.checked_at)}.`) : null] },
    { name: 'Expected', figure: true, cell: ({ option }) => milliseconds(option?.expected_ms) },
    { name: 'Run', figure: true, cell: ({ option }) => milliseconds(option?.estimate?.run_ms ?? option?.run_ms) },
    { name: 'Load', figure: true, cell: ({ option }) => milliseconds(option?.estimate?.load_ms ?? option?.load_ms) },
    { name: 'Prompt tok/s', figure: true, cell: ({ option }) => rate(option?.estimate?.prompt_tokens_per_second) },
    { name: 'Tokens/s', figure: true, cell: ({ option }) => rate(option?.estimate?.tokens_per_second) },
    { name: 'Runs', figure: true, cell: ({ option }) => count(option?.estimate?.runs) },
    { name: 'Nodes', figure: true, cell: ({ option }) => (option?.nodes === undefined ? NOTHING : `${count(option.open_nodes)} of ${count(option.nodes)}`) },
    { name: 'Engine, adapter', wide: true, cell: ({ option, verdict }) => [`${plain((option ?? verdict).engine)} ${plain((option ?? verdict).engine_version ?? '')}`, adapterOf(option?.adapter, verdict?.adapter)] },
];

/** @param {string | null | undefined} token null: of all joined nodes */
const joinedBy = (token) => (token ? `joined by ${plain(token)}` : 'joined');

/** @param {any} adapter of a place @param {string | null | undefined} compared what the guard found there */
function adapterOf(adapter, compared) {
    const name = adapter?.description || [adapter?.vendor, adapter?.architecture].filter(Boolean).join(' ') || compared?.split('/').filter(Boolean).join('/');
    return name ? h('small', null, name) : null;
}

/** @param {string | null | undefined} verdict */
const verdictOf = (verdict) => (verdict ? badge(verdict, VERDICTS[verdict] ?? '') : null);

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
