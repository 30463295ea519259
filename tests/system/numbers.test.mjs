// tier: full
/**
 * An independent check of numbers: the sample model through webinfer against onnxruntime-node, for
 * tensors and for a picture whose preparation is done here a second time.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test as plainTest } from 'node:test';
import * as ort from 'onnxruntime-node';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { hasDigits as there, ownModels, skipDigits } from '../lib/paths.mjs';
import { png } from '../lib/picture.mjs';

const folder = path.join(ownModels, 'digits');
/** @type {Daemon} */
let daemon;
/** @type {ort.InferenceSession} */
let session;
let spec;
const test = testsOf(() => daemon);
if (!there) plainTest('the digits model', { skip: skipDigits }, () => {});

before(async () => {
    if (!there) return;
    spec = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
    session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'));
    daemon = await new Daemon({ models: ['digits'] }).start();
});
after(() => daemon?.stop());

/** The same numbers on every run: xorshift, as text in the test rather than from a library. */
function* noise(seed) {
    for (let state = seed; ;) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        yield (state >>> 0) / 2 ** 32;
    }
}

async function reference(shape, values) {
    const [input] = session.inputNames;
    const outputs = await session.run({ [input]: new ort.Tensor('float32', values, shape) });
    return outputs[spec.result?.output ?? session.outputNames[0]].data;
}

function assertClose(got, wanted) {
    const largest = Math.max(...wanted.map(Math.abs));
    wanted.forEach((want, index) => assert.ok(
        Math.abs(got[index] - want) <= Math.max(1e-6, 1e-3 * Math.abs(want) + 1e-4 * largest),
        `output ${index}: ${got[index]}, elsewhere ${want}`));
}

for (const platform of there ? ['wasm', 'webgpu'] : [])
    test(`tensors on ${platform} give what onnxruntime-node gives`, async () => {
        const { picture } = spec;
        const dims = picture.layout === 'NHWC'
            ? [1, picture.height, picture.width, picture.channels]
            : [1, picture.channels, picture.height, picture.width];
        for (let seed = 1; seed <= 10; seed++) {
            const random = noise(seed);
            const values = Float32Array.from({ length: kserve.count(dims) },
                () => random.next().value);
            const answer = await daemon.answer({ model_name: 'digits', platform, fallback: false }, [
                { name: session.inputNames[0], datatype: 'FP32', shape: dims,
                    bytes: Buffer.from(values.buffer) }]);
            assert.equal(answer.executed_on.platform, platform);
            assertClose(answer.outputs[0].values, [...await reference(dims, values)]);
        }
    });

if (there)
    test('a picture is prepared as model.json says', async () => {
        const { picture, result, labels } = spec;
        const { width, height, channels } = picture;
        const grey = (x, y) => (x > width / 2 && x < width / 2 + 4 && y > 4 && y < height - 4)
            ? 10 + y : 250 - x;
        const image = png(width, height, grey).toString('base64');
        const answer = await daemon.answer({ model_name: 'digits', inputs: { image } });

        const values = new Float32Array(width * height * channels);
        for (let channel = 0; channel < channels; channel++)
            for (let y = 0; y < height; y++)
                for (let x = 0; x < width; x++) {
                    const pixel = picture.invert ? 255 - grey(x, y) : grey(x, y);
                    const at = picture.layout === 'NHWC' ? (y * width + x) * channels + channel
                        : (channel * height + y) * width + x;
                    values[at] = (pixel * (picture.scale ?? 1) - (picture.mean?.[channel] ?? 0)) /
                        (picture.std?.[channel] ?? 1);
                }
        const dims = picture.layout === 'NHWC' ? [1, height, width, channels]
            : [1, channels, height, width];
        const raw = [...await reference(dims, values)];
        const exponents = raw.map((value) => Math.exp(value - Math.max(...raw)));
        const sum = exponents.reduce((one, other) => one + other, 0);
        const expected = (result.activation === 'softmax' ? exponents.map((one) => one / sum) : raw)
            .map((probability, index) => ({ label: labels[index], index, probability }))
            .sort((a, b) => b.probability - a.probability).slice(0, result.top);
        assert.deepEqual(answer.result.labels.map(({ index }) => index),
            expected.map(({ index }) => index));
        answer.result.labels.forEach(({ label, probability }, rank) => {
            assert.equal(label, expected[rank].label);
            assert.ok(Math.abs(probability - expected[rank].probability) < 1e-3,
                `${label}: ${probability}, elsewhere ${expected[rank].probability}`);
        });
    });
