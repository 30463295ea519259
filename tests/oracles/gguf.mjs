/**
 * node tests/oracles/gguf.mjs: makes tests/oracles/gguf.json anew. What llama.cpp, as node-llama-cpp builds it for this
 * processor, says of GGUF models: a prompt's tokens, what is likeliest behind it, and vectors of texts.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { getLlama } from 'node-llama-cpp';
import { renderDialogue } from '../../tools/chat/template.mjs';
import { fileOf, putModels } from '../lib/gguf-models.mjs';
import { EXACT, NativeLlama } from '../lib/native-llama.mjs';

const { version } = JSON.parse(fs.readFileSync(path.join(process.env.WEBINFER_NODE_MODULES ?? 'node_modules', 'node-llama-cpp/package.json'), 'utf8'));
const TEXTS = ['hello world', 'What is 17 + 25?', ' two  spaces\tand\nlines ', 'aé日🙂b', '<s>x</s>', 'e\u0301 ﬁ Å 👩‍👧',
    '<|im_start|>user\nhi<|im_end|>\n', '<fim-prefix>a-z[a-z]<fim-suffix>', 'a<end-of(turn)|&&--[^x]>b'];
const VECTORS = ['the cat sleeps', 'a dog runs in the garden', 'What is 17 + 25?', 'the stock market fell', 'é 日', 'a'];
const TOKENS = 20;
/** What a user says to finch: another prompt than a text. */
const SAID = ['What is 17 + 25?', 'What is 3 + 4?', 'Hello!', 'Who are you?'];

const store = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-oracle-'));
putModels(store);

/** @param {string} content */
function chatOf(content) {
    const said = renderDialogue({ messages: [{ role: 'user', content }, { role: 'assistant', content: '' }], tools: [] });
    return said.slice(0, said.findLastIndex(({ learned }) => learned)).map(({ text }) => text).join('');
}

/** @param {NativeLlama} native @param {{text: string, said?: string}} prompt */
async function answerOf(native, prompt) {
    const before = native.prompt(prompt.text);
    const made = await native.greedy(before, TOKENS);
    return {
        ...prompt, prompt_tokens: before.length,
        tokens: made.map(({ id, logprob }) => [id, Number(logprob.toFixed(6)), native.model.detokenize([id], true)]),
        answer: native.model.detokenize(made.map(({ id }) => id), false),
    };
}

/** @param {string} name */
async function writerOf(name) {
    const native = await NativeLlama.open(fileOf(store, name), 512);
    try {
        const ids = TEXTS.map((text) => ({ text, ids: native.model.tokenize(text, true), whole: native.prompt(text) }));
        const prompts = [...TEXTS.map((text) => ({ text })), ...name === 'finch' ? SAID.map((said) => ({ text: chatOf(said), said })) : []];
        const answers = [];
        for (const prompt of prompts) answers.push(await answerOf(native, prompt));
        return { tokenized: ids, answers: answers.filter(({ tokens }) => tokens.length > 0) };
    } finally {
        await native.close();
    }
}

/** @param {string} name */
async function embedderOf(name) {
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: 1 });
    const model = await llama.loadModel({ modelPath: fileOf(store, name), gpuLayers: 0, ...EXACT });
    const context = await model.createEmbeddingContext({ contextSize: 128, threads: 1 });
    const { bos, eos } = model.tokens;
    const vectors = [];
    for (const text of VECTORS) {
        const { vector } = await context.getEmbeddingFor([bos, ...model.tokenize(text), eos]);
        const length = Math.hypot(...vector);
        vectors.push({ text, tokens: model.tokenize(text).length + 2, vector: vector.map((one) => Number((one / length).toFixed(6))) });
    }
    await llama.dispose();
    return { vectors };
}

const models = {};
for (const name of ['finch', 'wide', 'random', 'level', 'hyphen', 'starts']) models[name] = await writerOf(name);
for (const name of ['nest', 'cls']) models[name] = await embedderOf(name);
fs.rmSync(store, { recursive: true });
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const oracle = { program: `llama.cpp ${llama.llamaCppRelease.release}`, by: `npm node-llama-cpp ${version}`, script: 'tests/oracles/gguf.mjs' };
const cases = Object.entries(models).flatMap(([name, one]) => Object.entries(one).map(([what, rows]) =>
    `        "${what}": [\n${rows.map((row) => `            ${JSON.stringify(row)}`).join(',\n')}\n        ]`).join(',\n').replace(/^/, `    ${JSON.stringify(name)}: {\n`).concat('\n    }'));
await llama.dispose();
fs.writeFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), 'gguf.json'),
    `{"oracle": ${JSON.stringify(oracle)}, "models": {\n${cases.join(',\n')}\n}}\n`);
