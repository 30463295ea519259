/** What reading only parts of outputs must do in every browser with WebGPU: vectors of texts, and words for gaps. */
import assert from 'node:assert/strict';
import { Oracle } from '../../lib/oracle.mjs';
import { makeFamilies } from '../../lib/families.mjs';
import { disc } from '../../lib/media.mjs';
import { counting, countsOf } from './gpu_counts.mjs';
import { filesIn } from './library.mjs';
import { wellDone } from './parts.mjs';

const families = makeFamilies();
const WIDTH = 32;
/** Of different lengths. */
const TEXTS = Array.from({ length: 12 }, (_, at) => 'the fox sees the dog in the forest '.repeat(1 + at % 4).trim());
/** How far numbers may be from the oracle's. */
const NEAR = 1e-4;
const near = (are, should, what) => {
    assert.equal(are.length, should.length, what);
    are.forEach((one, at) => assert.ok(Math.abs(one - should[at]) <= NEAR, `${what}: number ${at} is ${one}, not ${should[at]}`));
};
const floats = (bytes) => [...new Float32Array(bytes.slice().buffer)];

/** What a task's answer is, and the bytes that were read for it. */
async function counted({ service, tab }, model, asked, files = []) {
    const read = async () => (await countsOf(tab)).steps.at(-1)?.read ?? 0, before = await read();
    const { bytes, ...message } = await service.run(model, files, { platforms: ['webgpu'], deadline_ms: 120_000, ...asked });
    return { ...wellDone(message), bytes, read: await read() - before };
}

/** @param {(name: string, run: (node: any) => Promise<void>, options?: object) => void} nodeTest */
export function partsTest(nodeTest) {
    nodeTest('a vector for each text comes from the GPU, and all for the guard', async (node) => {
        const oracle = new Oracle(families);
        try {
            // What else is mapped at the start is left out.
            await counted(node, node.service.addFolder('first', filesIn(`${families}/bert`)), { task: 'embed', input: { texts: TEXTS }, options: {} });
            for (const [name, options] of [['bert', {}], ['bert', { normalize: false }], ['bert', { pooling: 'cls' }], ['bert-cls', {}], ['roberta', {}]]) {
                const model = node.service.addFolder(name, filesIn(`${families}/${name}`)), what = `${name} ${JSON.stringify(options)}`;
                const asked = { task: 'embed', input: { texts: TEXTS }, options };
                const { bytes: [made], read } = await counted(node, model, asked);
                const used = { pooling: name === 'bert-cls' ? 'cls' : 'mean', ...options };
                for (const [at, text] of TEXTS.entries()) {
                    const { tensors: { embeddings } } = await oracle.answer(name, 'embed', { texts: [text] }, used);
                    near(floats(made).slice(at * WIDTH, (at + 1) * WIDTH), embeddings.values, `${what}: text ${at}`);
                }
                assert.equal(read, 4 * WIDTH * TEXTS.length, what);
                const { data } = await node.service.run(model, [], { ...asked, platforms: ['webgpu'], raw: true });
                assert.deepEqual(data.tensors.map(({ name: tensor, shape }) => [tensor, shape[0], shape[2]]), [['model/last_hidden_state', TEXTS.length, WIDTH]], what);
            }
            await smallOnes(node);
            await ofPictures(node, oracle);
            await wordsForGaps(node, oracle);
            await manyAtOnce(node);
        } finally {
            await oracle.close();
        }
    }, { alter: counting });
}

/** A short text is read whole, and what each token is, too. */
async function smallOnes(node) {
    const model = node.service.addFolder('bert', filesIn(`${families}/bert`));
    const each = await counted(node, model, { task: 'embed', input: { texts: ['the fox'] }, options: { pooling: 'none' } });
    assert.equal(each.read, each.bytes[0].length);
    const one = await counted(node, model, { task: 'embed', input: { texts: ['the fox'] }, options: { normalize: false } });
    const tokens = floats(each.bytes[0]), count = tokens.length / WIDTH;
    near(floats(one.bytes[0]), Array.from({ length: WIDTH }, (_, at) =>
        tokens.filter((_, place) => place % WIDTH === at).reduce((sum, value) => sum + value, 0) / count), 'a short text');
    assert.equal(one.read, each.read);
}

/** The likeliest of many classes, and one vector of a picture. */
async function ofPictures(node, oracle) {
    const picture = disc(), file = { name: 'image', datatype: 'UINT8', bytes: picture.bytes, shape: [picture.bytes.length] };
    const look = async (name, task, options = {}) => {
        const model = node.service.addFolder(name, filesIn(`${families}/${name}`));
        return counted(node, model, { task, input: { image: { tensor: 0, media_type: 'image/png' } }, options }, [file]);
    };
    for (const top of [1, 5, 40]) {
        const { result: { labels }, read } = await look('vit-many', 'image-classification', { top });
        const { result: { labels: expected } } = await oracle.answer('vit-many', 'image-classification', { picture }, { top });
        assert.deepEqual(labels.map(({ label }) => label), expected.map(({ label }) => label));
        near(labels.map(({ probability }) => probability), expected.map(({ probability }) => probability), 'classes');
        assert.ok(read < 4000, `${read} bytes`);
    }
    const { bytes: [vector], read } = await look('vit-features', 'image-feature-extraction');
    const { tensors: { embeddings } } = await oracle.answer('vit-features', 'image-feature-extraction', { picture });
    near(floats(vector), embeddings.values.slice(0, WIDTH), 'a vector');
    assert.equal(read, 4 * WIDTH);
}

/** Only the rows of gaps are read. */
async function wordsForGaps(node, oracle) {
    const model = node.service.addFolder('bert-mask', filesIn(`${families}/bert-mask`)), text = 'the fox sees the [MASK] in the forest';
    const { result, read } = await counted(node, model, { task: 'fill-mask', input: { texts: [text] }, options: { top: 3 } });
    const { result: expected } = await oracle.answer('bert-mask', 'fill-mask', { texts: [text] }, { top: 3 });
    assert.deepEqual(result.fills.map(({ token }) => token), expected.fills.slice(0, 3).map(({ token }) => token));
    near(result.fills.map(({ probability }) => probability), expected.fills.slice(0, 3).map(({ probability }) => probability), 'gaps');
    const { vocab_size: vocabulary } = JSON.parse(Buffer.from(filesIn(`${families}/bert-mask`)['config.json']));
    assert.equal(read, 4 * vocabulary);
    const { result: two } = await counted(node, model, { task: 'fill-mask', input: { texts: [text, `${text} the [MASK]`] }, options: { top: 2 } });
    assert.deepEqual([two.results[0].fills.length, two.results[1].masks.map(({ length }) => length)], [2, [2, 2]]);
    assert.deepEqual(two.results[0].fills.map(({ token }) => token), result.fills.slice(0, 2).map(({ token }) => token));
    near(two.results[0].fills.map(({ probability }) => probability), result.fills.slice(0, 2).map(({ probability }) => probability), 'gaps of two texts');
}

/** Twelve at once are answered as one by one, and after a cancel. */
async function manyAtOnce({ service }) {
    const model = service.addFolder('bert', filesIn(`${families}/bert`));
    const asked = TEXTS.map((_, at) => ({ task: 'embed', input: { texts: TEXTS.slice(at) }, options: {}, platforms: ['webgpu'], deadline_ms: 120_000 }));
    const vectorsOf = ({ bytes, ...message }) => wellDone(message) && floats(bytes[0]);
    const alone = [];
    for (const one of asked) alone.push(vectorsOf(await service.run(model, [], one)));
    const attempts = asked.map((one) => service.request(model, [], one));
    service.send('task_cancel', { attempt_id: service.request(model, [], asked[0]) });
    for (const [at, attempt] of attempts.entries()) assert.deepEqual(vectorsOf(await service.answer(attempt)), alone[at]);
}
