/** The answers of the places side by side, and under them their times and how far they are apart. */
import { h } from '../draw.js';
import { bytes, count, many, milliseconds, plain, rate } from '../format.js';
import { badge, facts, table } from '../parts.js';
import { difference } from './difference.js';
import { placeName, atOf } from './places.js';
import { problem } from './problem.js';
import { firstPart, tokensPerSecond } from './runs.js';

/** @import { Run } from './runs.js' */
/** @import { Part } from '../draw.js' */

/** @type {Record<string, 'good' | 'wait' | 'bad' | ''>} */
const KINDS = { waiting: 'wait', running: 'wait', done: 'good', failed: 'bad', stopped: '' };

/** @param {Run[]} runs @param {import('./forms.js').Form} form @returns {Part[]} */
export function results(runs, form) {
    if (runs.length === 0) return [];
    return [h('div', { class: 'runs', key: 'runs' }, runs.map((run) => result(run, form))), times(runs, form)];
}

/** @param {Run} run @param {import('./forms.js').Form} form */
function result(run, form) {
    const name = placeName(run.place);
    return h('section', { class: 'run', key: atOf(run.place), 'data-state': run.state, 'data-at': atOf(run.place), 'aria-label': name, 'aria-busy': run.answer || run.error ? undefined : 'true' },
        h('h3', null, name, ' ', badge(run.state, KINDS[run.state])),
        run.state === 'waiting' ? h('p', { class: 'none' }, waitsFor(run.progress)) : null,
        run.answer || run.text ? h('div', { class: 'answer' }, form.show(run.answer, run)) : null,
        run.error ? problem(run.error) : null,
        live(run), where(run.answer?.executed_on));
}

/** @param {any} progress */
export function waitsFor(progress) {
    if (progress?.phase === 'queued') return progress.queue_position ? `Waiting at position ${count(progress.queue_position)} of the queue.` : 'Waiting in the queue.';
    if (progress?.phase === 'loading') return progress.total_bytes ? `The model is loaded: ${bytes(progress.loaded_bytes)} of ${bytes(progress.total_bytes)}.` : 'The model is loaded.';
    if (progress?.total) return `It is ${plain(progress.phase)}: ${count(progress.done)} of ${count(progress.total)}.`;
    return 'It was sent.';
}

/** The status while parts arrive. @param {Run} run */
export function live(run) {
    if (run.state !== 'running' && run.state !== 'stopped') return null;
    if (!run.firstAt) return null;
    return h('p', { class: 'note live' }, `${many(run.tokens, 'token')}, ${rate(tokensPerSecond(run))} tokens/s, the first after ${milliseconds(firstPart(run))}.`);
}

/** Where the answer was computed, as reported. @param {any} executed */
export function where(executed) {
    if (!executed) return null;
    const { adapter, numerics, simulated } = executed;
    return [facts([
        ['Ran in', `${plain(executed.browser ?? 'no browser')} ${plain(executed.browser_version ?? '')} on ${plain(executed.platform ?? 'no platform')}`],
        ['Node', executed.node ? h('code', null, plain(executed.node)) : ''],
        ['Engine', [executed.engine, executed.build, executed.threads && many(executed.threads, 'thread')].filter(Boolean).map(plain).join(', ')],
        ['Weights', [executed.precision, executed.quantization].filter(Boolean).map(plain).join(', ')],
        ['Adapter', adapter ? [[adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ')].map(plain).join(''), adapter.is_fallback ? ' (software)' : ''] : ''],
        ['Numbers', numerics ? badge(plain(numerics), numerics === 'ok' ? 'good' : numerics === 'wrong' ? 'bad' : 'wait') : ''],
        ['Simulated', simulated ? badge('Nothing was computed', 'bad') : ''],
    ]), (executed.fallbacks ?? []).length ? h('ul', { class: 'note' }, executed.fallbacks.map((/** @type {any} */ one) => h('li', null, `Fallback from ${plain(one.platform)}: ${plain(one.reason)}`))) : null];
}

/** @param {Run[]} runs @param {Pick<import('./forms.js').Form, 'difference'>} form */
export function times(runs, form) {
    const done = runs.filter(({ answer }) => answer);
    if (done.length === 0) return null;
    const of = (/** @type {string} */ name) => (/** @type {Run} */ { answer }) => milliseconds(answer.performance?.[name]);
    const apart = (/** @type {Run} */ run) => (run === done[0] ? 'The others are compared with this one.' : (form.difference ?? difference)(done[0].answer, run.answer));
    return table('Times by place', [
        { name: 'Place', cell: (run) => placeName(run.place) },
        { name: 'Total', figure: true, cell: of('total_ms') }, { name: 'Queue', figure: true, cell: of('queue_ms') }, { name: 'Load', figure: true, cell: of('load_ms') },
        { name: 'Inference', figure: true, cell: of('inference_ms') }, { name: 'First part', figure: true, cell: (run) => milliseconds(firstPart(run)) },
        { name: 'Tokens/s', figure: true, cell: (run) => rate(tokensPerSecond(run)) }, { name: 'Attempts', figure: true, cell: ({ answer }) => count(answer.performance?.attempts) },
        ...(done.length > 1 ? [{ name: 'Difference', wide: true, cell: apart }] : []),
    ], done, ({ place }) => atOf(place));
}
