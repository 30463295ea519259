// tier: quick
/** The door of webinfer-peer: a stream and a WebSocket of the bridge are one connection, with back-pressure both ways. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { WebSocketServer } from 'ws';
import { BINARY, CLOSE, TEXT, closeFrame, closeOf, frameHead } from '../../page/src/shared/node_frames.js';
import { join } from '../../peer/door.js';
import { test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';
import { TestStream } from './stream.mjs';

const PEER = '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB';
const frame = (kind, body) => Buffer.concat([frameHead(kind, body.length), Buffer.from(body)]);
let bridge, server;

before(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    bridge = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
});

/** A node has come: its stream, and what the bridge has of it. */
async function come() {
    const stream = new TestStream(), faults = [], connection = once(server, 'connection');
    join(stream, PEER, bridge, (fault) => faults.push(fault));
    assert.equal(stream.readStatus, 'paused', 'nothing is read before the bridge is there');
    const [socket, request] = await connection, heard = [];
    socket.on('message', (data, isBinary) => heard.push([isBinary, data.toString()])).on('close', (code, reason) => heard.push([code, String(reason)]));
    await until(() => stream.readStatus === 'readable', { what: 'the stream to go on' });
    return { stream, socket, request, heard, faults, hears: (count) => until(() => heard.length >= count, { what: `${count} messages` }) };
}

test('it says which peer it is, and speaks the node protocol', async () => {
    const { request } = await come();
    assert.deepEqual([request.url, request.headers['x-forwarded-for'], request.headers['sec-websocket-protocol'], request.headers.origin],
        ['/node', `peer:${PEER}`, 'webinfer.v1', undefined]);
});

test('a node whose connection closes while its stream waits ends the one to the bridge', async () => {
    const stream = new TestStream(), connection = once(server, 'connection');
    stream.resume = () => { throw new Error('Cannot write to a stream that is closed'); };
    join(stream, PEER, bridge, () => {});
    const [socket] = await connection, [code] = await once(socket, 'close');
    assert.equal(code, 1006);
});

test('a node that has gone already, or that a bridge refuses, costs nothing but its stream', async () => {
    const gone = Object.assign(new TestStream(), { readStatus: 'closed', pause: () => { throw new Error('Cannot pause a stream that is closed'); } });
    let connections = 0;
    const count = () => connections++;
    server.on('connection', count);
    join(gone, PEER, bridge, () => {});
    assert.equal(gone.status, 'aborted');
    await come(); // one that was made would have come before
    server.off('connection', count);
    assert.equal(connections, 1);
    const refused = new TestStream(), faults = [];
    join(refused, PEER, 'http://127.0.0.1:1', (fault) => faults.push(fault));
    await until(() => refused.status === 'closed', { what: 'the end of the stream' });
    assert.match(faults.join(), /ECONNREFUSED/);
});

test('messages go through, however they are cut', async () => {
    const { stream, socket, heard, hears } = await come();
    const all = Buffer.concat([frame(TEXT, 'abc'), frame(BINARY, ''), frame(BINARY, 'defgh')]);
    for (let at = 0; at < all.length; at += 3) stream.receive(all.subarray(at, at + 3));
    await hears(3);
    assert.deepEqual(heard, [[false, 'abc'], [true, ''], [true, 'defgh']]);
    socket.send('text');
    socket.send(Buffer.from('bytes'));
    const expected = Buffer.concat([frame(TEXT, 'text'), frame(BINARY, 'bytes')]);
    await until(() => stream.text.length >= expected.length, { what: 'both messages' });
    assert.deepEqual(stream.text, expected);
});

test('the bridge closes with a code', async () => {
    const { stream, socket } = await come();
    socket.close(1008, 'no');
    await until(() => stream.status === 'closed', { what: 'the end of the stream' });
    assert.deepEqual(stream.text, Buffer.from(closeFrame(1008, 'no')));
});

test('the node closes with a code', async () => {
    const { stream, heard, hears } = await come();
    stream.receive(Buffer.concat([frame(TEXT, 'bye'), closeFrame(4321, 'left')]));
    stream.dispatchEvent(new Event('end'));
    await hears(2);
    assert.deepEqual(heard, [[false, 'bye'], [4321, 'left']]);
});

test('a code that no WebSocket may send breaks the connection, and so does a node that is gone', async () => {
    for (const end of [(stream) => stream.receive(closeFrame(1006, '')), (stream) => stream.receive(closeFrame(5000, '')),
        (stream) => stream.receive(frame(CLOSE, Buffer.concat([Buffer.from([0x10, 0xe1]), Buffer.alloc(123, 0xff)]))),
        (stream) => stream.dispatchEvent(new Event('close')), (stream) => stream.dispatchEvent(new Event('end'))]) {
        const { stream, heard, hears } = await come();
        end(stream);
        await hears(1);
        assert.deepEqual(heard, [[1006, '']]);
    }
});

test('what comes after a close frame ends the stream', async () => {
    const { stream, heard, hears } = await come();
    stream.receive(Buffer.concat([closeFrame(4321, 'left'), frame(CLOSE, '')]));
    assert.deepEqual([stream.status, stream.error.message], ['aborted', 'more than a close frame has come']);
    await hears(1);
    assert.deepEqual(heard, [[4321, 'left']]);
});

test('what is no frame ends the stream', async () => {
    const { stream, heard, hears } = await come();
    stream.receive(Uint8Array.from([0, 0, 0, 1, 9, 0]));
    await hears(1);
    assert.deepEqual([stream.status, stream.error.message, heard], ['aborted', 'a frame has the unknown kind 9', [[1006, '']]]);
});

test('a bridge that takes nothing holds the node back, and no message is held whole', async () => {
    const { stream, socket, heard, hears } = await come(), size = 64 << 20, piece = Buffer.alloc(64 << 10, 'x');
    socket.pause();
    stream.receive(frameHead(BINARY, size));
    let sent = 0;
    for (; sent < size && stream.readStatus === 'readable'; sent += piece.length) {
        stream.receive(piece);
        await new Promise(setImmediate);
    }
    assert.ok(sent < size / 2, `${sent} bytes were taken`); // the kernel has some, and the door a window
    socket.resume();
    for (; sent < size; sent += piece.length) {
        await until(() => stream.readStatus === 'readable', { what: 'the stream to go on' });
        stream.receive(piece);
    }
    await hears(1);
    assert.deepEqual([heard.length, heard[0][1].length], [1, size]);
});

test('a node that takes nothing holds the bridge back', async () => {
    const { stream, socket } = await come(), message = Buffer.alloc(1 << 20, 'y');
    stream.takes = false;
    for (let i = 0; i < 64; i++) socket.send(message);
    await until(() => stream.sent.length > 0, { what: 'the first message' });
    const waiting = [];
    await until(() => {
        waiting.push(socket.bufferedAmount);
        return waiting.length > 10 && new Set(waiting.slice(-10)).size === 1;
    }, { what: 'the bridge to stand still' });
    const held = stream.text.length;
    assert.ok(held < 8 * message.length, `${held} bytes were taken`);
    assert.ok(socket.bufferedAmount > 32 * message.length, 'the bridge waits');
    stream.drain();
    await until(() => stream.text.length === 64 * (message.length + 5), { what: 'all of it' });
});

test('a bridge that is not there is told to the operator, and is a loss for the node', async () => {
    const stream = new TestStream(), faults = [];
    join(stream, PEER, 'http://127.0.0.1:1', (fault) => faults.push(fault));
    await until(() => stream.status === 'closed', { what: 'the end of the stream' });
    assert.deepEqual(closeOf(stream.text.subarray(5)), { code: 1006, reason: 'the service took no connection of the peer' });
    assert.equal(stream.text[4], CLOSE);
    assert.match(faults.join(), /^the bridge: connect ECONNREFUSED/);
});

