/** One run of the laboratory: its cells with their figures, and what has changed since an earlier run. */
import { serviceUrl } from '../address.js';
import { get } from '../api.js';
import { h } from '../draw.js';
import { bytes, moment, plain } from '../format.js';
import { badge, button, facts, form, section, table } from '../parts.js';
import { shellList, tokenNote } from '../playground/code_block.js';
import { download } from '../playground/download.js';
import { runCommands } from '../playground/shell.js';
import { polled } from '../polled.js';
import { figure, isSimulated, worstFirst } from '../../report/figures.js';
import { CHANGES, historyHref, interval, listHref, notesOf, runHref } from './results_parts.js';

const EVERY_MS = 60_000;
/** Runs to choose from, the newest. */
const OTHERS = 100;
/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
const OUTCOMES = { ok: 'good', unsupported: '', absent: '', 'not run': '', 'too slow': 'wait' };
const JUDGEMENTS = /** @type {Record<string, string>} */ ({ good: 'No regression', regression: 'Regression', 'cannot tell': 'It cannot be told' });

/** @param {import('../main.js').App} app @param {string} id @param {string} before @returns {import('../main.js').View} */
export function runView(app, id, before) {
    /** @type {any} */
    let run = null;
    /** @type {any} */
    let comparison = null;
    /** @type {any[]} */
    let others = [];
    const path = `/v1/results/${encodeURIComponent(id)}`;
    const polling = polled(app, EVERY_MS, async () => {
        const isFinal = run?.ended_at !== undefined;
        if (!isFinal) run = await get(`${path}/figures`);
        others = (await get('/v1/results', { limit: OTHERS })).results.filter((/** @type {any} */ one) => one.id !== id);
        if (before && !(isFinal && comparison)) comparison = await get(`${path}/comparison`, { before });
    });
    const compare = () => {
        location.hash = runHref(id, /** @type {HTMLSelectElement} */ (document.getElementById('before')).value);
    };
    return {
        title: `Run ${plain(id)}`, kinds: [], fresh: () => void polling.again(), stop: polling.stop,
        render() {
            const { problem } = polling, choices = before && !others.some((one) => one.id === before) ? [{ id: before }, ...others] : others;
            const back = h('p', { key: 'back', class: 'verbs' }, h('a', { href: listHref() }, 'All runs'));
            if (!run) return { state: problem ? 'failed' : 'loading', parts: [back, h('p', { class: problem ? 'problem' : '' }, problem || 'Reading the run.')] };
            return { state: 'filled', parts: [
                back, problem ? h('p', { class: 'problem' }, problem) : null, what(run),
                choices.length ? form('Compare', compare, h('label', { for: 'before' }, 'Compare with'), h('select', { id: 'before', value: before || undefined },
                    choices.map(({ id: one, began_at: began }) => h('option', { value: one, key: one }, began ? `${plain(one)}, ${moment(began)}` : plain(one))))) : null,
                comparison ? differences(comparison) : null, ...answers(run), cells(run), texts(run), exportsOf(run),
            ] };
        },
    };
}

/** @param {any} run */
function what(run) {
    const { machine, webinfer } = run;
    return h('section', { key: 'what', 'aria-label': 'Properties' }, facts([
        ['Name', plain(run.name)], ['Began', moment(run.began_at)], ['Ended', run.ended_at ? moment(run.ended_at) : ''],
        ['webinfer', [webinfer?.version, webinfer?.commit].filter(Boolean).map(plain).join(', ')],
        ['Machine', machine ? [machine.cores && `${machine.cores} cores`, machine.kernel].filter(Boolean).map(plain).join(', ') : ''],
        ['At a time', run.together ? String(run.together) : ''],
        ['Notes', notesOf(run).length ? notesOf(run) : '']]));
}

/** @param {any} comparison */
function differences({ before, judgement, reason, yardstick, cells: rows }) {
    return section(`Compared with ${plain(before.id)}`,
        h('p', { class: judgement === 'regression' ? 'problem' : 'note' }, `${JUDGEMENTS[judgement] ?? plain(judgement)}: ${plain(reason)}.`,
            yardstick ? ` The yardstick takes ${figure(yardstick)} times as long.` : null),
        table('Differences', [
            { name: 'Cell', wide: true, cell: (row) => row.cell },
            { name: 'Change', cell: (row) => [badge(plain(row.change), CHANGES[row.change] ?? ''), row.reason ? h('small', null, plain(row.reason)) : null] },
            { name: 'Before', figure: true, cell: (row) => (row.before_ms ? `${figure(row.before_ms)} ms` : plain(row.before ?? '')) },
            { name: 'Now', figure: true, cell: (row) => (row.now_ms ? `${figure(row.now_ms)} ms` : plain(row.now ?? '')) },
            { name: 'Times', figure: true, cell: (row) => (row.ratio ? [figure(row.ratio.value), h('small', null, interval(row.ratio))] : '') },
            { name: 'p', figure: true, cell: (row) => (row.ratio ? figure(row.ratio.p) : '') },
        ], rows.map((/** @type {any} */ row, /** @type {number} */ i) => ({ ...row, key: String(i) })), ({ key }) => key, 'The runs have no cells.'));
}

/** Of each model the sentence, and the places, the one to choose first. @param {any} run */
const answers = ({ answers: all = [] }) => all.map((/** @type {any} */ { model, sentence, rows }) => section(plain(model),
    h('p', { class: 'told' }, sentence), table(`Where ${plain(model)} runs`, ANSWER_COLUMNS, rows, ({ index }) => String(index))));

/** @type {import('../parts.js').Column[]} */
const ANSWER_COLUMNS = [
    { name: 'Place', cell: (row) => [placeOf(row), [row.browser_version, row.precision].some(Boolean) ? h('small', null, [row.browser_version, row.precision].filter(Boolean).join(', ')) : null] },
    { name: 'Outcome', cell: (row) => [outcomeOf(row), marks(row), ...[row.reason, row.remedy].map((text) => (text ? h('small', null, text) : null))] },
    { name: 'Median', figure: true, cell: (row) => ('median_ms' in row ? [`${figure(row.median_ms)} ms`, h('small', null, interval({ low: row.low_ms, high: row.high_ms }))] : '') },
    { name: 'Than WASM', cell: (row) => row.than_wasm?.words },
    { name: 'Error', figure: true, cell: (row) => figure(row.error_ratio) },
    { name: 'Changed', wide: true, cell: (row) => row.changed },
    { name: 'Memory', figure: true, cell: (row) => bytes(row.memory_bytes) },
    { name: 'Load', figure: true, cell: (row) => msOf(row.load_ms) },
    { name: 'First run', figure: true, cell: (row) => msOf(row.first_ms) },
];

/** @param {number | undefined} ms */
const msOf = (ms) => (ms === undefined ? '' : `${figure(ms)} ms`);

/** @param {any} one a cell or a row */
const placeOf = ({ browser, platform }) => [browser, platform].filter(Boolean).join('/');

/** @param {any} one a cell or a row */
const outcomeOf = ({ outcome }) => badge(plain(outcome), OUTCOMES[outcome] ?? 'bad');

/** What is to be known before its times are believed. @param {{simulated?: boolean, software?: boolean, bimodal?: boolean}} one */
const marks = ({ simulated, software, bimodal }) => Object.entries({ simulated, 'software adapter': software, bimodal })
    .filter(([, is]) => is).map(([mark]) => [' ', badge(mark, 'wait')]);

/** @param {any} run */
function cells(run) {
    const rows = worstFirst(run.cells.filter((/** @type {any} */ { yardstick }) => !yardstick));
    return section('Cells', h('p', { class: 'note' }, 'The worst is first. A speed-up is relative to the cell with that number.'), table('Cells of the run', [
        { name: '#', figure: true, cell: (cell) => String(cell.index) },
        { name: 'Model', cell: (cell) => h('a', { href: historyHref(cell.model) }, cell.model) },
        { name: 'Place', cell: (cell) => [placeOf(cell), cell.browser_version ? h('small', null, plain(cell.browser_version)) : null] },
        { name: 'Settings', cell: settings },
        { name: 'Outcome', cell: (cell) => [outcomeOf(cell), marks({ simulated: isSimulated(run, cell), software: cell.adapter?.is_fallback, bimodal: cell.summary?.bimodal }), cell.reason ? h('small', null, plain(cell.reason)) : null] },
        { name: 'Samples', figure: true, cell: (cell) => (cell.samples_ms.length ? String(cell.samples_ms.length) : '') },
        { name: 'Median', figure: true, cell: (cell) => (cell.summary ? [`${figure(cell.summary.median)} ms`, h('small', null, interval(cell.summary))] : '') },
        { name: 'p90', figure: true, cell: (cell) => (cell.summary ? `${figure(cell.summary.p90)} ms` : '') },
        { name: 'Speed-up', figure: true, cell: (cell) => (cell.speedup ? [`${figure(cell.speedup.value)} of ${cell.baseline}`, h('small', null, interval(cell.speedup))] : '') },
    ], rows, ({ index }) => String(index), 'It has no cells yet.'));
}

/** Of models that write text: the speeds for one user, and for all together. @param {any} run */
function texts(run) {
    const rows = run.cells.filter((/** @type {any} */ { text }) => text);
    const speed = (/** @type {string} */ name, /** @type {string} */ member) => ({ name, figure: true, cell: (/** @type {any} */ { text }) => figure(text[member]) });
    return rows.length ? section('Text', table('Speeds of text', [
        { name: '#', figure: true, cell: (cell) => String(cell.index) }, { name: 'Model', cell: (cell) => cell.model },
        { name: 'At a time', figure: true, cell: (cell) => figure(cell.concurrency) },
        speed('Prompt tokens/s', 'prompt_per_s'), speed('First token ms', 'first_p50_ms'), speed('p90 of it', 'first_p90_ms'), speed('ms a token', 'token_ms'),
        speed('Tokens/s of a user', 'generated_per_s'), speed('Of all', 'all_per_s'),
    ], rows, ({ index }) => String(index))) : null;
}

/** It as files: the data that are here, and what the client makes of a run. @param {any} run */
const exportsOf = (run) => section('Exports',
    h('p', { class: 'verbs' }, button('Save as JSON', () => download(`${run.id}.json`, JSON.stringify(run), 'application/json'), { local: true })),
    shellList(runCommands(run.id, serviceUrl())), h('p', { class: 'note' }, tokenNote()));

/** @param {any} cell */
const settings = ({ precision, threads, optimization, batch, concurrency, clock }) => [precision, threads && `threads ${threads}`,
    optimization && `optimization ${optimization}`, batch && `batch ${batch}`, concurrency && `${concurrency} at a time`, clock && `by the ${clock}’s clock`]
    .filter(Boolean).map(plain).join(', ');
