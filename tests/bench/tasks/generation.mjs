/** What of a token is JavaScript, and what a cache of a conversation's beginning saves. */
import { median, shown, spread, table } from '../figures.mjs';
import { TOKENS } from './work.mjs';

const work = { family: 'GPT-2, 50,257 tokens', model: 'gpt2-wide', task: 'complete',
    pipeline: 'text-generation', inputs: 'the fox', bare: { prompt: 'the fox', tokens: TOKENS },
    options: { temperature: 0, max_tokens: TOKENS } };

/** What each of these took for a token, and what of it its sessions: medians. */
const eachOf = (whole, sessions) => ({
    token: median(whole), session: median(sessions),
    script: median(whole.map((time, i) => time - sessions[i])) });

/** JavaScript's share of a token at a long vocabulary. Each page times its own sessions, in the same runs. */
export async function measureVocabulary({ webinfer, bare, rounds, ms }) {
    await bare.load(work);
    await webinfer.load(work);
    const figures = { bare: [], webinfer: [] };
    for (let round = 0; round < rounds; round++) {
        const { times, sessions } = await bare.runApart(work, ms);
        figures.bare.push(eachOf(times.map((time) => time / TOKENS), sessions.map((time) => time / TOKENS)));
        const told = [];
        for (let i = 0; i < times.length; i++) told.push((await webinfer.infer(work)).result.timings);
        figures.webinfer.push(eachOf(told.map((one) => one.predicted_ms / one.predicted_n),
            told.map((one) => one.predicted_session_ms / one.predicted_n)));
    }
    const spreads = (list) => Object.fromEntries(['token', 'session', 'script']
        .map((part) => [part, spread(list.map((one) => one[part]))]));
    return { bare: spreads(figures.bare), webinfer: spreads(figures.webinfer) };
}

const words = (count, seed) =>
    Array.from({ length: count }, (_, i) => 'abcdefgh'[(i * seed + i) % 8]).join('');

/** The first token of a second turn, with what the first has left and without. */
export async function measureFirstToken({ webinfer, rounds, history }) {
    const ask = async (messages) => (await webinfer.infer({ model: 'gpt2-long', task: 'chat',
        inputs: { messages }, options: { temperature: 0, max_tokens: 1 } })).result;
    await ask([{ role: 'user', content: 'Hello!' }]); // loads the model
    const cold = [], warm = [];
    let cached = 0;
    for (let round = 0; round < rounds; round++) {
        const first = { role: 'user', content: `${round}${words(history, round + 3)}` };
        const one = await ask([first]);
        cold.push(one.timings.prompt_ms);
        const two = await ask([first, { role: 'assistant', content: one.text },
            { role: 'user', content: 'and then?' }]);
        warm.push(two.timings.prompt_ms);
        cached = two.usage.cached_tokens;
        process.stderr.write('.');
    }
    return { history, cached, cold: spread(cold), warm: spread(warm),
        faster: spread(cold.map((time, round) => time / warm[round])) };
}

const rowOf = (name, { token, session, script }) => [name, ...[token, session, script].map(shown)];

export const printGeneration = ({ vocabulary, first }) =>
    (vocabulary ? table(`${work.family}: ms for a token`,
        ['by', 'in all', 'in sessions', 'in JavaScript'],
        [rowOf('bare page', vocabulary.bare), rowOf('webinfer', vocabulary.webinfer)]) : '') +
    (first ? table('The first token of a second turn, ms',
        ['tokens before', 'of them cached', 'without a cache', 'with one', 'faster'],
        first.map((one) => [one.history, one.cached, shown(one.cold), shown(one.warm), one.faster.median])) : '');

export function generationGoals({ vocabulary, first }, goal) {
    if (vocabulary)
        goal('ms of JavaScript for a token of 50,257', vocabulary.webinfer.script.median, 0.5);
    for (const { history, faster } of first ?? [])
        goal(`first token after ${history} with a cache, faster`, faster.median, 5, true);
}
