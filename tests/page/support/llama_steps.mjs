/** Prompts that are read in steps of different sizes, against native llama.cpp. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { NativeLlama } from '../../lib/native-llama.mjs';
import { ggufBytes } from './gguf.mjs';
import { wellDone } from './parts.mjs';

/** What a cancel may wait for at most, by page/src/engine/prompt_chunk.js. */
const STEP_MS = 300;
const PROMPT = 'the dog saw a house of stone beside the old mill '.repeat(15);
const ANSWER = 5;

/** Script text for a worker of llama.cpp: the service hears how far each step has read. */
export const TELLS_STEPS = `{
    const { parse } = JSON;
    JSON.parse = (...given) => {
        const data = parse(...given);
        if (data?.prompt_progress) fetch('/read-' + data.prompt_progress.processed).catch(() => {});
        return data;
    };
}`;

/** The prompt's tokens, and what native llama.cpp writes behind them. @param {Buffer} bytes of a model */
async function judged(bytes) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-steps-')), file = path.join(folder, 'model.gguf');
    fs.writeFileSync(file, bytes);
    const native = await NativeLlama.open(file, 2048);
    try {
        const ids = native.prompt(PROMPT);
        return { count: ids.length, tokens: await native.greedy(ids, ANSWER, 0) };
    } finally {
        await native.close();
        fs.rmSync(folder, { recursive: true });
    }
}

/** As many steps as the service has heard of. */
const stepsOf = (service, since) => {
    const read = service.served.slice(since).flatMap((name) => /^\/read-(\d+)$/.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
    return read.map((tokens, at) => tokens - (read[at - 1] ?? 0)).filter(Boolean);
};

/**
 * Has a prompt read in steps of each size, whose answers are all native llama.cpp's.
 * @param {any} node opened with TELLS_STEPS @param {number[]} sizes @param {number} tolerance of log-probabilities, in nats
 * @param {object} [more] of each task
 */
export async function readsInSteps({ service }, sizes, tolerance, more = {}) {
    const bytes = ggufBytes({ embd: 32, layers: 1 }), { count, tokens } = await judged(bytes);
    assert.ok(count > Math.max(...sizes) && tokens.length === ANSWER);
    for (const size of sizes) {
        const model = service.addGguf(`random-${size}`, { 'random.gguf': bytes }), since = service.served.length;
        const { result } = wellDone(await service.run(model, [], { task: 'complete', input: { prompt: PROMPT }, prompt_ms: STEP_MS / size,
            options: { temperature: 0, max_tokens: ANSWER, logprobs: true, deterministic: true }, ...more }));
        assert.deepEqual(result.tokens, tokens.map(({ id }) => id), `in steps of ${size}`);
        for (const [at, { logprob }] of result.logprobs.entries()) {
            assert.ok(Math.abs(logprob - tokens[at].logprob) < tolerance, `in steps of ${size}: ${logprob} and ${tokens[at].logprob}`);
        }
        await service.until(() => stepsOf(service, since).reduce((sum, one) => sum + one, 0) === count, `what steps of ${size} have read`);
        const steps = stepsOf(service, since);
        assert.equal(Math.max(...steps), size, `${steps}`);
        assert.ok(steps.length <= Math.ceil(count / size) + 2, `${steps}`);
    }
}
