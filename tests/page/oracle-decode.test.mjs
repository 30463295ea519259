// tier: quick
/** Our decoders, scaler and refusals of cut files against Pillow: what tests/oracles/decode.py has written down. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readPixels } from '../../page/src/engine/pictures/decode.js';
import { fitted } from '../../page/src/engine/pictures/fit.js';
import { resample } from '../../page/src/pipeline/image/resample.js';
import { root } from '../lib/paths.mjs';

const { oracle, cases, cuts, fits, nearest } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/decode.json'), 'utf8'));
const REFUSED = { code: 'picture_invalid', field: 'inputs.image' };
const bytesOf = (base64) => new Uint8Array(Buffer.from(base64, 'base64'));
const shown = ({ width, height, data }) => ({ width, height, rgb: Buffer.from(data).toString('base64') });

/** Node has no codec: what gets as far has passed our own checks. */
const CODEC = /the browser's codec refuses/;

for (const { name, file, refused, exception, exact, width, height, rgb } of cases) {
    test(`${name}, as ${oracle.program}`, async () => {
        const read = readPixels(bytesOf(file));
        if (refused || exception) return assert.rejects(read, (error) => error.code === REFUSED.code && !CODEC.test(error.message));
        if (!exact) return assert.rejects(read, { ...REFUSED, message: CODEC });
        assert.deepEqual(shown(await read), { width, height, rgb });
    });
}

for (const { name, file, taken } of cuts) {
    test(`${name}: the beginnings of the file that are taken, as ${oracle.program}`, async () => {
        const bytes = bytesOf(file), ours = [];
        for (let length = 0; length <= bytes.length; length++) {
            const error = await readPixels(bytes.slice(0, length)).then(() => null, (why) => why);
            if (error) assert.equal(error.code, REFUSED.code, error.stack);
            if (!error || CODEC.test(error.message)) ours.push(length);
        }
        assert.deepEqual(ours, taken);
    });
}

for (const { width, height, rgb, targets } of fits) {
    for (const target of targets) {
        test(`${width} × ${height} pixels ${target.fit} to ${target.width} × ${target.height}, as ${oracle.program}`, () => {
            const made = fitted({ data: Uint8ClampedArray.from(bytesOf(rgb)), width, height, channels: 3 }, { input: 'x', ...target });
            assert.equal(Buffer.from(made).toString('base64'), target.rgb);
        });
    }
}

test(`nearest takes the pixels that ${oracle.program} takes, also where two are as near`, () => {
    for (const { from, to, kept } of nearest) {
        const row = { data: Uint8Array.from({ length: from }, (_, i) => i), width: from, height: 1, channels: 1 };
        assert.deepEqual([...resample(row, to, 1, 'nearest')], kept, `${from} to ${to}`);
        assert.deepEqual([...resample({ ...row, width: 1, height: from }, 1, to, 'nearest')], kept, `${from} to ${to}, upright`);
    }
});

test('a picture so narrow that scaling its rows alone would take too much is refused', () => {
    const thin = { data: new Uint8ClampedArray(0), width: 1, height: 1 << 20, channels: 3 };
    assert.throws(() => fitted(thin, { input: 'x', width: 224, height: 224 }), { code: 'picture_too_large', field: 'inputs.image' });
});

/** Numbers that are the same each time. @param {number} seed */
function drawing(seed) {
    let state = seed;
    return (/** @type {number} */ below) => {
        state = Math.imul(state, 1664525) + 1013904223 >>> 0;
        return Math.floor(state / 2 ** 32 * below);
    };
}

test('files that are changed anywhere are decoded or refused, and nothing else', async () => {
    const draw = drawing(51);
    const files = cases.filter(({ refused, exception }) => !refused && !exception).map(({ file }) => bytesOf(file));
    for (let round = 0; round < 4000; round++) {
        const file = files[draw(files.length)].slice();
        for (let times = draw(6); times >= 0; times--) file[draw(file.length)] = draw(256);
        const bytes = file.subarray(0, draw(4) ? file.length : draw(file.length));
        const error = await readPixels(bytes).then(() => null, (why) => why);
        if (error) assert.match(String(error.code), /^picture_(?:invalid|too_large)$/, error.stack);
    }
});

test('a small file that claims many pixels costs nothing', async () => {
    const huge = cases.find(({ name }) => name === 'PNG of colour type 6, 16 bits');
    const bytes = Buffer.from(huge.file, 'base64');
    bytes.writeUInt32BE(8192, 16);
    bytes.writeUInt32BE(8192, 20);
    const { checksum } = await import('../../page/src/engine/pictures/crc.js');
    bytes.writeUInt32BE(checksum([bytes.subarray(12, 29)]), 29);
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(readPixels(new Uint8Array(bytes)), { ...REFUSED, message: /ends before the last pixel/ });
    assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 24);
});
