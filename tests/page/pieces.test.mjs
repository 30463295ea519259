// tier: full
/** Tensors in pieces, both ways, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, FrameError } from '../../page/src/shared/frame.js';
import { PiecesIn } from '../../page/src/link/pieces_in.js';
import { PIECE_BYTES, PiecesOut } from '../../page/src/link/pieces_out.js';

const message = (type, data) => ({ id: 'p1', type, from: 'n', timestamp: 0, data });
const fill = (size, from = 0) => Uint8Array.from({ length: size }, (_, i) => (i + from) * 31 + ((i + from) >> 8));

// --- to the service ------------------------------------------------------------------------------

/** A socket that sends when it is told to, and a timer that runs when it is told to. */
function setUp() {
    const world = { pending: 0, due: undefined, heard: [] };
    const pieces = new PiecesOut({
        write: (frame) => {
            if (typeof frame !== 'string') world.pending += frame.byteLength;
            const { message: said, section } = decode(frame);
            const [entry] = said.data.tensors ?? [];
            world.heard.push(entry ? { ...said, bytes: new Uint8Array(frame, section + entry.offset, entry.byte_length) } : said);
        },
        pending: () => world.pending,
        envelope: message,
        setTimer: (run) => { world.due = run; return 1; },
        clearTimer: () => { world.due = undefined; },
    });
    const drain = () => {
        world.pending = 0;
        const { due } = world;
        world.due = undefined;
        due?.();
    };
    return { world, pieces, drain };
}

const answer = (attempt, sizes) => encode(
    message('task_response', { attempt_id: attempt, reply_to: 's7', ok: true, executed_on: { platform: 'wasm' } }),
    sizes.map((size, i) => ({ name: `y${i}`, datatype: 'UINT8', shape: [size], bytes: fill(size, i) })));
const types = (world) => world.heard.map(({ type, data }) => `${type} ${data.attempt_id}`);
const bytesOf = (world, attempt, tensor) => {
    const list = world.heard.filter(({ type, data }) => type === 'task_data' && data.attempt_id === attempt && data.tensor === tensor);
    let position = list[0].data.position;
    for (const { data, bytes } of list) {
        assert.equal(data.position, position);
        position += bytes.length;
    }
    return Uint8Array.from(list.flatMap(({ bytes }) => [...bytes]));
};

test('an answer goes as an outline, then its bytes as far as there is credit, then its end', () => {
    const { world, pieces, drain } = setUp();
    pieces.begin('a', answer('a', [3, 0, PIECE_BYTES + 5]));
    assert.deepEqual(world.heard.map(({ type, data }) => [type, data]), [['task_outline', { attempt_id: 'a', outline: [
        { name: 'y0', datatype: 'UINT8', shape: [3], byte_length: 3 },
        { name: 'y1', datatype: 'UINT8', shape: [0], byte_length: 0 },
        { name: 'y2', datatype: 'UINT8', shape: [PIECE_BYTES + 5], byte_length: PIECE_BYTES + 5 },
    ] }]]);
    pieces.grant('a', 5);
    assert.deepEqual(world.heard.slice(1).map(({ data, bytes }) => [data.tensor, data.position, bytes.length]), [[0, 0, 3], [2, 0, 2]]);
    pieces.grant('a', undefined);
    pieces.grant('a', 4); // less than before
    assert.equal(world.heard.length, 3);
    pieces.grant('a', PIECE_BYTES + 8);
    drain();
    assert.deepEqual(types(world).slice(-2), ['task_data a', 'task_response a']);
    assert.deepEqual(bytesOf(world, 'a', 0), fill(3));
    assert.deepEqual(bytesOf(world, 'a', 2), fill(PIECE_BYTES + 5, 2));
    const { data } = world.heard.at(-1);
    assert.deepEqual(data, { attempt_id: 'a', reply_to: 's7', ok: true, executed_on: { platform: 'wasm' }, in_pieces: true });
    assert.equal(world.heard.at(-1).bytes, undefined);
    assert.equal(world.due, undefined);
});

test('no more is given to the socket than it sends', () => {
    const { world, pieces, drain } = setUp();
    pieces.begin('a', answer('a', [40 * PIECE_BYTES]));
    pieces.grant('a', 40 * PIECE_BYTES);
    assert.ok(world.pending < 1.5 * (1 << 20), `${world.pending} bytes`);
    assert.ok(world.due);
    const before = world.heard.length;
    world.due(); // nothing was sent meanwhile
    assert.equal(world.heard.length, before);
    for (let i = 0; i < 20; i++) drain();
    assert.equal(types(world).at(-1), 'task_response a');
    assert.deepEqual(bytesOf(world, 'a', 0), fill(40 * PIECE_BYTES));
});

test('credit that comes as the bytes arrive is used at once, and no timer is left behind', () => {
    const { world, pieces, drain } = setUp();
    pieces.begin('a', answer('a', [40 * PIECE_BYTES]));
    for (let granted = 8; granted <= 40; granted += 2) {
        pieces.grant('a', granted * PIECE_BYTES);
        world.pending = 0; // the service has it
    }
    assert.ok(bytesOf(world, 'a', 0).length > 30 * PIECE_BYTES);
    for (let i = 0; i < 10; i++) drain();
    assert.equal(types(world).at(-1), 'task_response a');
    assert.equal(types(world).filter((type) => type === 'task_response a').length, 1);
    assert.deepEqual(bytesOf(world, 'a', 0), fill(40 * PIECE_BYTES));
    assert.equal(world.due, undefined);
});

test('several take turns, and what is dropped is not sent', () => {
    const { world, pieces, drain } = setUp();
    for (const attempt of ['a', 'b', 'c']) pieces.begin(attempt, answer(attempt, [20 * PIECE_BYTES]));
    world.pending = 1 << 30;
    for (const attempt of ['a', 'b', 'c']) pieces.grant(attempt, 20 * PIECE_BYTES);
    drain();
    assert.deepEqual(types(world).slice(3, 7), ['task_data a', 'task_data b', 'task_data c', 'task_data a']);
    pieces.drop(['b', 'c']);
    pieces.drop(null);
    assert.equal(pieces.has('b'), false);
    const before = world.heard.length;
    for (let i = 0; i < 10; i++) drain();
    assert.deepEqual(new Set(types(world).slice(before, -1)), new Set(['task_data a']));
    assert.equal(types(world).at(-1), 'task_response a');
});

test('after a reconnection an answer goes on where the service wants it', () => {
    const { world, pieces, drain } = setUp();
    const frame = answer('a', [10, 3 * PIECE_BYTES]);
    pieces.begin('a', frame, { tensor: 1, position: 7 });
    assert.deepEqual(world.heard, []); // the service knows the outline
    pieces.grant('a', 3 * PIECE_BYTES + 10);
    drain();
    assert.deepEqual(bytesOf(world, 'a', 1), fill(3 * PIECE_BYTES, 1).subarray(7));
    assert.equal(types(world).at(-1), 'task_response a');
    pieces.begin('a', frame, { tensor: 2, position: 0 });
    pieces.grant('a', 3 * PIECE_BYTES + 10);
    assert.deepEqual(types(world).slice(-2), ['task_response a', 'task_response a']);
    pieces.begin('b', frame);
    pieces.grant('b', 1 << 30);
    pieces.clear();
    const before = world.heard.length;
    drain();
    assert.equal(world.heard.length, before);
});

// --- from the service ----------------------------------------------------------------------------

const task = (attempt, sizes) => message('task_request', { attempt_id: attempt, deadline_ms: 500, model: { name: 'm' },
    outline: sizes.map((size, i) => ({ name: `x${i}`, datatype: 'UINT8', shape: [size], byte_length: size })) });
const piece = (attempt, tensor, position, bytes, name = 'piece') => {
    const frame = encode(message('task_data', { attempt_id: attempt, tensor, position }),
        [{ name, datatype: 'UINT8', shape: [bytes.length], bytes }]);
    const { message: said, section } = decode(frame);
    return [said, frame, section];
};

test('pieces become a task like any other, whose time began with its outline', () => {
    let now = 1000;
    const pieces = new PiecesIn(() => now);
    assert.equal(pieces.begin(task('a', [0, 5, 0, 16])), null);
    assert.deepEqual(pieces.wanted(), { a: { tensor: 1, position: 0 } });
    assert.equal(pieces.add(...piece('a', 1, 0, fill(2))), null);
    assert.deepEqual(pieces.wanted(), { a: { tensor: 1, position: 2 } });
    assert.equal(pieces.begin(task('a', [1])), null); // it is known
    assert.equal(pieces.add(...piece('a', 1, 2, fill(3, 2))), null);
    assert.equal(pieces.add(...piece('gone', 0, 0, fill(3))), null);
    now += 200;
    const { request, buffer, section } = pieces.add(...piece('a', 3, 0, fill(16)));
    assert.deepEqual(pieces.ids(), []);
    assert.equal(request.data.deadline_ms, 300);
    assert.equal(request.data.outline, undefined);
    assert.deepEqual(request.data.tensors.map(({ name, offset, byte_length: size }) => [name, offset, size]),
        [['x0', 0, 0], ['x1', 0, 5], ['x2', 8, 0], ['x3', 8, 16]]);
    assert.equal(section % 8, 0);
    assert.deepEqual(new Uint8Array(buffer, section, 5), fill(5));
    assert.deepEqual(new Uint8Array(buffer, section + 8, 16), fill(16));
});

test('a service that goes on from an earlier place sends again what has come since', () => {
    const pieces = new PiecesIn(() => 0);
    for (const attempt of ['a', 'late']) pieces.begin(task(attempt, [5, 16]));
    pieces.add(...piece('a', 0, 0, fill(2)));
    const announced = { a: pieces.wanted().a, gone: { tensor: 0, position: 0 } };
    pieces.add(...piece('a', 0, 2, fill(3, 2)));
    pieces.add(...piece('a', 1, 0, fill(4)));
    pieces.rewind(announced);
    assert.deepEqual(pieces.wanted(), { a: { tensor: 0, position: 2 }, late: { tensor: 0, position: 0 } });
    pieces.add(...piece('a', 0, 2, fill(3, 2)));
    const { buffer, section } = pieces.add(...piece('a', 1, 0, fill(16)));
    assert.deepEqual([new Uint8Array(buffer, section, 5), new Uint8Array(buffer, section + 8, 16)], [fill(5), fill(16)]);
});

test('a task of empty tensors is whole at once', () => {
    const { request } = new PiecesIn(() => 0).begin(task('a', [0, 0]));
    assert.equal(request.data.tensors.length, 2);
});

test('pieces that do not follow each other, and outlines that are none, are faults of the service', () => {
    const pieces = new PiecesIn(() => 0);
    pieces.begin(task('a', [10]));
    for (const wrong of [piece('a', 0, 1, fill(1)), piece('a', 1, 0, fill(1)), piece('a', 0, 0, fill(11)),
        piece('a', 0, 0, fill(0)), piece('a', 0, 0, fill(1), 'other')]) {
        assert.throws(() => pieces.add(...wrong), FrameError);
    }
    assert.throws(() => pieces.add(message('task_data', { attempt_id: 'a', tensor: 0, position: 0 }), null, 0), FrameError);
    for (const outline of [7, [7], [{ name: 'x', datatype: 'UINT8', shape: [1], byte_length: -1 }]]) {
        assert.throws(() => pieces.begin(message('task_request', { attempt_id: 'b', outline })), FrameError);
    }
    pieces.drop('a');
    assert.equal(pieces.add(...piece('a', 0, 0, fill(10))), null);
    pieces.begin(task('c', [10]));
    pieces.clear();
    assert.deepEqual(pieces.ids(), []);
});
