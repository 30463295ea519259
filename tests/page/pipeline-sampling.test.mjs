// tier: quick
/** How tokens are chosen, and how their text is put together: the parts of generation that need no model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Detokenizer, tokenText } from '../../page/src/pipeline/detokenizer.js';
import { endTokens } from '../../page/src/pipeline/stops.js';
import { Tokenizer } from '../../page/src/pipeline/tokenizer/tokenizer.js';
import { Sampler, likelihood, randomAt } from '../../page/src/pipeline/sampling.js';
import { StopTexts } from '../../page/src/engine/stop_texts.js';

const PLAIN = { temperature: 1, topK: 0, topP: 1, minP: 0, repeat: 1, frequency: 0, presence: 0, bias: [], seed: 1 };
const logitsOf = (...probabilities) => Float32Array.from(probabilities, Math.log);
const chosen = (more, logits, tokens = [], place = 0) => new Sampler({ ...PLAIN, ...more }).choose(logits.slice(), tokens, place);
/** How often each token is drawn. */
function shares(more, logits, count = 4000) {
    const sampler = new Sampler({ ...PLAIN, ...more });
    const shares = new Array(logits.length).fill(0);
    for (let place = 0; place < count; place++) shares[sampler.choose(logits.slice(), [], place)] += 1 / count;
    return shares;
}
const near = (actual, expected, tolerance = 0.03) => actual.forEach((one, i) =>
    assert.ok(Math.abs(one - expected[i]) <= tolerance, `${actual} is not about ${expected}`));

test('the most likely token, and the first of equals, where there is no chance', () => {
    assert.equal(chosen({ temperature: 0 }, Float32Array.of(1, 3, 3, 2)), 1);
    assert.equal(chosen({ temperature: 0 }, Float32Array.of(NaN, -5, NaN)), 1);
    assert.throws(() => chosen({ temperature: 0 }, Float32Array.of(NaN, NaN)), { code: 'inference_failed' });
    assert.throws(() => chosen({ bias: [[0, -100], [1, -100]] }, Float32Array.of(1, 2)), { code: 'inference_failed' });
});

test('tokens are drawn as often as they are likely', () => {
    const logits = logitsOf(0.5, 0.3, 0.15, 0.05);
    near(shares({}, logits), [0.5, 0.3, 0.15, 0.05]);
    near(shares({ topK: 2 }, logits), [0.625, 0.375, 0, 0], 0.03);
    near(shares({ topP: 0.7 }, logits), [0.625, 0.375, 0, 0]);
    near(shares({ topP: 0.4 }, logits), [1, 0, 0, 0], 1e-9);
    near(shares({ topK: 3, topP: 0.8 }, logits), [0.625, 0.375, 0, 0]); // of what top_k has left
    near(shares({ minP: 0.25 }, logits), [0.526, 0.316, 0.158, 0]);
    near(shares({ topK: 3, minP: 0.5 }, logits), [0.625, 0.375, 0, 0]);
    near(shares({ temperature: 0.5 }, logits), [0.685, 0.247, 0.062, 0.007]);
    near(shares({ temperature: 100 }, logits), [0.25, 0.25, 0.25, 0.25]);
    near(shares({ topP: 0 }, logits), [1, 0, 0, 0], 1e-9);
});

test('biases and penalties', () => {
    const logits = Float32Array.of(2, 1.9, 1.8, -1);
    const best = (more, tokens) => chosen({ temperature: 0, ...more }, logits, tokens);
    assert.equal(best({ bias: [[3, 5], [99, 1]] }), 3);
    assert.equal(best({ bias: [[0, -100], [1, -100]] }), 2);
    assert.equal(best({ repeat: 1.5 }, [0, 1]), 2);
    assert.equal(best({ presence: 0.15 }, [0]), 1);
    assert.equal(best({ frequency: 0.15 }, [0, 1, 1, 0]), 2);
    assert.equal(best({ frequency: 0.15 }, [0, ...new Array(64).fill(3)]), 0, 'only the last 64 tokens count');
    assert.equal(best({ repeat: 0.1 }, [3]), 0, 'a factor below 1 makes what is below 0 likelier, not above others');
});

test('a seed brings the same tokens at the same places, and another one others', () => {
    const logits = new Float32Array(200);
    const row = (seed) => Array.from({ length: 20 }, (_, place) => chosen({ seed }, logits, [], place)).join();
    assert.equal(row(7), row(7));
    const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    assert.equal(new Set(seeds.map(row)).size, seeds.length);
    const many = Array.from({ length: 20000 }, (_, place) => randomAt(3, place));
    assert.ok(many.every((one) => one >= 0 && one < 1));
    const [mean, next] = [many.reduce((sum, one) => sum + one, 0), many.reduce((sum, one, i) => sum + (one - 0.5) * ((many[i + 1] ?? 0.5) - 0.5), 0)];
    assert.ok(Math.abs(mean / many.length - 0.5) < 0.01 && Math.abs(next / many.length) < 0.005);
});

test('a large vocabulary: the same tokens whether it is sorted or not', () => {
    const logits = Float32Array.from({ length: 30000 }, (_, i) => 8 * randomAt(5, i));
    const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
    const { logprob, top } = likelihood(logits, order[1], 20);
    assert.deepEqual(top.map(({ id }) => id), order.slice(0, 20));
    const sum = logits.reduce((total, one) => total + Math.exp(one), 0);
    assert.ok(Math.abs(logprob - (logits[order[1]] - Math.log(sum))) < 1e-5);
    let rest = 0.3 * sum, nucleus = 0;
    while (rest > 0) rest -= Math.exp(logits[order[nucleus++]]);
    const drawn = Array.from({ length: 500 }, (_, place) => chosen({ topP: 0.3 }, logits, [], place));
    const places = drawn.map((id) => order.indexOf(id));
    assert.ok(Math.max(...places) < nucleus + 1 && Math.max(...places) > 0.9 * nucleus, `${Math.max(...places)} of ${nucleus}`);
    assert.ok(Array.from({ length: 500 }, (_, place) => chosen({ topK: 100 }, logits, [], place)).every((id) => order.indexOf(id) < 100));
});

test('a stop ends the text wherever it is cut', () => {
    const through = (stops, ...pieces) => {
        const texts = new StopTexts(stops);
        const out = pieces.map((piece) => texts.push(piece));
        return [...out, texts.isFound ? 'stop' : texts.end()];
    };
    assert.deepEqual(through(['END'], 'a', 'bE', 'N', 'Dc', 'd'), ['a', 'b', '', '', '', 'stop']);
    assert.deepEqual(through(['END'], 'bE', 'Nx', 'EN'), ['b', 'ENx', '', 'EN']);
    assert.deepEqual(through(['\n\n', '\nUser'], 'a\n', 'Us', 'e', '\n', '\n'), ['a', '', '', '\nUse', '', 'stop']);
    assert.deepEqual(through(['bc', 'abcd'], 'xabcd'), ['x', 'stop'], 'the one that begins first');
    assert.deepEqual(through(['abcd', 'ab'], 'xabcd'), ['x', 'stop']);
    assert.deepEqual(through(['aab'], 'aaa', 'ab'), ['a', 'a', 'stop']);
    assert.deepEqual(through([], 'text'), ['text', '']);
});

/** Tokens of bytes, but for 300 (special), 301 (special) and 400 and up: words whose space is dropped at the beginning. */
const tokenizer = {
    all_special_ids: [300, 301], all_special_tokens: ['<s>', '<call>'], _tokenizerJSON: { decoder: { type: 'ByteLevel' } },
    _tokenizer: { id_to_token: (id) => ({ 10: 'Ġthe', 11: 'Ã', 300: '<s>', 12: 'é' })[id] },
    decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.flatMap((id) => {
        if (id < 256) return [id];
        return [...new TextEncoder().encode(id < 400 ? tokenizer.all_special_tokens[id - 300] : ` word${id}`)];
    }))).replace(/^ /, ''),
};
const pieces = (before, preserved, ids) => {
    const detokenizer = new Detokenizer(tokenizer, before, preserved);
    return ids.map((id) => detokenizer.push(id));
};
const bytes = (text) => [...new TextEncoder().encode(text)];

test('text comes as soon as its characters are whole', () => {
    assert.deepEqual(pieces([], [], bytes('aé€😀b')), ['a', '', 'é', '', '', '€', '', '', '', '😀', 'b']);
    assert.deepEqual(pieces([65], [], [400, 401]), [' word400', ' word401'], 'a space in front stays');
    assert.deepEqual(pieces([], [], [400, 401]), ['word400', ' word401']);
    assert.deepEqual(pieces([195], [], [169, 66]), ['', '\ufffdB'], 'a prompt that ends in the middle of a character');
    assert.deepEqual(pieces([], ['<call>'], [65, 300, 301, 66]), ['A', '', '<call>', 'B']);
    const all = bytes('Ein längerer Text, mit Ümlauten und 漢字 – 👩‍🚀.');
    assert.equal(pieces(bytes('ä'), [], all).join(''), 'Ein längerer Text, mit Ümlauten und 漢字 – 👩‍🚀.');
    assert.equal(pieces([], [], [255, 255, 255, 255, 255, 65]).join(''), '\ufffd\ufffd\ufffd\ufffd\ufffdA');
});

test('decoding a long answer costs no more per token than a short one', () => {
    let decoded = 0;
    const counting = { ...tokenizer, decode: (ids) => (decoded += ids.length, tokenizer.decode(ids)) };
    const detokenizer = new Detokenizer(counting, [], []);
    for (let i = 0; i < 1000; i++) detokenizer.push(65);
    assert.ok(decoded < 5000, `${decoded} tokens were decoded`);
    const nothing = Array.from({ length: 1000 }, () => detokenizer.push(255)).join('') + detokenizer.end();
    assert.equal(nothing, '\ufffd'.repeat(1000), 'bytes that are no characters');
    assert.ok(decoded < 60000, `${decoded} tokens were decoded`);
});

test('a token for itself, with its bytes', () => {
    const wordsOf = (tokens, decoder, specials = []) => new Tokenizer({ model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
        decoder, added_tokens: specials.map((content) => ({ id: tokens.indexOf(content), content, special: true })) });
    const level = wordsOf(['Ġthe', 'Ã', '<s>', 'é'], { type: 'ByteLevel' }, ['<s>']);
    assert.deepEqual([0, 1, 2, 3].map((id) => tokenText(level, id)), [{ token: ' the', bytes: [32, 116, 104, 101] },
        { token: '\ufffd', bytes: [195] }, { token: '<s>', bytes: bytes('<s>') }, { token: '\ufffd', bytes: [233] }]);
    const pieces = wordsOf(['▁the', '<0xE2>'], { type: 'Sequence', decoders: [{ type: 'ByteFallback' }] });
    assert.deepEqual([0, 1, 2].map((id) => tokenText(pieces, id)),
        [{ token: ' the', bytes: bytes(' the') }, { token: '\ufffd', bytes: [226] }, { token: '', bytes: [] }]);
});

test('an answer ends at the marks that files name, and at those of a template that are one added token, special or not', () => {
    const words = new Tokenizer({ model: { type: 'WordLevel', unk_token: 'a', vocab: { a: 0, '<|end|>': 1 } },
        added_tokens: [{ id: 2, content: '<|im_end|>', special: false }, { id: 3, content: '<|eot|>', special: true }] });
    const model = { _prepare_generation_config: () => ({ eos_token_id: [7, 8] }) };
    assert.deepEqual(endTokens({ words, model, tokenizer: { eos_token_id: 9 } }, ['<|im_end|>', '<|eot|>', '<|end|>', 'a', 'of none']), new Set([7, 8, 9, 2, 3]));
    assert.deepEqual(endTokens({ words: null, model, tokenizer: {} }, ['<|im_end|>']), new Set([7, 8]));
});
