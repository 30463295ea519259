// tier: quick
/** Sound against numpy and sox: what tests/oracles/sound.py has written down of features, files and rates. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { decodeSound } from '../../page/src/pipeline/sound/decode.js';
import { extractorOf } from '../../page/src/pipeline/sound/features.js';
import { resample } from '../../page/src/pipeline/sound/resample.js';
import { interleaved } from '../../page/src/pipeline/sound/source.js';
import { root } from '../lib/paths.mjs';

const casesOf = (name) => JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/sound', `${name}.json`), 'utf8'));

/** As sound() in tests/oracles/sound.py. */
function made(kind, count, rate) {
    if (kind === 'silence') return new Float32Array(count);
    if (kind === 'noise') {
        let state = 1;
        return Float32Array.from({ length: count }, () => {
            state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
            return (state / 2 ** 30 - 1) / 4;
        });
    }
    const tones = Float64Array.from({ length: count }, (_, i) =>
        [220, 1330, 3570].reduce((sum, hertz) => sum + Math.sin(2 * Math.PI * hertz * i / rate), 0));
    if (kind === 'tones') return Float32Array.from(tones, (value) => value / 5);
    return Float32Array.from(tones, (value, i) => (i < Math.floor(count / 2) ? value / 3 : value / 3000 + 0.1));
}

const features = casesOf('features');
for (const { rule, kind, count, settings, outputs } of features.cases) {
    test(`${kind}, ${count} samples, ${JSON.stringify(settings)}: as ${rule}`, () => {
        const extractor = extractorOf(settings);
        const inputs = extractor.features(made(kind, count, extractor.rate));
        for (const [name, { shape, step, values }] of Object.entries(outputs)) {
            assert.deepEqual(inputs[name].dims, shape);
            for (const [i, value] of values.entries()) {
                const ours = Number(inputs[name].data[i * step]);
                assert.ok(Math.abs(ours - value) < 5e-4, `${name} ${i * step}: ${ours}, right is ${value}`);
            }
        }
    });
}

const idle = { signal: new AbortController().signal, step: async () => {} };
const files = casesOf('files');
for (const { name, file, values } of files.cases) {
    test(`a WAV file, ${name}: as ${files.oracle.program}`, async () => {
        const samples = await decodeSound(new Uint8Array(Buffer.from(file, 'base64')), {}, 16000, idle);
        assert.equal(samples.length, values.length);
        for (const [i, value] of values.entries()) assert.ok(Math.abs(samples[i] - value) < 1e-7, `${i}: ${samples[i]}, right is ${value}`);
    });
}

const rates = casesOf('rates');
for (const { rate, kind, count, first, values } of rates.cases) {
    test(`${rate} samples a second at 16000: as ${rates.oracle.program}`, async () => {
        const given = made(kind, count, rate);
        const samples = await resample(interleaved(new Uint8Array(given.buffer), 'f32', 1, rate), 16000, idle.step);
        for (const [i, value] of values.entries()) assert.ok(Math.abs(samples[first + i] - value) < 2e-4, `${i}: ${samples[first + i]}, right is ${value}`);
    });
}
