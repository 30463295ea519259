/** What of a token is JavaScript, and what a cache of a conversation's beginning saves. */
import { median, shown, spread, table } from '../figures.mjs';
import { TOKENS } from './work.mjs';

const work = { family: 'GPT-2, 50,257 tokens', model: 'gpt2-wide', task: 'complete',
    pipeline: 'text-generation', inputs: 'the fox', bare: { prompt: 'the fox', tokens: TOKENS },
    options: { temperature: 0, max_tokens: TOKENS } };

/**
 * JavaScript's share of a token at a long vocabulary. Sessions take as long in both pages, and are
 * timed in the bare one.
 */
export async function measureVocabulary({ webinfer, bare, rounds, ms }) {
    await bare.load(work);
    await webinfer.load(work);
    const figures = { bare: [], webinfer: [], session: [] };
    for (let round = 0; round < rounds; round++) {
        const { times, sessions } = await bare.runApart(work, ms);
        const each = [];
        for (let i = 0; i < times.length; i++) {
            const { result } = await webinfer.infer(work);
            const { predicted_ms: took, predicted_n: count } = result.timings;
            each.push(took / count);
        }
        const session = median(sessions) / TOKENS;
        figures.session.push(session);
        figures.bare.push(median(times) / TOKENS - session);
        figures.webinfer.push(median(each) - session);
    }
    return Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, spread(list)]));
}

const words = (count, seed) =>
    Array.from({ length: count }, (_, i) => 'abcdefgh'[(i * seed + i) % 8]).join('');

/** The first token of a second turn, with what the first has left and without. */
export async function measureFirstToken({ webinfer, rounds, history }) {
    const ask = async (messages) => (await webinfer.infer({ model: 'gpt2', task: 'chat',
        inputs: { messages }, options: { temperature: 0, max_tokens: 1 } })).result;
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
    }
    return { history, cached, cold: spread(cold), warm: spread(warm),
        faster: spread(cold.map((time, round) => time / warm[round])) };
}

export const printGeneration = ({ vocabulary, first }) =>
    (vocabulary ? table(`${work.family}: ms of JavaScript for a token (a session takes ` +
        `${shown(vocabulary.session)})`, ['bare page', 'webinfer'],
    [[shown(vocabulary.bare), shown(vocabulary.webinfer)]]) : '') +
    (first ? table(`First token after ${first.history} tokens, ms (${first.cached} of a cache)`,
        ['without a cache', 'with one', 'faster'],
        [[shown(first.cold), shown(first.warm), first.faster.median]]) : '');

export function generationGoals({ vocabulary, first }, goal) {
    if (vocabulary)
        goal('ms of JavaScript for a token of 50,257', vocabulary.webinfer.median, 0.5);
    if (first)
        goal('first token with a cache, faster', first.faster.median, 5, true);
}
