// tier: quick
/** Sound files and sampling rates: page/src/pipeline/sound, under Node. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { amountOf } from '../../page/src/pipeline/sound/amounts.js';
import { containerOf } from '../../page/src/pipeline/sound/containers.js';
import { decodeSound } from '../../page/src/pipeline/sound/decode.js';
import { decodeElsewhere } from '../../page/src/pipeline/sound/elsewhere.js';
import { fourierOf, isSilent } from '../../page/src/pipeline/sound/fourier.js';
import { resample } from '../../page/src/pipeline/sound/resample.js';
import { interleaved } from '../../page/src/pipeline/sound/source.js';
import { writeWav } from '../../page/src/shared/wav.js';
import { decodeSound as decodeInDocument } from '../../page/src/ui/sound.js';
import { LIMITS } from '../../page/src/engine/task_rules.js';
import { JUDGED } from './support/judged_sounds.mjs';
import { TONES } from './support/tones.mjs';

const idle = () => ({ signal: new AbortController().signal, step: async () => {} });
const nowhere = async () => assert.fail('nothing of this goes to the document');
const decode = (bytes, head = {}, rate = 16000, elsewhere = nowhere) => decodeSound(bytes, head, rate, idle(), elsewhere);
const sine = (hertz, rate, count) => Float32Array.from({ length: count }, (_, i) => Math.sin(2 * Math.PI * hertz * i / rate));
const refused = (code, expected) => (error) => {
    assert.equal(error.code, code, error.message);
    assert.equal(error.field, 'inputs.audio');
    assert.match(`${error.message} ${error.expected}`, expected);
    return true;
};

/** A WAV file of `samples` (by channel), as the format says. */
function wav(samples, { rate = 16000, bits = 16, float = false, extensible = false, before = [], said } = {}) {
    const channels = samples.length;
    const size = bits / 8;
    const data = Buffer.alloc(samples[0].length * channels * size);
    const put = {
        8: (v, at) => data.writeUInt8(Math.max(0, Math.min(255, Math.round(v * 128) + 128)), at),
        16: (v, at) => data.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(v * 32768))), at),
        24: (v, at) => data.writeIntLE(Math.max(-8388608, Math.min(8388607, Math.round(v * 8388608))), at, 3),
        32: float ? (v, at) => data.writeFloatLE(v, at)
            : (v, at) => data.writeInt32LE(Math.max(-2147483648, Math.min(2147483647, Math.round(v * 2147483648))), at),
        64: (v, at) => data.writeDoubleLE(v, at),
    }[bits];
    samples.forEach((channel, c) => channel.forEach((value, i) => put(value, (i * channels + c) * size)));
    const format = Buffer.alloc(extensible ? 40 : 16);
    format.writeUInt16LE(extensible ? 0xfffe : float ? 3 : 1, 0);
    format.writeUInt16LE(channels, 2);
    format.writeUInt32LE(rate, 4);
    format.writeUInt32LE(rate * channels * size, 8);
    format.writeUInt16LE(channels * size, 12);
    format.writeUInt16LE(bits, 14);
    if (extensible) {
        format.writeUInt16LE(22, 16);
        format.writeUInt16LE(bits, 18);
        Buffer.from(`0${float ? 3 : 1}00000000001000800000aa00389b71`, 'hex').copy(format, 24);
    }
    return riff([...before, ['fmt ', format], ['data', data, said]]);
}

/** Chunks of a name, contents, and the size that is said of them. */
function riff(chunks) {
    const parts = chunks.map(([name, contents, said = contents.length]) => {
        const head = Buffer.alloc(8);
        head.write(name, 0, 'latin1');
        head.writeUInt32LE(said, 4);
        return Buffer.concat([head, contents, Buffer.alloc(contents.length % 2)]);
    });
    const body = Buffer.concat([Buffer.from('WAVE'), ...parts]);
    const head = Buffer.alloc(8);
    head.write('RIFF');
    head.writeUInt32LE(body.length, 4);
    return new Uint8Array(Buffer.concat([head, body]));
}

/** Amplitude of a tone in the middle half of a signal, by correlation. */
function amplitude(samples, hertz, rate) {
    const [from, to] = [samples.length >> 2, samples.length - (samples.length >> 2)];
    let [re, im] = [0, 0];
    for (let i = from; i < to; i++) {
        re += samples[i] * Math.cos(2 * Math.PI * hertz * i / rate);
        im += samples[i] * Math.sin(2 * Math.PI * hertz * i / rate);
    }
    return 2 * Math.hypot(re, im) / (to - from);
}

const decibels = (ratio) => 20 * Math.log10(ratio);
const power = (samples) => Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length);
const toRate = (samples, from, to) =>
    resample(interleaved(new Uint8Array(samples.buffer), 'f32', 1, from), to, async () => {});

test('samples of all widths are read alike', async () => {
    const tone = sine(440, 16000, 801);
    for (const [bits, float, within] of [[8, false, 2 ** -7], [16, false, 2 ** -15], [24, false, 2 ** -23], [32, false, 1e-7],
        [32, true, 1e-7], [64, true, 1e-7]]) {
        for (const extensible of [false, true]) {
            const samples = await decode(wav([tone], { bits, float, extensible, before: [['LIST', Buffer.from('odd')]] }));
            assert.equal(samples.length, tone.length);
            assert.ok(samples.every((value, i) => Math.abs(value - tone[i]) <= within), `${bits} bits, float ${float}`);
        }
    }
});

test('channels are mixed, and a size that nobody knew is the rest of the file', async () => {
    const [left, right] = [Float32Array.of(0.5, -0.5, 0.25), Float32Array.of(0.25, 0.5, 0.25)];
    for (const said of [undefined, 0xffffffff, 0]) {
        assert.deepEqual([...await decode(wav([left, right], { said }))], [0.375, 0, 0.25]);
    }
});

test('what is written is read', async () => {
    const tone = sine(440, 22050, 500).map((v) => v * 1.5);
    const samples = await decode(writeWav(tone, 22050), {}, 22050);
    assert.ok(samples.every((value, i) => Math.abs(value - Math.max(-1, Math.min(1, tone[i]))) <= 2 ** -14));
});

test('raw PCM is what the request says', async () => {
    const tone = sine(440, 16000, 100);
    assert.deepEqual(await decode(new Uint8Array(tone.buffer), { media_type: 'audio/pcm;format=f32le', sampling_rate: 16000 }), tone);
    const short = Int16Array.from(tone, (v) => v * 32767);
    const both = await decode(new Uint8Array(short.buffer), { media_type: 'audio/pcm; format=s16le', sampling_rate: 16000, channels: 2 });
    assert.equal(both.length, 50);
    const bytes = new Uint8Array(6);
    await assert.rejects(decode(bytes, { media_type: 'audio/pcm;format=f32le' }), refused('audio_invalid', /sampling_rate/));
    await assert.rejects(decode(bytes, { media_type: 'audio/pcm', sampling_rate: 16000 }), refused('audio_invalid', /f32le or s16le/));
    await assert.rejects(decode(bytes, { media_type: 'audio/pcm;format=f32le', sampling_rate: 16000 }), refused('audio_invalid', /multiple of 4/));
    await assert.rejects(decode(bytes, { media_type: 'audio/pcm;format=s16le', sampling_rate: 1e9 }), refused('audio_invalid', /384000/));
    await assert.rejects(decode(bytes, { media_type: 'audio/pcm;format=s16le', sampling_rate: 8000, channels: 0 }),
        refused('audio_invalid', new RegExp(`1 to ${LIMITS.sound_channels}`)));
});

test('tones keep their amplitude at another rate', async () => {
    for (const [from, to] of [[44100, 16000], [48000, 16000], [8000, 16000], [22050, 48000], [44101, 16000], [16000, 44100]]) {
        const hertz = 0.4 * Math.min(from, to);
        const samples = await toRate(sine(hertz, from, from), from, to);
        assert.equal(samples.length, to);
        const change = decibels(amplitude(samples, hertz, to));
        assert.ok(Math.abs(change) < 0.01, `${from} to ${to}: ${change} dB`);
        const rest = samples.map((v, i) => v - Math.sin(2 * Math.PI * hertz * i / to)).subarray(to / 4, to / 2);
        assert.ok(decibels(power(rest)) < -75, `${from} to ${to}: ${decibels(power(rest))} dB of noise`);
    }
});

test('tones that the new rate cannot hold are gone', async () => {
    for (const hertz of [8100, 9000, 12000, 15000, 20000]) {
        const samples = await toRate(sine(hertz, 44100, 44100), 44100, 16000);
        const left = decibels(power(samples.subarray(4000, 12000)) * Math.SQRT2);
        assert.ok(left < -75, `${hertz} Hz: ${left} dB`);
    }
});

test('pieces of a long sound join without a seam', async () => {
    const samples = await toRate(new Float32Array(200000).fill(0.5), 48000, 44100);
    assert.ok(samples.subarray(1000, -1000).every((value) => Math.abs(value - 0.5) < 1e-5));
});

test('broken files are refused by what is wrong', async () => {
    const good = wav([sine(440, 16000, 100)]);
    const changed = (at, ...bytes) => {
        const copy = good.slice();
        copy.set(bytes, at);
        return copy;
    };
    const none = new Uint8Array(0);
    for (const [bytes, expected] of [
        [none, /0 bytes/],
        [good.slice(0, 30), /"fmt " is cut short/],
        [good.slice(0, 36), /"data" is missing/],
        [good.slice(0, 100), /cut short: 200 bytes .* 56 there/],
        [changed(22, 0, 0), /0 channels/],
        [changed(24, 0, 0, 0, 0), /0 samples per second/],
        [changed(24, 255, 255, 255, 255), /4294967295 samples per second/],
        [changed(32, 7, 0), /are not 7 bytes/],
        [changed(36, ...Buffer.from('junk')), /"data" is missing/],
        [riff([['data', Buffer.alloc(10)]]), /no chunk "fmt "/],
        [wav([Float32Array.of(0, NaN)], { bits: 32, float: true }), /sample 1 .* no number/],
        [new Uint8Array(100).fill(7), /no sound in a format/],
        [new TextEncoder().encode('hello'), /mp3, ogg, flac/],
    ]) {
        await assert.rejects(decode(bytes), refused('audio_invalid', expected));
    }
});

test('three hours are refused with figures, before memory is taken for them', async () => {
    const three = wav([sine(440, 16000, 100)], { said: 3 * 3600 * 32000 });
    await assert.rejects(decode(three), refused('audio_too_large', /10800 s .* 3600 s/));
    await assert.rejects(decode(three, {}, 48000), refused('audio_too_large', /1200 s/));
    const flac = new Uint8Array(42);
    flac.set(Buffer.from('fLaC'));
    new DataView(flac.buffer).setUint32(18, 16000 << 12);
    new DataView(flac.buffer).setUint32(22, 3 * 3600 * 16000);
    await assert.rejects(decode(flac), refused('audio_too_large', /10800 s .* 3600 s/));
});

test('formats are known by their bytes, and their length where they tell it', () => {
    // 417 bytes: a frame of MPEG-1 layer III at 128 kbit/s and 44.1 kHz, of 1152 samples.
    const mp3 = new Uint8Array(417 * 100);
    for (let at = 0; at < mp3.length; at += 417) mp3.set([0xff, 0xfb, 0x90, 0x00], at);
    const { name, seconds } = containerOf(mp3);
    assert.equal(name, 'mp3');
    assert.ok(Math.abs(seconds - 100 * 1152 / 44100) < 1e-6);
    const ogg = Buffer.alloc(200);
    ogg.write('OggS', 0);
    ogg.write('OpusHead', 28);
    ogg.write('OggS', 100);
    ogg.writeBigInt64LE(480000n, 106);
    assert.deepEqual(containerOf(ogg), { name: 'ogg', seconds: 10 });
    assert.equal(containerOf(Buffer.from('RIFF0000AVI LIST')), null);
});

test('what a file decodes to is told by its packets', () => {
    const tones = Object.fromEntries(TONES.map(({ name, bytes }) => [name, bytes]));
    const amount = (name) => amountOf(tones[name], containerOf(tones[name]).name);
    assert.equal(amount('tone.flac'), 22050);
    for (const [name, samples, times] of [['tone.mp3', 44100, 1.2], ['tone.ogg', 44100, 3], ['tone.opus', 96000, 1.5]]) {
        assert.ok(amount(name) >= samples && amount(name) <= times * samples, `${name}: ${amount(name)}`);
    }
});

/** Files that say little of their length and are hours long. */
const LONG = {
    flac() {
        const head = Buffer.alloc(42);
        head.write('fLaC');
        head.writeUInt32BE(16000 << 12 >>> 0, 18);
        head.writeUInt32BE(16000, 22); // a second
        // 65536 samples of 8 channels each, and a checksum of the header.
        return Buffer.concat([head, ...Array(1500).fill(Buffer.from('fff8707000ffff', 'hex')).map(withCrc8)]);
    },
    opus() {
        const page = (flags, packets) => {
            const head = Buffer.alloc(27);
            head.write('OggS');
            head[5] = flags;
            head.writeBigInt64LE(48000n, 6); // a second
            head[26] = packets.length;
            return Buffer.concat([head, Buffer.from(packets.map(({ length }) => length)), ...packets]);
        };
        const begin = Buffer.from('OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0', 'latin1');
        const silence = page(0, Array(255).fill(Buffer.of(0x19))); // twice 60 ms in a byte
        return Buffer.concat([page(2, [begin]), ...Array(300).fill(silence)]);
    },
    webm() {
        const head = Buffer.from('1a45dfa3801853806701ffffffffffffff1654ae6b93', 'hex');
        const tracks = Buffer.from('OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0', 'latin1');
        const cluster = Buffer.from('1f43b67501ffffffffffffff', 'hex');
        return Buffer.concat([head, tracks, cluster, ...Array(65000).fill(Buffer.from('a3858100008019', 'hex'))]);
    },
    m4a() {
        const table = Buffer.alloc(20);
        table.writeUInt32BE(20);
        table.write('stsz', 4);
        table.writeUInt32BE(1, 12);
        table.writeUInt32BE(1e6, 16);
        return Buffer.concat([Buffer.from('0000000c6674797069736f6d', 'hex'), table]);
    },
};

/** Puts a checksum behind the header of a frame of FLAC. */
function withCrc8(head) {
    let crc = 0;
    for (const byte of head) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc << 1 ^ (crc & 128 ? 7 : 0)) & 255;
    }
    return Buffer.concat([head, Buffer.of(crc)]);
}

test('files that lie of their length are refused before the browser decodes them', async () => {
    for (const [name, make] of Object.entries(LONG)) {
        const bytes = new Uint8Array(make());
        const seconds = containerOf(bytes)?.seconds ?? 0;
        assert.ok(seconds <= 1, `${name} says ${seconds} s`);
        await assert.rejects(decode(bytes), refused('audio_too_large', /may decode to \d+ samples .* at most 720000000/), name);
    }
});

for (const { name, bytes, seconds, refused: message, code = 'audio_invalid' } of JUDGED) {
    test(`${name} is ${message ? 'refused before the browser decodes it' : 'heard'}`, async () => {
        if (message) return assert.rejects(decode(bytes), refused(code, message));
        const handed = (file) => (assert.ok(bytes.length - file.length < 40), new Float32Array(16000 * seconds));
        assert.equal((await decode(bytes, {}, 16000, handed)).length, 16000 * seconds);
    });
}

test('the search for the end of a hostile FLAC file takes no longer than reading it', async () => {
    const file = new Uint8Array(8 << 20), tone = TONES.find(({ name }) => name === 'tone.flac').bytes;
    file.set(tone);
    file.fill(255, -1); // zeros, of which each could be the end, and then no zero
    const began = performance.now();
    await assert.rejects(decode(file), refused('audio_invalid', /last frame is not whole/));
    assert.ok(performance.now() - began < 2000);
});

test('the document decodes the rest, and its refusal is told', async () => {
    const { signal } = new AbortController();
    const answers = (reply) => ({ port }) => port.postMessage(reply);
    const mp3 = new Uint8Array([0xff, 0xfb, 0x90, 0]);
    const samples = await decodeElsewhere(mp3, 'mp3', 16000, signal, answers({ samples: Float32Array.of(1, 2) }));
    assert.deepEqual([...samples], [1, 2]);
    await assert.rejects(decodeElsewhere(mp3, 'mp3', 16000, signal, answers({ error: 'EncodingError' })),
        refused('audio_invalid', /does not decode the mp3 file: EncodingError.*WAV/));
    await assert.rejects(decodeElsewhere(mp3, 'mp3', 16000, signal, answers({ seconds: 10800 })),
        refused('audio_too_large', /10800 s .* 3600 s/));
    const controller = new AbortController();
    const waits = decodeElsewhere(mp3, 'mp3', 16000, controller.signal, () => controller.abort());
    await assert.rejects(waits, (error) => error.code === 'cancelled');
});

test('the document decodes one sound at a time', async () => {
    const ends = [];
    globalThis.OfflineAudioContext = class {
        decodeAudioData = () => new Promise((resolve, reject) => ends.push({ resolve, reject }));
    };
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const replies = [];
    const port = { postMessage: (reply) => replies.push(reply), close() {} };
    const all = [1, 2].map(() => decodeInDocument({ bytes: Uint8Array.of(1), rate: 16000, max_samples: 4, port }));
    await turn();
    assert.equal(ends.length, 1);
    ends[0].reject(new Error('no sound'));
    await all[0];
    await turn();
    assert.equal(ends.length, 2);
    const channels = [Float32Array.of(0, 1), Float32Array.of(1, 1)];
    ends[1].resolve({ length: 2, numberOfChannels: 2, getChannelData: (channel) => channels[channel] });
    await all[1];
    assert.match(replies[0].error, /no sound/);
    assert.deepEqual([...replies[1].samples], [0.5, 1]);
});

/** The transform by its definition: real and imaginary parts, one after the other. */
const transformed = (numbers) => numbers.flatMap((_, k) => ['cos', 'sin'].map((part, i) =>
    numbers.reduce((sum, number, j) => sum + (i ? -1 : 1) * number * Math[part](2 * Math.PI * (j * k % numbers.length) / numbers.length), 0)));

test('lengths of small factors are transformed as the definition says, again and again', () => {
    for (const length of [4, 6, 10, 12, 14, 48, 400, 480, 1050]) {
        const fourier = fourierOf(length);
        const made = new Float64Array(length + 2);
        for (const hertz of [1, 2.3]) {
            const numbers = Array.from({ length }, (_, i) => Math.sin(hertz * i) + (i % 3) / 4);
            fourier.realTransform(made, Float64Array.from(numbers));
            const wanted = transformed(numbers).slice(0, length + 2);
            for (const [i, number] of wanted.entries()) assert.ok(Math.abs(made[i] - number) < 1e-9, `${length}: ${i}`);
        }
    }
    for (const length of [1, 2, 401, 22, 1014]) assert.equal(fourierOf(length), null, String(length));
});

test('silence is where every sample is zero', () => {
    const samples = Float32Array.of(1, 0, -0, 0, 1e-30, NaN);
    assert.equal(isSilent(samples, 1, 3), true);
    assert.equal(isSilent(samples, 0, 2), false);
    assert.equal(isSilent(samples, 3, 2), false);
    assert.equal(isSilent(samples, 5, 1), false);
});
