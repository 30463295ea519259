/**
 * How soon the engine is free again after a client has left: another's request, which wants the engine
 * for itself, is sent in the same moment, and waits by so much longer than it takes on an idle engine.
 */
import { EventClient } from '../../lib/events.mjs';
import { until } from '../../lib/wait.mjs';
import { median, shown, spread, table } from '../figures.mjs';
import { textOf } from './shapes.mjs';

/** Tokens of a prompt that is being read when its client leaves. */
const LONG = 1500;
/** ms after which it leaves. */
const READING_MS = 400;

let seed = 10_000;

/** The first token's ms of a request that is alone in the engine. */
const alone = async (webinfer) =>
    (await webinfer.stream(textOf(8, ++seed), { max_tokens: 1, deterministic: true })).first;

/** Asks, leaves once `when` says so, and gives by how much longer the next request then takes. */
async function leave(webinfer, prompt, when) {
    const usual = await alone(webinfer);
    const client = new EventClient(webinfer.url, { headers: { Accept: 'text/event-stream' }, body: {
        model_name: webinfer.model, inputs: textOf(prompt, ++seed), stream: true,
        options: { temperature: 0, max_tokens: 1000 } } });
    await when(client);
    client.leave();
    return Math.max(0, await alone(webinfer) - usual);
}

const writing = (client) => until(() => client.parts.length > 4, { what: 'parts', every: 1 });
const reading = async (client) => {
    await new Promise((resolve) => setTimeout(resolve, READING_MS));
    if (client.parts.length) throw new Error('the prompt was read before its client could leave');
};

/** @returns {Promise<object[]>} a row for every shape */
export async function measureCancel({ webinfer, shapes, rounds }) {
    const rows = [];
    for (const shape of shapes) {
        await webinfer.load(shape);
        const times = { writing: [], reading: [], token: [] };
        for (let round = 0; round < rounds; round++) {
            const { first, last } = await webinfer.stream(textOf(8, ++seed), { max_tokens: 24 });
            times.token.push((last - first) / 23);
            times.writing.push(await leave(webinfer, 8, writing));
            times.reading.push(await leave(webinfer, LONG, reading));
            process.stderr.write('.');
        }
        rows.push({ shape, token_ms: median(times.token), writing_ms: spread(times.writing),
            reading_ms: spread(times.reading) });
    }
    return rows;
}

export const printCancel = (rows) =>
    table('From a client leaving to an idle engine, ms, median of the rounds (spread)',
        ['shape', 'a token', 'while writing', 'while reading'],
        rows.map((row) => [row.shape, row.token_ms, shown(row.writing_ms), shown(row.reading_ms)]));

export function cancelGoals(rows, goal) {
    for (const { shape, token_ms: token, writing_ms: writes, reading_ms: reads } of rows) {
        goal(`leaving while it writes, ms, ${shape}`, writes.median, token + 20);
        goal(`leaving while it reads, ms, ${shape}`, reads.median, Math.max(300, 8 * token));
    }
}
