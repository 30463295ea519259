/** The history of a model: its times over successive runs, and the runs with which it, or the machine itself, became slower. */
import { get } from '../api.js';
import { h } from '../draw.js';
import { moment, plain } from '../format.js';
import { badge, form, section, table } from '../parts.js';
import { polled } from '../polled.js';
import { figure } from '../../report/figures.js';
import { mediansDrawn } from './medians.js';
import { CHANGES, commitOf, FILTERS, HASH_SHOWN, historyHref, interval, listHref, runHref } from './results_parts.js';

/** It takes the daemon up to some seconds, and changes with a run. */
const EVERY_MS = 300_000;

const PLATFORMS = ['wasm', 'webgpu', 'webnn', 'webgl', 'native', 'auto', 'simulated'];

/** @param {import('../main.js').App} app @param {string} model @param {URLSearchParams} query @returns {import('../main.js').View} */
export function historyView(app, model, query) {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? '']));
    /** @type {any} */
    let history = null;
    const polling = polled(app, EVERY_MS, async () => {
        history = await get('/v1/history/results', { model, ...filters });
    });
    const narrow = () => {
        location.hash = historyHref(model, Object.fromEntries(FILTERS.map((name) => [name, /** @type {HTMLInputElement} */ (document.getElementById(name)).value.trim()])));
    };
    return {
        title: `History of ${plain(model)}`, kinds: [], fresh: () => void polling.again(), stop: polling.stop,
        render() {
            const { problem } = polling, back = h('p', { key: 'back', class: 'verbs' }, h('a', { href: listHref() }, 'All runs'));
            if (!history) return { state: problem ? 'failed' : 'loading', parts: [back, h('p', { class: problem ? 'problem' : '' }, problem || 'Reading the history.')] };
            return { state: 'filled', parts: [
                back, problem ? h('p', { class: 'problem' }, problem) : null,
                form('Show', narrow, field('browser', 'Browser', filters, { type: 'search' }), h('label', { for: 'platform' }, 'Platform'),
                    h('select', { id: 'platform', value: filters.platform }, h('option', { value: '' }, 'any'), PLATFORMS.map((one) => h('option', { value: one, key: one }, one))),
                    field('limit', 'Runs', filters, { type: 'number', min: 1, max: 200, placeholder: 50 }), field('percent', 'Threshold in %', filters, { type: 'number', min: 1, max: 1000, placeholder: 10 })),
                told(history), ...history.series.map((/** @type {any} */ one) => series(history, one)),
                history.has_more ? h('p', { class: 'note' }, 'There are older runs: a larger number of runs shows them.') : null,
            ] };
        },
    };
}

/** @param {string} id a filter @param {string} label @param {Record<string, string>} filters @param {object} props of the input */
const field = (id, label, filters, props) => [h('label', { for: id }, label), h('input', { id, value: filters[id], autocomplete: 'off', ...props })];

/** @param {any} history @param {string} id */
const runOf = (history, id) => history.runs.find((/** @type {any} */ run) => run.id === id) ?? {};

/** @param {string} id */
const runLink = (id) => h('a', { href: runHref(id) }, id);

/** What is different from the run before. JSON is not shown, only that it is another one. @param {any} point */
function changed({ changed: all }) {
    const shown = (/** @type {string} */ what, /** @type {string} */ text) => (['commit', 'model'].includes(what) ? text.slice(0, HASH_SHOWN) : text);
    return all.map((/** @type {any} */ { what, before, now }) => (/^[[{]/.test(before) ? what : `${what} ${shown(what, before)} to ${shown(what, now)}`)).map(plain).join(', ');
}

/** What the history comes to, in sentences. @param {any} history */
function told(history) {
    const { series: all, shifts, percent } = history;
    const steps = all.flatMap((/** @type {any} */ one) => one.points.filter((/** @type {any} */ { change }) => ['slower', 'faster', 'broken', 'mended'].includes(change))
        .map((/** @type {any} */ point) => step(one, point)));
    const moves = shifts.map((/** @type {any} */ { run, against, browser, ratio, blame }) => h('li', null, h('div', { class: 'told' },
        `${blame === 'machine' ? 'The machine itself' : blame === 'browser' ? `${plain(browser)} itself` : `The machine or ${plain(browser)} itself`} became ${ratio > 1 ? 'slower' : 'faster'} with `,
        runLink(run), `: the yardstick in ${plain(browser)} takes ${figure(ratio)} times as long as in `, runLink(against), '.')));
    if (all.length === 0) return h('p', { class: 'none' }, 'No run that was made here has measured this model.');
    return section('What happened', steps.length + moves.length > 0 ? h('ul', null, steps, moves)
        : h('p', { class: 'none' }, `No run made it slower or faster by more than ${percent} %.`));
}

/** @param {any} one a series @param {any} point */
function step({ cell }, point) {
    const { run, against, change, ratio, outcome, reason } = point;
    const rest = ratio && change !== 'mended' ? [`: ${figure(ratio.value)} (${interval(ratio)}) times the time in `, runLink(against)]
        : change === 'broken' ? `: ${[outcome, reason].filter(Boolean).map(plain).join(', ')}` : null;
    return h('li', null, h('div', { class: 'told' }, h('strong', null, cell), ` ${change} with `, runLink(run), rest,
        point.changed.length ? `; since the run before: ${changed(point)}.` : '.'));
}

/** @param {any} history @param {any} one */
function series(history, one) {
    const { points } = one, name = `${one.simulated ? 'simulated: ' : ''}${plain(one.cell)}`;
    const medians = { values: points.map((/** @type {any} */ { median_ms: ms }) => ms), low: points.map((/** @type {any} */ { low_ms: ms }) => ms),
        high: points.map((/** @type {any} */ { high_ms: ms }) => ms) };
    return section(name, h('div', { class: 'plot', 'aria-hidden': 'true', mounted: mediansDrawn, data: medians }), table(`${name} over runs`, [
        { name: 'Run', cell: (point) => runLink(point.run) },
        { name: 'Began', cell: (point) => moment(runOf(history, point.run).began_at) },
        { name: 'Browser', cell: (point) => plain(point.browser_version ?? '') },
        { name: 'Engine', cell: (point) => [point.engine, point.engine_version].filter(Boolean).map(plain).join(' ') },
        { name: 'webinfer', cell: (point) => [plain(runOf(history, point.run).webinfer?.version ?? ''), commitOf(runOf(history, point.run)) ? h('small', null, h('code', null, commitOf(runOf(history, point.run)))) : null] },
        { name: 'Median', figure: true, cell: (point) => (point.median_ms === null ? '' : [`${figure(point.median_ms)} ms`, h('small', null, interval({ low: point.low_ms, high: point.high_ms }))]) },
        { name: 'Change', cell: (point) => [badge(plain(point.outcome === 'ok' ? point.change : point.outcome), point.outcome === 'ok' ? CHANGES[point.change] ?? '' : 'bad'),
            runOf(history, point.run).noisy ? [' ', badge('noisy', 'wait')] : null, point.reason ? h('small', null, plain(point.reason)) : null] },
        { name: 'Changed', wide: true, cell: changed },
    ], points.toReversed(), ({ run }) => run, 'No run has this cell.'));
}
