/**
 * Tokens per second and the first token through webinfer, in a bare page, and from native llama.cpp,
 * one after another in every round: of one conversation, of four at once, and of a long prompt.
 */
import { median, shown, spread, table } from '../figures.mjs';
import { answerTo, textOf } from './shapes.mjs';
import { SLOTS } from './contestants.mjs';

/** Tokens of a short prompt, and of a long one. */
const SHORT = 8, LONG = 256;
/** Answers of two tokens a round, for the time of the first. */
const FIRSTS = 4;
/** Goals are for models that take at least so long for a token: below, a request's own cost shows. */
export const GOAL_TOKEN_MS = 20;

let seed = 0;

/** Answers to new texts, which must be what the model says. */
async function answers(who, count, prompt, tokens) {
    const texts = Array.from({ length: count }, () => textOf(prompt, ++seed));
    const all = await who.complete(texts, tokens);
    all.forEach(({ text }, index) => {
        const right = answerTo(texts[index], tokens);
        if (text !== right) throw new Error(`${who.name} said "${text}", not "${right}"`);
    });
    return all;
}

/** One round of one contestant. */
async function roundOf(who, tokens) {
    const [one] = await answers(who, 1, SHORT, tokens);
    const firsts = [one.first];
    for (let i = 0; i < FIRSTS; i++) firsts.push((await answers(who, 1, SHORT, 2))[0].first);
    const four = await answers(who, SLOTS, SHORT, tokens);
    const begin = Math.min(...four.map(({ first }) => first));
    const [long] = await answers(who, 1, LONG, 1);
    return {
        first: median(firsts), rate: (1000 * (tokens - 1)) / (one.last - one.first),
        first4: median(four.map(({ first }) => first)),
        rate4: (1000 * (SLOTS * tokens - 1)) / (Math.max(...four.map(({ last }) => last)) - begin),
        reads: (1000 * LONG) / long.first,
    };
}

/** @returns {Promise<object[]>} a row for every shape */
export async function measureSpeed({ contestants, shapes, rounds, tokens }) {
    const rows = [];
    for (const shape of shapes) {
        const times = Object.fromEntries(contestants.map(({ name }) => [name, []]));
        for (const who of contestants) {
            await who.load(shape);
            await roundOf(who, tokens); // V8 compiles what runs often once more
        }
        for (let round = 0; round < rounds; round++) {
            const order = round % 2 ? [...contestants].reverse() : contestants;
            for (const who of order) times[who.name].push(await roundOf(who, tokens));
            process.stderr.write('.');
        }
        rows.push(rowOf(shape, times));
    }
    return rows;
}

/** Figures and each round's ratios, so that what slowed a whole round down does not count. */
function rowOf(shape, times) {
    const row = { shape };
    for (const [name, list] of Object.entries(times))
        row[name] = Object.fromEntries(Object.keys(list[0])
            .map((key) => [key, spread(list.map((one) => one[key]))]));
    const against = (name, key) =>
        spread(times.webinfer.map((one, round) => one[key] / times[name][round][key]));
    row.over_bare = Object.fromEntries(['rate', 'rate4', 'reads'].map((key) => [key, against('bare', key)]));
    row.over_native = Object.fromEntries(['rate', 'rate4', 'reads'].map((key) => [key, against('native', key)]));
    row.later_ms = spread(times.webinfer.map(({ first }, round) => first - times.bare[round].first));
    return row;
}

export const printSpeed = (rows) =>
    table('Language models, Q8_0, one thread: tokens per second, median of the rounds (spread)',
        ['shape', 'what', 'bare page', 'webinfer', 'native', 'over bare', 'over native'],
        rows.flatMap((row) => [['1 chat', 'rate'], [`${SLOTS} chats`, 'rate4'], [`reading ${LONG}`, 'reads']]
            .map(([what, key]) => [row.shape, what, shown(row.bare[key]), shown(row.webinfer[key]),
                shown(row.native[key]), shown(row.over_bare[key]), row.over_native[key].median]))) +
    table(`First token of an answer to ${SHORT} tokens, ms`,
        ['shape', 'what', 'bare page', 'webinfer', 'native', 'later than bare'],
        rows.flatMap((row) => [
            [row.shape, '1 chat', shown(row.bare.first), shown(row.webinfer.first), shown(row.native.first),
                shown(row.later_ms)],
            [row.shape, `${SLOTS} chats`, shown(row.bare.first4), shown(row.webinfer.first4),
                shown(row.native.first4), '']]));

/** What is to hold, for models that take long enough for it to mean something. */
export function speedGoals(rows, goal) {
    for (const { shape, bare, over_bare: over, later_ms: later } of rows) {
        if (1000 / bare.rate.median < GOAL_TOKEN_MS) continue;
        goal(`share of the bare page's tokens/s, ${shape}, 1 chat`, over.rate.median, 0.95, true);
        goal(`share of the bare page's tokens/s, ${shape}, ${SLOTS} chats`, over.rate4.median, 0.95, true);
        goal(`first token later than the bare page's, ms, ${shape}`, later.median, 5);
    }
}
