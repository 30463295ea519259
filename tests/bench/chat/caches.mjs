/**
 * What keys and values in 32 bits are worth where a conversation is long: the same requests by turns to two daemons, of which one
 * gives models so little memory that its page keeps to 16 bits.
 */
import fs from 'node:fs';
import { withDaemon } from '../../lib/daemon.mjs';
import { median, shown, spread, table } from '../figures.mjs';
import { Webinfer } from './contestants.mjs';
import { answerTo, fileOf, shapes, textOf } from './shapes.mjs';

/** The least that a token has to take less. */
const GOAL = 0.85, GOAL_HISTORY = 1000;
const SLOTS = 4;
/** To each text. */
const ANSWERS = 3;

/** Bytes for models, in which a shape has room for caches in 16 bits alone. */
function scarce(store, shape) {
    const { layers, heads, kv, embd, context } = shapes[shape];
    const caches = SLOTS * context * layers * kv * 2 * (embd / heads);
    return fs.statSync(fileOf(store, shape)).size + 4 * caches - 1;
}

let seed = 0;

/** A round: ms of a token that is read, and of one that is written behind `history` others, which are read once. */
async function roundOf(webinfer, history, tokens) {
    const text = textOf(history, ++seed), right = answerTo(text, tokens), writes = [];
    let reads = 0;
    for (let i = 0; i < ANSWERS; i++) {
        const { first, last, text: said } = await webinfer.stream(text, { max_tokens: tokens });
        if (said !== right) throw new Error(`it said "${said}", not "${right}"`);
        writes.push((last - first) / (tokens - 1));
        reads ||= first / history;
    }
    return { reads, writes: median(writes) };
}

async function rowsOf(wide, narrow, { shape, histories, rounds, tokens }) {
    const rows = [];
    for (const one of [wide, narrow]) await one.load(shape);
    for (const history of histories) {
        const times = { wide: [], narrow: [] };
        for (let round = -1; round < rounds; round++) { // the first is for V8
            for (const name of round % 2 ? ['wide', 'narrow'] : ['narrow', 'wide']) {
                const got = await roundOf(name === 'wide' ? wide : narrow, history, tokens);
                if (round >= 0) times[name].push(got);
            }
            process.stderr.write('.');
        }
        const figure = (name, what) => spread(times[name].map((one) => one[what]));
        const share = (what) => spread(times.wide.map((one, round) => one[what] / times.narrow[round][what]));
        rows.push({ shape, history, writes: share('writes'), reads: share('reads'),
            wide: { writes: figure('wide', 'writes'), reads: figure('wide', 'reads') },
            narrow: { writes: figure('narrow', 'writes'), reads: figure('narrow', 'reads') } });
    }
    return rows;
}

/** @returns {Promise<object[]>} a row for every length of history */
export function measureCaches({ store, shape, ...how }) {
    const config = (budget) => ({ config: { models: { directory: store }, pool: {
        max_connections: 1, recycle_after: 0, model_budget: budget } }, logToFile: true });
    return withDaemon(config(4 * 2 ** 30), (one) => withDaemon(config(scarce(store, shape)), async (other) => {
        const wide = new Webinfer(one), narrow = new Webinfer(other);
        const rows = await rowsOf(wide, narrow, { shape, ...how });
        wide.stop();
        narrow.stop();
        return rows;
    }));
}

export const printCaches = (rows) =>
    table('Keys and values in 16 and in 32 bits: ms a token, median of the rounds (spread)',
        ['shape', 'tokens before', 'writes, 16', 'writes, 32', 'share', 'reads, 16', 'reads, 32', 'share'],
        rows.map((row) => [row.shape, String(row.history), shown(row.narrow.writes), shown(row.wide.writes), shown(row.writes),
            shown(row.narrow.reads), shown(row.wide.reads), shown(row.reads)]));

export function cacheGoals(rows, goal) {
    for (const { shape, history, writes } of rows)
        if (history >= GOAL_HISTORY) goal(`a token with 32 bits over one with 16, ${shape}, ${history} before it`, writes.median, GOAL);
}
