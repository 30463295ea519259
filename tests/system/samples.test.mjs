// tier: full
/**
 * The samples finch and nest in a real browser behind the daemon: the answers are those of native llama.cpp,
 * and good, by 200 dialogues that were held out of the training.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before } from 'node:test';
import { drawDialogue } from '../../tools/chat/dialogues.mjs';
import { renderDialogue } from '../../tools/chat/template.mjs';
import { makeRandom } from '../../tools/digits/random.mjs';
import { drawSentence, topics } from '../../tools/embed/sentences.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { MARGIN, NativeLlama } from '../lib/native-llama.mjs';
import { ownModels } from '../lib/paths.mjs';

/** Held out of the training: the same ones as tools/check-chat.mjs draws. */
const DIALOGUES = 200, TURNS = 5, FEW = 8;
const RIGHT_NEEDED = 0.95;
/** How far a token's logprob may be from the native one: the same weights, summed in another order. */
const LOGPROB_TOLERANCE = 1e-3;

/** @type {Daemon} */
let daemon;
/** @type {NativeLlama} */
let native;
const test = testsOf(() => daemon);

before(async () => {
    daemon = await new Daemon({ models: ['finch', 'nest'] }).start();
    native = await NativeLlama.open(path.join(ownModels, 'finch/finch-F32.gguf'), 1024);
});
after(async () => {
    await native?.close();
    await daemon.stop();
});

const random = makeRandom(4);
const dialogues = Array.from({ length: DIALOGUES }, () => drawDialogue(random, 'test', TURNS));

/** What the dialogue's assistant says, each after what is right before it. */
function* answersIn({ messages, tools }) {
    const said = renderDialogue({ messages, tools });
    const learned = [...said.keys()].filter((at) => said[at].learned);
    const places = [...messages.keys()].filter((at) => messages[at].role === 'assistant');
    for (const [index, place] of places.entries()) {
        const at = learned[index];
        yield { before: messages.slice(0, place), tools, right: messages[place],
            prompt: said.slice(0, at).map(({ text }) => text).join(''), text: said[at].text };
    }
}

/** As the API takes them, where a call has a name of its own and its arguments are text. */
const asked = (messages) => messages.map(({ tool_calls: calls, ...message }) => (calls ? { ...message,
    tool_calls: calls.map((call) => ({ ...call, id: 'call_0',
        function: { ...call.function, arguments: JSON.stringify(call.function.arguments) } })) }
    : message.role === 'tool' ? { ...message, tool_call_id: 'call_0' } : message));

async function ask({ before: messages, tools }, model = 'finch:F32', more = {}) {
    const { result } = await daemon.answer({ model_name: model, inputs: { messages: asked(messages) },
        options: { temperature: 0, ...tools.length > 0 && { tools }, ...more } });
    return result;
}

const plain = ({ content, tool_calls: calls = [] }) => ({ text: content ?? '',
    calls: calls.map(({ function: { name, arguments: given } }) => [name, given]) });
const told = ({ text, tool_calls: calls = [] }) => ({ text,
    calls: calls.map(({ function: { name, arguments: given } }) => [name, JSON.parse(given)]) });

test('finch says what native llama.cpp says, wherever that is sure of every token', async () => {
    let compared = 0;
    for (const dialogue of dialogues) {
        for (const answer of answersIn(dialogue)) {
            const steps = await native.judge(answer.prompt, answer.text);
            if (steps.some(({ margin }) => margin < MARGIN)) continue;
            assert.deepEqual(told(await ask(answer)), plain(answer.right), JSON.stringify(answer.before));
            compared++;
        }
    }
    assert.ok(compared > FEW, `${compared} answers`);
});

test('its logprobs are the native ones', async () => {
    let compared = 0;
    const without = dialogues.filter(({ tools }) => tools.length === 0).slice(0, FEW);
    for (const dialogue of without) {
        const [answer] = answersIn(dialogue);
        const steps = await native.judge(answer.prompt, answer.text);
        const { logprobs } = await ask(answer, 'finch:F32', { logprobs: true });
        for (const [at, { id, logprob }] of logprobs.entries()) {
            if (id !== steps[at]?.id) break; // where it says something else, what follows does
            assert.ok(Math.abs(logprob - steps[at].logprob) <= LOGPROB_TOLERANCE,
                `token ${at} of ${JSON.stringify(answer.right)}: ${logprob}, natively ${steps[at].logprob}`);
            compared++;
        }
    }
    assert.ok(compared > 5 * FEW, `${compared} tokens`);
});

for (const variant of ['F32', 'Q8_0']) {
    test(`at least 95 % of 200 held-out dialogues are right: ${variant}`,
        { timeout: 1_200_000 }, async () => {
            let right = 0;
            for (const dialogue of dialogues) {
                let isRight = true;
                for (const answer of answersIn(dialogue)) {
                    const got = told(await ask(answer, `finch:${variant}`));
                    isRight &&= JSON.stringify(got) === JSON.stringify(plain(answer.right));
                }
                right += isRight;
            }
            assert.ok(right >= RIGHT_NEEDED * DIALOGUES, `${right} of ${DIALOGUES}`);
        });
}

test('nest puts a sentence next to one of its own topic', async () => {
    const names = Object.keys(topics);
    const drawn = makeRandom(2);
    const sentences = Array.from({ length: 5 * names.length }, (_, i) =>
        drawSentence(drawn, 'test', i % names.length));
    const { outputs: [vectors] } = await daemon.answer(
        { model_name: 'nest', inputs: sentences.map(({ text }) => text) });
    const [, width] = vectors.shape;
    const rows = sentences.map((_, row) => [...vectors.values.slice(row * width, (row + 1) * width)]);
    const similarity = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const nearest = (of) => rows.map((one, at) => at === of ? -Infinity : similarity(one, rows[of]))
        .reduce((best, score, at, all) => (score > all[best] ? at : best), 0);
    const right = sentences.filter(({ topic }, at) => sentences[nearest(at)].topic === topic).length;
    assert.ok(right >= RIGHT_NEEDED * sentences.length, `${right} of ${sentences.length}`);
});
