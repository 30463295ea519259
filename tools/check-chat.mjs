// Runs models/finch under native llama.cpp (node-llama-cpp): whether it splits text as the trainer
// does, whether Jinja renders its template as the trainer does, and how many of 200 held-out
// dialogues it gets right. A dialogue is right if every answer is, letter for letter: each of its
// tokens is the most probable one after what is before it, which is what greedy decoding takes.
//
//     cd tools && npm ci --ignore-scripts
//     npm i --no-save --ignore-scripts node-llama-cpp@3.22.1 && node check-chat.mjs

import { Template } from '@huggingface/jinja';
import { LlamaLogLevel, getLlama } from 'node-llama-cpp';
import { fileURLToPath } from 'node:url';
import { drawDialogue, heldOutSums } from './chat/dialogues.mjs';
import { answerText, renderDialogue } from './chat/template.mjs';
import { FIRST, makeEncoder } from './chat/tokenizer.mjs';
import { makeRandom } from './digits/random.mjs';

const DIALOGUES = 200;
const MOST_TURNS = 5;
const RIGHT_NEEDED = 0.95;
const MARGIN = 0.5; // nat
const folder = fileURLToPath(new URL('../models/finch/', import.meta.url));

/** What an answer shows. @type {[string, RegExp][]} */
const SKILLS = [
    ['adds', /^\d+ \+/], ['remembers the name', /^Your name is/],
    ['knows no name', /^You have not/],
    ['takes the name', /^Nice/], ['calls get_time', /^<tool_call>/], ['says the time', /^It is \d/],
    ['cannot tell the time', /^I cannot tell/], ['greets', /^Hello/], ['its own name', /^My name/],
    ['tells the story', /^A finch/], ['refuses', /^Sorry/], ['others', /^/],
];

/** @typedef {import('./chat/dialogues.mjs').Dialogue} Dialogue */
/** @typedef {{text: string, got: string, right: boolean, margins: number[]}} Answer */

/** @param {string} what @param {any} got @param {any} wanted */
function same(what, got, wanted) {
    if (JSON.stringify(got) !== JSON.stringify(wanted))
        throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

/**
 * What the model says in place of each answer, given the right ones before it.
 * @param {any} model
 * @param {any} sequence
 * @param {Dialogue} dialogue
 */
async function ask(model, sequence, dialogue) {
    const encode = makeEncoder(model.fileInfo.metadata.tokenizer.ggml);
    const template = new Template(model.fileInfo.metadata.tokenizer.chat_template);
    const parts = renderDialogue(dialogue), text = parts.map((part) => part.text).join('');
    const tokens = [FIRST, ...encode(text)];
    same('template', template.render(dialogue), text);
    same('tokens', [...model.tokenize(text, true)], tokens.slice(1));
    const pieces = parts.map((part) => ({ ...part, ids: encode(part.text) }));
    same('tokens of the parts', pieces.flatMap(({ ids }) => ids), tokens.slice(1));

    await sequence.clearHistory();
    const wanted = pieces.flatMap(({ ids, learned }) => ids.map(() => learned));
    const top = { generateNext: { logits: { filter: { tokens: [], includeTop: 2 } } } };
    const out = await sequence.controlledEvaluate(
        tokens.map((token, i) => wanted[i] ? [token, top] : token));
    /** @type {Answer[]} */
    const answers = [];
    let place = 0;
    for (const { ids, learned, text: said } of pieces) {
        const tops = ids.map((_, i) => learned ? [...out[place + i].next.logits] : []);
        place += ids.length;
        if (learned)
            answers.push({
                text: said, got: model.detokenize(tops.map(([[id]]) => id), true),
                right: tops.every(([[id]], i) => id === ids[i]),
                margins: tops.map(([[, first], [, second]]) => first - second),
            });
    }
    same('answers', answers.map((one) => one.text.replace('<|im_end|>', '')),
        dialogue.messages.filter(({ role }) => role === 'assistant').map(answerText));
    return answers;
}

/** @param {number} part @param {number} whole */
const percent = (part, whole) => `${(100 * part / whole).toFixed(1)} % of ${whole}`;

/** @param {Answer[]} answers */
function sayBySkill(answers) {
    for (const [skill, sign] of SKILLS) {
        const of = answers
            .filter(({ text }) => SKILLS.find(([, one]) => one.test(text))?.[1] === sign);
        console.log(`    ${skill}: ${percent(of.filter(({ right }) => right).length, of.length)}`);
    }
}

/** @param {any} llama @param {string} name */
async function check(llama, name) {
    const model = await llama.loadModel({ modelPath: folder + name });
    const context = await model.createContext({
        contextSize: 1024, threads: 1, flashAttention: false,
    });
    const sequence = context.getSequence(), random = makeRandom(4);
    const dialogues = [];
    for (let i = 0; i < DIALOGUES; i++)
        dialogues.push(await ask(model, sequence, drawDialogue(random, 'test', MOST_TURNS)));
    const right = dialogues.filter((answers) => answers.every((one) => one.right));
    const margins = right.flat().flatMap((one) => one.margins);
    const wide = margins.filter((margin) => margin >= MARGIN).length;
    console.log(`${name}: ${percent(right.length, DIALOGUES)} held-out dialogues are right`);
    sayBySkill(dialogues.flat());
    console.log(`    margin of at least ${MARGIN} nat: ${percent(wide, margins.length)} tokens ` +
        'of right answers');
    for (const { text, got } of dialogues.flat().filter((one) => !one.right))
        console.log(`    wrong: ${JSON.stringify(got)} for ${JSON.stringify(text)}`);
    const sums = [];
    for (const dialogue of heldOutSums())
        sums.push(...await ask(model, sequence, dialogue));
    const rightSums = sums.filter((one) => one.right).length;
    console.log(`    all held-out sums: ${percent(rightSums, sums.length)}`);
    await context.dispose();
    await model.dispose();
    return right.length / DIALOGUES;
}

const llama = await getLlama({
    build: 'never', gpu: false, maxThreads: 1, logLevel: LlamaLogLevel.error,
});
for (const name of ['finch-F32.gguf', 'finch-Q8_0.gguf'])
    if (!(await check(llama, name) >= RIGHT_NEEDED)) {
        console.error(`fewer than ${100 * RIGHT_NEEDED} %`);
        process.exitCode = 1;
    }
await llama.dispose();
