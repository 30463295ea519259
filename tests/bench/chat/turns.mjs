/**
 * A conversation's second to tenth turn, with and without what was computed for the turns before: the
 * first token's time depends on the new tokens only, or on all of them.
 */
import { median, quantile, table } from '../figures.mjs';
import { textOf } from './shapes.mjs';

const TURNS = 10;
/** Tokens of a turn's question, and of its answer. */
const ASKED = 16, ANSWERED = 8;

/** A conversation that begins with `history` tokens; gives the first token's ms of every turn. */
async function conversation(webinfer, history, seed) {
    const messages = [{ role: 'user', content: textOf(history, seed) }];
    const turns = [];
    for (let turn = 1; turn <= TURNS; turn++) {
        const { first, text, result: { usage } } = await webinfer.stream({ messages }, { max_tokens: ANSWERED });
        turns.push({ first, prompt: usage.prompt_tokens, cached: usage.cached_tokens });
        messages.push({ role: 'assistant', content: text }, { role: 'user', content: textOf(ASKED, seed + turn) });
    }
    return { turns, messages };
}

/** The same request with nothing cached: alone, and from its beginning. */
async function without(webinfer, messages, turn) {
    const { first, result: { usage } } = await webinfer.stream(
        { messages: messages.slice(0, 2 * turn - 1) }, { max_tokens: 1, deterministic: true });
    if (usage.cached_tokens) throw new Error(`${usage.cached_tokens} tokens were cached`);
    return { first, prompt: usage.prompt_tokens };
}

/** @returns {Promise<object[]>} a row for every length of history */
export async function measureTurns({ webinfer, shape, histories, quick }) {
    await webinfer.load(shape);
    const rows = [];
    for (const history of histories) {
        const { turns, messages } = await conversation(webinfer, history, history);
        const later = turns.slice(1);
        const second = await without(webinfer, messages, 2);
        const tenth = quick ? second : await without(webinfer, messages, TURNS);
        process.stderr.write('.');
        rows.push({ shape, history, turns, first_ms: turns[0].first,
            with_ms: median(later.map(({ first }) => first)), worst_ms: quantile(later.map(({ first }) => first), 1),
            cached: Math.min(...later.map(({ cached, prompt }) => cached / prompt)),
            without_ms: [second.first, tenth.first] });
    }
    return rows;
}

export const printTurns = (rows) =>
    table(`Turns 2 to ${TURNS} of a conversation: ms to the first token`,
        ['shape', 'history', 'first turn', 'with cache, median', 'worst', 'least cached', 'without, turn 2',
            `without, turn ${TURNS}`, 'times sooner'],
        rows.map((row) => [row.shape, String(row.history), row.first_ms, row.with_ms, row.worst_ms,
            `${Math.round(100 * row.cached)} %`, ...row.without_ms, row.without_ms[0] / row.with_ms]));
