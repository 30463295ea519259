// tier: quick
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { AnswerTooLarge, CLOSE_MALFORMED, CLOSE_TOO_BIG, decode, encode, encodeInPlace, encodeInTurns, FrameError, MAX_HEAD } from '../../page/src/shared/frame.js';
import { joined } from '../../page/src/shared/joined.js';

const envelope = (data = {}) => ({ id: 'x1', type: 'task_request', from: 'service', timestamp: 1, data });
const tensor = (name, bytes, datatype = 'UINT8', shape = [bytes.length]) =>
    ({ name, datatype, shape, bytes: Uint8Array.from(bytes) });

/** A frame from parts, as a hostile peer would make it. */
function raw(head, tail = [], { length, padding = 0 } = {}) {
    const json = new TextEncoder().encode(typeof head === 'string' ? head : JSON.stringify(head));
    const section = Math.ceil((4 + json.length) / 8) * 8;
    const frame = new Uint8Array(section + tail.length).fill(padding, 4 + json.length, section);
    new DataView(frame.buffer).setUint32(0, length ?? json.length, true);
    frame.set(json, 4);
    frame.set(tail, section);
    return frame.buffer;
}
const entry = (more = {}) => ({ name: 'a', datatype: 'UINT8', shape: [2], offset: 0, byte_length: 2, ...more });
const rejects = (frame, pattern, code = CLOSE_MALFORMED) => assert.throws(() => decode(frame),
    (error) => error instanceof FrameError && error.closeCode === code && pattern.test(error.message));

test('what is encoded in turns is the same frame', async () => {
    let turns = 0;
    const large = { name: 'l', datatype: 'UINT8', shape: [5 << 20], bytes: new Uint8Array(5 << 20).map((_, i) => i * 31) };
    const tensors = [tensor('a', [1, 2, 3]), tensor('none', [], 'FP32', [0, 2]), large];
    const frame = await encodeInTurns(envelope(), tensors, 6 << 20, async () => { turns++; });
    assert.equal(turns, 4);
    assert.ok(Buffer.from(frame).equals(Buffer.from(encode(envelope(), tensors))));
    await assert.rejects(encodeInTurns(envelope(), tensors, 5 << 20, async () => {}), AnswerTooLarge);
});

test('a frame becomes another with the same tensors, if its head fits before them', () => {
    const frame = encode(envelope({ attempt_id: 'a'.repeat(40) }), [tensor('ä', [1, 2, 3]), tensor('b', [4])]);
    const { message: { data: { tensors } }, section } = decode(frame);
    const size = frame.byteLength;
    assert.equal(encodeInPlace(envelope(), tensors, frame, section, size - 1), null);
    assert.equal(encodeInPlace(envelope({ attempt_id: 'b'.repeat(60) }), tensors, frame, section), null);
    assert.equal(encodeInPlace(envelope({ attempt_id: 'ä'.repeat(36) }), tensors, frame, section), null);
    assert.equal(encodeInPlace(envelope({ attempt_id: 'b' }), tensors, frame, section, size), frame);
    const { message, section: after } = decode(frame, size);
    assert.deepEqual([message.data, after], [{ attempt_id: 'b', tensors }, section]);
    assert.deepEqual([...new Uint8Array(frame, section)], [1, 2, 3, 0, 0, 0, 0, 0, 4]);
});

test('what is encoded is decoded', () => {
    const frame = encode(envelope({ attempt_id: 'ä' }), [tensor('a', [1, 2, 3]), tensor('none', [], 'FP32', [0, 2]),
        tensor('scalar', [1, 0, 0, 0, 0, 0, 0, 0], 'INT64', [])]);
    const { message, section } = decode(frame);
    assert.equal(section % 8, 0);
    assert.equal(message.data.attempt_id, 'ä');
    assert.deepEqual(message.data.tensors.map(({ offset, byte_length: n }) => [offset, n]), [[0, 3], [8, 0], [8, 8]]);
    assert.deepEqual([...new Uint8Array(frame, section, 3)], [1, 2, 3]);
    assert.equal(frame.byteLength, section + 16);
});

test('the bytes that webinfer-protocol(7) shows are decoded, and encoded again', () => {
    const page = fs.readFileSync(new URL('../../man/webinfer-protocol.7', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ){0,15}[0-9a-f]{2}) {2}/gm)];
    const bytes = Buffer.from(rows.map(([, hex]) => hex.replaceAll(' ', '')).join(''), 'hex');
    const frame = new Uint8Array(bytes).buffer;
    const { message, section } = decode(frame);
    const tensors = message.data.tensors.map((one) =>
        ({ ...one, bytes: new Uint8Array(frame, section + one.offset, one.byte_length) }));
    assert.equal(message.type, 'task_response');
    assert.deepEqual([...tensors[0].bytes], [1, 2, 3]);
    assert.deepEqual([...new Float32Array(tensors[1].bytes.slice().buffer)], [1, -2.5]);
    assert.deepEqual(Buffer.from(encode(message, tensors)), bytes);
});

test('text frames are the same message', () => {
    assert.equal(decode(JSON.stringify(envelope({ a: 1 }))).message.data.a, 1);
    assert.equal(decode(encode(envelope(), [])).message.type, 'task_request');
});

test('envelopes that are not to be believed', () => {
    rejects('', /not JSON/);
    rejects('[]', /not an object/);
    rejects('null', /not an object/);
    rejects(JSON.stringify({ ...envelope(), id: '' }), /bad id/);
    rejects(JSON.stringify({ ...envelope(), id: 'x'.repeat(65) }), /bad id/);
    rejects(JSON.stringify({ ...envelope(), type: 1 }), /bad type/);
    rejects(JSON.stringify({ ...envelope(), from: null }), /bad from/);
    rejects(JSON.stringify({ ...envelope(), timestamp: '1' }), /bad timestamp/);
    rejects(JSON.stringify({ ...envelope(), data: [] }), /data is not an object/);
    rejects(`"${'x'.repeat(MAX_HEAD)}"`, /over 1 MiB/, CLOSE_TOO_BIG);
});

test('binary frames cut or padded wrongly', () => {
    rejects(new ArrayBuffer(0), /without a length/);
    rejects(new ArrayBuffer(3), /without a length/);
    rejects(raw(envelope(), [], { length: 0xffffffff }), /over 1 MiB/, CLOSE_TOO_BIG);
    rejects(raw(envelope(), [], { length: 5000 }), /longer than the frame/);
    rejects(raw({ ...envelope(), id: 'y' }, [], { padding: 7 }), /padding is not zero/);
    const notText = raw('xxxx');
    new Uint8Array(notText).set([0xff, 0xfe, 0xff, 0xff], 4);
    rejects(notText, /not UTF-8/);
    assert.throws(() => decode(raw(envelope()), 16), { closeCode: CLOSE_TOO_BIG });
});

test('tensor tables that lie', () => {
    const bad = (tensors, tail, pattern) => rejects(raw(envelope({ tensors }), tail), pattern);
    bad({}, [], /not a list/);
    bad(Array(1025).fill(entry()), [], /more than 1024/);
    bad([null], [], /not an object/);
    bad([entry({ name: 7 })], [1, 2], /bad tensor name/);
    bad([entry({ datatype: 'FP8' })], [1, 2], /unknown tensor datatype/);
    bad([entry({ datatype: '__proto__' })], [1, 2], /unknown tensor datatype/);
    bad([entry({ shape: [-1] })], [1, 2], /bad tensor shape/);
    bad([entry({ shape: [1.5] })], [1, 2], /bad tensor shape/);
    bad([entry({ shape: Array(17).fill(1) })], [1, 2], /bad tensor shape/);
    bad([entry({ offset: 4 })], [0, 0, 0, 0, 1, 2], /out of order/);
    bad([entry({ byte_length: 2 ** 53 })], [1, 2], /bad tensor offset/);
    bad([entry({ byte_length: 3 })], [1, 2], /past the end/);
    bad([entry()], [1, 2, 3], /after the last tensor/);
    bad([], [0], /after the last tensor/);
    bad([entry({ offset: 8 })], [0, 0, 0, 0, 0, 0, 0, 0, 1, 2], /out of order/);
    bad([entry(), entry({ offset: 0 })], [1, 2], /out of order/);
    bad([entry(), entry({ offset: 16 })], [1, 2, ...Array(14).fill(0), 1, 2], /out of order/);
    bad([entry(), entry({ offset: 8 })], [1, 2, 0, 9, 0, 0, 0, 0, 1, 2], /padding is not zero/);
    bad([entry(), entry({ offset: 8, byte_length: 0, shape: [0] })], [1, 2], /past the end/);
    rejects(JSON.stringify(envelope({ tensors: [entry()] })), /past the end/);
});

test('random bytes never get through as anything but a FrameError', () => {
    let seed = 1;
    const random = () => (seed = seed * 48271 % 0x7fffffff) / 0x7fffffff;
    const whole = new Uint8Array(encode(envelope(), [tensor('a', [1, 2, 3])]));
    for (let i = 0; i < 3000; i++) {
        const bytes = whole.slice(0, 1 + Math.floor(random() * whole.length));
        bytes[Math.floor(random() * bytes.length)] = random() * 256;
        try {
            decode(bytes.buffer);
        } catch (error) {
            assert.ok(error instanceof FrameError, String(error));
        }
    }
});

test('what the peer would refuse is not encoded', () => {
    const message = envelope({ attempt_id: 'a' });
    const tooLarge = (pattern) => (error) => error instanceof AnswerTooLarge && error.code === 'answer_too_large' &&
        pattern.test(error.message);
    const whole = encode(message, [tensor('a', Array(100).fill(1))]);
    assert.equal(encode(message, [tensor('a', Array(100).fill(1))], whole.byteLength).byteLength, whole.byteLength);
    assert.throws(() => encode(message, [tensor('a', Array(100).fill(1))], whole.byteLength - 1),
        tooLarge(new RegExp(`a message of ${whole.byteLength} bytes, and the service takes ${whole.byteLength - 1}:`)));
    // Measured in bytes, not in characters.
    const named = (name) => encode(envelope({ name }), []);
    const empty = new DataView(named('')).getUint32(0, true);
    assert.equal(new DataView(named('x'.repeat(MAX_HEAD - empty))).getUint32(0, true), MAX_HEAD);
    assert.throws(() => named('x'.repeat(MAX_HEAD - empty + 1)), tooLarge(/1048577 bytes of JSON/));
    assert.throws(() => named('ä'.repeat((MAX_HEAD - empty) / 2 + 1)), tooLarge(/bytes of JSON/));
});

test('numbers in parts become one array, and no part at all an empty one', () => {
    assert.deepEqual(joined(Float32Array, [Float32Array.of(0, 0.25), new Float32Array(0), Float32Array.of(0.5)]), Float32Array.of(0, 0.25, 0.5));
    assert.deepEqual(joined(Uint8Array, []), new Uint8Array(0));
});
