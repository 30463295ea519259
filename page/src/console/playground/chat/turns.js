/** The turns of a conversation as they are shown. One that has ended is drawn once. */
import { h, said } from '../../draw.js';
import { many, milliseconds, plain, rate } from '../../format.js';
import { badge } from '../../parts.js';
import { Growing } from '../answer/markup.js';
import { pieces } from '../answer/inline.js';
import { atOf, placeName } from '../places.js';
import { problem } from '../problem.js';
import { live, times, waitsFor, where } from '../results.js';
import { firstPart, tokensPerSecond } from '../runs.js';
import { saidBy } from './conversation.js';

/** @import { Turn } from './conversation.js' */
/** @import { Run } from '../runs.js' */
/** @import { Branch } from '../../draw.js' */

/** @type {WeakMap<Turn, Branch>} */
const ended = new WeakMap();
/** @type {WeakMap<Run, Growing>} */
const growing = new WeakMap();

/** @param {Turn} turn @param {number} number @returns {Branch} */
export function turnOf(turn, number) {
    const before = ended.get(turn);
    if (before) return before;
    const { list } = turn.runs;
    const drawn = h('article', { class: 'turn', key: number, 'aria-label': `Turn ${number + 1}` },
        h('div', { class: 'asked' }, h('h3', null, 'You'), h('p', { class: 'said', dir: 'auto' }, ...said(pieces(turn.text))),
            turn.pictures.map((src) => h('img', { src, alt: 'A picture that you sent' }))),
        h('div', { class: 'runs' }, list.map((run) => answered(run, number))), list.filter(({ answer }) => answer).length > 1 ? times(list, {}) : null);
    if (list.length && list.every(({ state }) => state !== 'waiting' && state !== 'running')) ended.set(turn, drawn);
    return drawn;
}

/** @param {Run} run @param {number} number of the turn */
function answered(run, number) {
    const name = run.place ? placeName(run.place) : 'Answer', text = saidBy(run);
    return h('div', { role: 'group', class: 'run', key: atOf(run.place), 'data-state': run.state, 'data-at': atOf(run.place), 'aria-label': `${name}, turn ${number + 1}`, 'aria-busy': run.state === 'running' ? 'true' : undefined },
        h('h3', null, name, ' ', run.state === 'done' ? null : badge(run.state, run.state === 'failed' ? 'bad' : run.state === 'stopped' ? '' : 'wait')),
        run.answer?.result?.reasoning ? h('details', null, h('summary', null, 'Reasoning'), h('p', { class: 'said', dir: 'auto' }, ...said(pieces(run.answer.result.reasoning)))) : null,
        run.state === 'waiting' ? h('p', { class: 'none' }, waitsFor(run.progress)) : null,
        text ? h('div', { class: 'answer', dir: 'auto' }, formatted(run, text)) : null,
        run.answer?.result?.tool_calls?.length ? h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Calls' }, h('code', null, ...said(pieces(JSON.stringify(run.answer.result.tool_calls, null, 2))))) : null,
        run.error ? problem(run.error) : null, live(run), run.answer ? told(run) : null);
}

/** @param {Run} run @param {string} text */
function formatted(run, text) {
    const own = growing.get(run) ?? new Growing();
    growing.set(run, own);
    return own.read(text);
}

/** @param {Run} run */
function told(run) {
    const { performance: took, executed_on: executed, result } = run.answer;
    const cut = result?.finish_reason === 'length' ? ' The answer reached the token limit.' : '';
    return h('details', { class: 'note' }, h('summary', { class: 'live' },
        `${many(result?.usage?.completion_tokens ?? run.tokens, 'token')}, ${rate(tokensPerSecond(run))} tokens/s, the first after ${milliseconds(firstPart(run))}, ${milliseconds(took?.total_ms)} in all, in ${plain(executed?.browser)} on ${plain(executed?.platform)}.${cut}`),
    where(executed));
}
