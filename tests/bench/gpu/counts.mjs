/**
 * Counts that are the same on any adapter, as docs/gpu.md has them: what one run of a model asks of WebGPU, by bare
 * onnxruntime-web and by webinfer, and how much of a folder's outputs is read.
 */
import { assembleModels } from '../../lib/daemon.mjs';
import { putFamilies } from '../../lib/families.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import { wanted } from './capture.mjs';
import { countIn, takeCounts, takeCountsBy } from './counting.mjs';
import { countRun } from './models.mjs';
import { withTab } from './tab.mjs';

/** Cases with all nodes on the GPU, and then those of which a part is on the CPU. */
export const COUNTED = !sharedModels ? [] : ['op_batchnorm_example', 'op_add', 'vision_mnist_ms_digit7', 'audio_dtln_model1', 'text_embed_generated_h64_l2',
    'text_encoder_vespa_dummy', 'text_gen_tiny_gpt2_prefill'];
/** What is shown of a run's counts. */
const ASKED = { 'buffers made': 'buffers', mappings: 'maps', submissions: 'submits', dispatches: 'dispatches' };
/** Each run is counted after one that loads and compiles, and one that makes the buffers that later runs use. */
const UNCOUNTED_RUNS = 2;
const FLOAT = 4, WORDS = 50_264, WIDTH = 32, GAP_WORDS = 99;
const PROMPT_TOKENS = 56, TEXTS = 12;
/** Of 8, 16, 24 and 32 words, and so of 34 tokens at most. */
const texts = Array.from({ length: TEXTS }, (_, at) => 'the fox sees the dog in the forest '.repeat(1 + at % 4).trim());
const PADDED = 34, GAPPED = 'the fox sees the [MASK] in the forest', GAPPED_TOKENS = 10;

/** A request whose counts are looked at; `less`: one whose counts are taken off; `whole`: options with which whole outputs are
 * read; `bytes`: of the outputs. */
const write = (tokens, options) => ({ model_name: 'gpt2-wide', task: 'complete', inputs: 'b'.repeat(PROMPT_TOKENS), options: { max_tokens: tokens, deterministic: true, ...options } });
const token = (options) => ({ ask: write(2, options), less: write(1, options), whole: { logprobs: true }, bytes: WORDS * FLOAT });
const READ = {
    'a token, `temperature` 0': token({ temperature: 0 }),
    'a token, `top_k` 40': token({ temperature: 1, top_k: 40, seed: 1 }),
    'a token, `top_p` 0.8': token({ temperature: 1, top_p: 0.8, seed: 1 }),
    [`a prompt of ${PROMPT_TOKENS} tokens`]: { ask: write(1, { temperature: 0 }), whole: { logprobs: true }, bytes: PROMPT_TOKENS * WORDS * FLOAT },
    [`the embeddings of ${TEXTS} texts`]: { ask: { model_name: 'bert', precision: 'fp32', task: 'embed', inputs: texts, options: {} }, bytes: TEXTS * PADDED * WIDTH * FLOAT },
    [`a gap of \`fill-mask\`, with ${GAP_WORDS} tokens in the vocabulary`]: {
        ask: { model_name: 'bert-mask', task: 'fill-mask', inputs: GAPPED, options: {} }, bytes: GAPPED_TOKENS * GAP_WORDS * FLOAT },
};

/** By onnxruntime-web as its documentation shows it. @param {import('./ground.mjs').Ground} ground @param {string} name of a case */
const countBare = (ground, name) => withTab(ground, 'capture.html', async (tab) => {
    await countIn(tab);
    await tab.evaluated(`window.plain(${JSON.stringify(wanted(name, []))}).then((run) => { window.run = run; return 'true'; })`);
    const run = () => tab.evaluated("window.run().then(() => 'true')");
    for (let before = 0; before < UNCOUNTED_RUNS; before++) await run();
    await takeCountsBy(tab.evaluated);
    await run();
    return takeCountsBy(tab.evaluated);
});

/** What one run of a model asks for, by onnxruntime-web alone and by webinfer. @param {import('./ground.mjs').Ground} ground @param {string} name of a case */
export async function countModel(ground, name) {
    const head = { model_name: name, browser: ground.browser, platform: 'webgpu', fallback: false, timeout_ms: 60_000 };
    return { before: await countBare(ground, name), now: await countRun(await ground.counted(), head) };
}

/** Rows of a table. @param {import('./ground.mjs').Ground} ground */
async function runRows(ground) {
    const rows = [];
    assembleModels(ground.store, COUNTED);
    for (const name of COUNTED) {
        const { before, now } = await countModel(ground, name);
        rows.push([name, ...Object.values(ASKED).map((what) => `${before[what]}, ${now[what]}`)]);
        process.stderr.write('.');
    }
    return rows;
}

async function countRequest(daemon, body) {
    await takeCounts(daemon);
    const { status, text } = await daemon.infer({ platform: 'webgpu', fallback: false, timeout_ms: 120_000, ...body });
    if (status !== 200) throw new Error(text);
    return takeCounts(daemon);
}

/** What a request asks for more than the other one. */
async function countMore(daemon, { ask, less, whole = {} }, isWhole) {
    const asked = (body) => ({ ...body, options: { ...body.options, ...isWhole && whole } });
    const all = await countRequest(daemon, asked(ask)), part = less ? await countRequest(daemon, asked(less)) : { bytes_read: 0, dispatches: 0 };
    return { bytes: all.bytes_read - part.bytes_read, dispatches: all.dispatches - part.dispatches };
}

/** Likewise. @param {import('./ground.mjs').Ground} ground */
async function readRows(ground) {
    putFamilies(ground.store, ['gpt2-wide', 'bert', 'bert-mask']);
    const daemon = await ground.counted(), rows = [];
    for (const [what, one] of Object.entries(READ)) {
        await countMore(daemon, one, false); // it loads the model, and compiles
        const now = await countMore(daemon, one, false), whole = one.whole && await countMore(daemon, one, true);
        rows.push([what, one.bytes, now.bytes, whole?.dispatches ?? '–', now.dispatches]);
        process.stderr.write('.');
    }
    return rows;
}

const cell = (value) => (typeof value === 'number' ? value.toLocaleString('en') : value);
const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;

/** As docs/gpu.md has it. @param {string[]} head @param {(string | number)[][]} rows */
export const tableOf = (head, rows) => [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');

/** @param {import('./ground.mjs').Ground} ground @returns {Promise<string>} the tables */
export async function countsOf(ground) {
    const runs = await runRows(ground), read = await readRows(ground);
    return [tableOf(['model', ...Object.keys(ASKED).map((what) => `${what}: before, now`)], runs),
        tableOf(['what is computed', 'bytes of the outputs', 'bytes read', 'dispatches if they are read whole', 'dispatches'], read)].join('\n\n');
}
