/** What writing into keys and values in place must do in every browser with WebGPU. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { makeFamilies } from '../../lib/families.mjs';
import { counting, countsOf } from './gpu_counts.mjs';
import { filesIn, loaded, outcomeOf } from './library.mjs';
import { partsOf, wellDone } from './parts.mjs';

const LAYERS = 32;
const TEXT = 'The fox sees the dog ';
const PROMPT = TEXT.repeat(5);
const READ = 85;

/** The text with another in the one place where a pattern is found. */
export function replaced(text, pattern, to) {
    assert.equal([...text.matchAll(new RegExp(pattern, 'g'))].length, 1, String(pattern));
    return text.replace(pattern, to);
}

/** The page that counts, grows where it is asked for, and has smaller steps of room, so that it is used up in the
 * middle of an answer. */
function alter(name, content) {
    if (!/^pipeline-/.test(name)) return counting(name, content);
    const growing = replaced(String(content), /(?<=\bwithRoom\((\w+),[^)]*\)\s*\{)/, 'if (globalThis.isGrowing) return $1;');
    return replaced(replaced(growing, /(?<=\bAHEAD ?= ?)1024\b/, '8'), /(?<=\bSTEP ?= ?)256\b/, '16');
}

const folder = (name) => path.join(makeFamilies(), name);
const complete = (prompt, options = {}, more = {}) => ({
    task: 'complete', input: { prompt }, options: { temperature: 1, seed: 7, max_tokens: 4, logprobs: true, ...options },
    platforms: ['webgpu'], deadline_ms: 120_000, ...more,
});
const numbersOf = ({ tokens, logprobs, usage }) => ({ tokens, logprobs: logprobs.map(({ logprob }) => logprob), cached: usage.cached_tokens });

/** What the steps of one answer cost each, from its second token on, and that second one. */
async function stepsOf({ service, tab }, isGrowing) {
    const options = { max_tokens: 4 };
    const model = service.addFolder(`deep-${isGrowing}`, filesIn(folder('llama-deep')));
    await countsOf(tab, { isGrowing });
    const { result } = wellDone(await service.run(model, [], complete(PROMPT, options)));
    const all = (await countsOf(tab, { isGrowing })).steps.slice(-options.max_tokens);
    const steps = all.slice(1).map((step, at) =>
        Object.fromEntries(Object.entries(step).map(([name, count]) => [name, count - all[at][name]])));
    return { result: numbersOf(result), second: steps[0], steps: steps.slice(1), all };
}

/** Answers of which each has to do with those before: one that uses up its room, one that goes on from it, one that
 * has little of that, the second again, and one that goes on from most of it. `again` gives the first once more. */
async function answersOf({ service, tab }, isGrowing) {
    const model = service.addFolder(`llama-${isGrowing}`, filesIn(folder('llama')));
    await countsOf(tab, { isGrowing });
    const run = async (prompt, options, more) => wellDone(await service.run(model, [], complete(prompt, options, more))).result;
    const long = { max_tokens: 14 };
    const first = await run(PROMPT, long);
    const second = `${PROMPT}${first.text}`;
    const asked = [[second], [`${TEXT}or`], [second], [`${PROMPT}and`]];
    const answers = [first];
    for (const [prompt] of asked) answers.push(await run(prompt));
    return { model, asked: [[PROMPT, long], ...asked], answers: answers.map(numbersOf), again: (more) => run(PROMPT, long, more) };
}

/** The first answer again after a cancel. A worker that does not hear of it in time is ended, and its GPU not used for
 * a minute: then this answer comes from elsewhere, and none could follow. */
async function afterCancel({ service }, { model, again }) {
    const writing = service.request(model, [], { ...complete(TEXT, { max_tokens: 2000 }), stream: true });
    await service.until(() => partsOf(service, writing).length > 3, 'some parts');
    service.send('task_cancel', { attempt_id: writing });
    return again({ platforms: ['webgpu', 'wasm'], fallback: true });
}

/** Declares the test. @param {(name: string, run: (node: any) => Promise<void>, options?: object) => void} nodeTest */
export function writesInPlaceTest(nodeTest) {
    nodeTest('after the first token no buffer is made and none is copied, and the text is the same', async (node) => {
        const growing = await stepsOf(node, true);
        const counted = JSON.stringify(growing.all);
        assert.ok(growing.all[0].made > LAYERS && growing.steps.length === 2, counted);
        for (const { own } of growing.steps) assert.equal(own, 0, counted);
        const { result, second, steps } = await stepsOf(node, false);
        assert.equal(second.own, 2 * LAYERS, 'room is made once');
        for (const [at, step] of steps.entries()) {
            const { copied, computed } = growing.steps[at];
            assert.deepEqual([step.made, step.own], [0, 0]);
            assert.equal(step.copied, copied, `logits and tokens: ${counted}`);
            assert.equal(computed - step.computed, LAYERS, `a copy in each layer is left out: ${counted}`);
        }
        assert.deepEqual(result, growing.result, 'bit for bit');
        const others = await answersOf(node, true), roomy = await answersOf(node, false);
        await answersTheSame(others, roomy);
        assert.deepEqual((await afterCancel(node, roomy)).tokens, roomy.answers[0].tokens, 'after a cancel');
    }, { alter });
}

async function answersTheSame(growing, { answers, asked }) {
    assert.deepEqual(answers, growing.answers, 'bit for bit');
    const [none, ...cached] = answers.map(({ cached: count }) => count);
    assert.equal(none, 0);
    const least = [READ, READ / 5 - 1, READ, READ - 1]; // what goes on may change how the last token is cut
    assert.ok(cached.every((count, at) => count >= least[at]), `${cached}`);
    const here = await loaded(folder('llama'));
    for (const [at, [prompt, options]] of asked.entries()) {
        const { input, options: given } = complete(prompt, options);
        const { result } = await outcomeOf(here, 'complete', input, { ...given, deterministic: true });
        assert.deepEqual(answers[at].tokens, result.tokens, `answer ${at} on WASM`);
    }
    await here.dispose();
}
