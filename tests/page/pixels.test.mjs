// tier: quick
/** Scaling, cutting and writing of pictures, against Pillow and against a PNG reader. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { highestClass, labelsIn, maskOf, stretch, toBytes, toGrey } from '../../page/src/pipeline/image/planes.js';
import { writePng } from '../../page/src/pipeline/image/png.js';
import { adoptPictures, changed } from '../../page/src/pipeline/image/prepare.js';
import { METHODS, methodName, resample } from '../../page/src/pipeline/image/resample.js';
import { settingsOf } from '../../page/src/pipeline/image/settings.js';
import { planOf } from '../../page/src/pipeline/image/steps.js';
import { decodePng } from '../lib/read-media.mjs';

/** A picture without any symmetry. */
function picture(width, height) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
        const [channel, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
        return x * 7 + y * 13 + channel * 29 + x * y % 11 * 9 & 255;
    });
    return { data, width, height, channels: 3 };
}

/**
 * What Pillow 9.4 makes of `picture`: 23 × 17 pixels as 5 × 4, 5 × 4 as 7 × 5 (in hexadecimal), and the
 * first half of the SHA-256 of 301 × 200 as 224 × 224:
 *   def picture(w, h):
 *       return Image.frombytes('RGB', (w, h), bytes(x * 7 + y * 13 + c * 29 + x * y % 11 * 9 & 255
 *           for y in range(h) for x in range(w) for c in range(3)))
 *   picture(23, 17).resize((5, 4), METHOD).tobytes().hex()
 */
const PILLOW = {
    nearest: {
        smaller: [
            '4c69864d6a876784a1e4011ee5021f65829f93b0cd9bb8d506234034516ee1fe1bd9f613cfec09284562',
            '203d5afa17341f3c5903203d4a67846f8ca9',
        ].join(''),
        larger: [
            '001d3a0724410724410e2b4815324f15324f1c39560d2a471d3a571d3a572d4a673d5a773d5a774d6a87',
            '1a375433506d33506d4c698665829f65829f7e9bb81a375433506d33506d4c698665829f65829f7e9bb8',
            '2744614966834966836b88a58daac78daac74c6986',
        ].join(''),
        sum: '6f3c0a00e349ce89',
    },
    lanczos: {
        smaller: [
            '3a56786c8cad84a4bdb0b091ba956d83a4b1b3c3afbeb899a0793b69533cbbc49cc9b1529f7d32572d53',
            '2d46699a866357494f4044655e74927293ae',
        ].join(''),
        larger: [
            '001d3a021f3c0825420d2a47122f4c1734511a37540724410d2a47183552213e5b2a476433506d385572',
            '13304d1d3a572f4c693d5a7749668363809d7693b01e3b582c496645627f587592708daa7693b0718eab',
            '25425f37547155728f6c89a692afcc708daa425f7c',
        ].join(''),
        sum: '1544fef63e2cf1a1',
    },
    bilinear: {
        smaller: [
            '476481728fa888a3b2aaa78db28e6a86a3acaab5a3b1aa929c79476f5c46b4bb8fbaa95c9a8345624154',
            '394b679585676556564d4d625c6e8b6b88a5',
        ].join(''),
        larger: [
            '001d3a04213e0926430e2b4813304d1835521c3956092643112e4b1b385524415e2d4a673754713e5b78',
            '14314e1f3c592e4b683d5a774b68855a77946683a01e3b582d4a67415e7b55728f6986a3708daa6f8ca9',
            '2744613a577453708d6b88a583a0bd718eab4c6986',
        ].join(''),
        sum: 'c2c2a70bc9631b53',
    },
    bicubic: {
        smaller: [
            '3d5a7a6e8daa85a4baaeae92b8916c85a4b0b0bdaab9b2979f793d6b553fb8c298c4ae579e82395d3552',
            '3046689786635d4d514347635b7290718fac',
        ].join(''),
        larger: [
            '001c39021f3c0825420d2a47112e4b1734511a37540825420f2c49193653223f5c2b486535526f3c5976',
            '13304d1e3b582e4b683d5a774b68855e7b986d8aa71d3a572c496643607d5774916d8aa77592af7390ad',
            '26436039567354718e6c89a68daac77390ad466380',
        ].join(''),
        sum: '4a4cdc5b46ab2d4a',
    },
    box: {
        smaller: [
            '3855726784a17f9cb9a4b19eb8957f85a2aaadbda7b9ac8c937d4071503ab5c596bd8a579a843a693653',
            '314e6b8b815e5c49563e4f6c5a7794728fac',
        ].join(''),
        larger: [
            '001d3a0724410724410e2b4815324f15324f1c39560d2a471d3a571d3a572d4a673d5a773d5a774d6a87',
            '1a375433506d33506d4c698665829f65829f7e9bb81a375433506d33506d4c698665829f65829f7e9bb8',
            '2744614966834966836b88a58daac78daac74c6986',
        ].join(''),
        sum: '212c484950ffdaed',
    },
    hamming: {
        smaller: [
            '3f5c796e8ba583a0b7acab96ba876685a2afaabca8b5b09e9d7b3b6b5541b6bf92c2a85da1903e683a51',
            '30486597835e634d534349645974917390ad',
        ].join(''),
        larger: [
            '001d3a05223f0825420e2b4814314e1734511c39560b28451633501c39562946633653703d5a77476481',
            '14314e223f5c2b48653d5a774f6c895875926683a01c39562d4a67395673506d8a6784a16e8ba87895b2',
            '2744613e5b784d6a876b88a589a6c37794b14c6986',
        ].join(''),
        sum: 'd15d27e90cd096ea',
    },
};

test('every method gives what Pillow gives, to the last bit', () => {
    assert.deepEqual(Object.keys(PILLOW).sort(), [...METHODS].sort());
    for (const [method, { smaller, larger, sum }] of Object.entries(PILLOW)) {
        const made = (from, width, height) => Buffer.from(resample(from, width, height, method));
        assert.equal(made(picture(23, 17), 5, 4).toString('hex'), smaller, method);
        assert.equal(made(picture(5, 4), 7, 5).toString('hex'), larger, method);
        const whole = createHash('sha256').update(made(picture(301, 200), 224, 224)).digest('hex');
        assert.equal(whole.slice(0, 16), sum, method);
    }
});

test('a method has a name or a number', () => {
    assert.deepEqual([2, 3, 'Bicubic', 'lanczos'].map(methodName),
        ['bilinear', 'bicubic', 'bicubic', 'lanczos']);
    for (const wrong of [6, -1, 1.5, null, undefined, {}, 'toString']) {
        assert.equal(methodName(wrong), undefined);
    }
});

/** A grey picture of 1, 2, 3 … */
function counted(width, height) {
    const data = Uint8ClampedArray.from({ length: width * height }, (_, i) => i + 1);
    return { data, width, height, channels: 1 };
}

test('pictures are cut, turned and scaled step by step, and stay themselves what they were', () => {
    const shown = ({ data, width, height }) => ({ data: [...data], width, height });
    const cut = (left, top, width, height) => ({ kind: 'cut', left, top, width, height });
    const from = counted(4, 3);
    for (const [steps, data, width, height] of [
        [[cut(1, 1, 3, 1)], [6, 7, 8], 3, 1],
        [[cut(-1, 2, 3, 2)], [0, 9, 10, 0, 0, 0], 3, 2],
        [[cut(9, 9, 2, 1)], [0, 0], 2, 1],
        [[{ kind: 'turn' }], [9, 5, 1, 10, 6, 2, 11, 7, 3, 12, 8, 4], 3, 4],
        [[cut(0, 0, 2, 2), { kind: 'turn' }], [5, 1, 6, 2], 2, 2],
        [[], [...from.data], 4, 3],
    ]) assert.deepEqual(shown(changed(from, steps)), { data, width, height });
    assert.deepEqual(shown(from), shown(counted(4, 3)));
    const scaled = changed(picture(23, 17), [{ kind: 'scale', width: 5, height: 4, method: 'bicubic' }]);
    assert.equal(Buffer.from(scaled.data).toString('hex'), PILLOW.bicubic.smaller);
});

test('no picture is made that would be too large, on its way either', () => {
    const plan = (width, height, more) => planOf({ width, height }, settingsOf({ image_processor_type: 'CLIPImageProcessor', ...more }));
    const tooLarge = { code: 'picture_too_large', field: 'inputs.image', expected: 'at most 16777216 pixels: a less narrow picture' };
    assert.throws(() => plan(1, 1000, { size: 200 }), tooLarge);
    assert.throws(() => plan(1, 1e6, { size: { width: 224, height: 224 } }), tooLarge);
    assert.equal(plan(1, 400, { size: 200 }).steps.length, 2);
});

test('a library that has changed is found at once', () => {
    assert.throws(() => adoptPictures({}, {}), /has no preprocess$/);
});

test('PNG files hold the pixels, grey and RGB', async () => {
    const { data, width, height } = picture(23, 17);
    for (const [pixels, w, h, channels] of [[data, width, height, 3], [data.slice(0, 60), 20, 3, 1]]) {
        const file = Buffer.from(await writePng(pixels, w, h, channels));
        assert.deepEqual(decodePng(file), { width: w, height: h, channels, pixels });
        assert.equal(file.readUInt32BE(file.length - 4), 0xae426082); // an IEND's checksum
    }
});

test('labels become masks, in their order, and the present ones alone', () => {
    const labels = Uint16Array.of(7, 0, 3, 7);
    assert.deepEqual(labelsIn(labels, 9), [0, 3, 7]);
    assert.deepEqual(labelsIn(new Uint16Array(0), 9), []);
    assert.deepEqual(maskOf(labels, 7), Uint8Array.of(255, 0, 0, 255));
    assert.deepEqual(maskOf(Int32Array.of(-1, 2), 2), Uint8Array.of(0, 255));
});

/** Calls of typed arrays' functions that call one for each value. @param {() => void} work */
function callsForEach(work, t) {
    const kind = Object.getPrototypeOf(Uint8Array);
    const mocks = [t.mock.method(kind, 'from'), ...['forEach', 'map', 'reduce', 'every', 'some'].map((name) => t.mock.method(kind.prototype, name))];
    work();
    return mocks.reduce((sum, { mock }) => sum + mock.callCount(), 0);
}

test('nothing is called for each pixel of a map', (t) => {
    const map = Float32Array.from({ length: 32 }, (_, at) => at % 7);
    assert.equal(callsForEach(() => {
        const labels = highestClass(map, 2, 4, 4, 8, 8);
        labelsIn(labels, 2);
        maskOf(labels, 1);
        toGrey(stretch(map, 8, 4, 16, 8));
        toBytes(map);
        resample({ data: new Uint8Array(16), width: 4, height: 4, channels: 1 }, 4, 4, 'nearest');
    }, t), 0);
});

test('maps of numbers are stretched between the centres of pixels', () => {
    assert.deepEqual([...stretch([0, 4], 2, 1, 4, 2)], [0, 1, 3, 4, 0, 1, 3, 4]);
    assert.deepEqual([...stretch([1, 2, 3, 4], 2, 2, 1, 1)], [2.5]);
    assert.deepEqual([...highestClass([0, 4, 3, 0, 1, 2], 3, 2, 1, 2, 1)], [1, 0]);
    assert.deepEqual([...toGrey(Float32Array.of(-1, 0, 3))], [0, 63, 255]);
    assert.deepEqual([...toGrey(Float32Array.of(5, 5))], [0, 0]);
    assert.deepEqual([...toBytes(Float32Array.of(-1, 0, 0.5, 1, 2, NaN))], [0, 0, 128, 255, 255, 0]);
});
