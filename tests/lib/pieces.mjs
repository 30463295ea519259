/** Echoes of tensors that do not fit a message, and so travel in pieces. */
import assert from 'node:assert/strict';
import { withDaemon } from './daemon.mjs';

/** Bytes of which no two pieces are alike. @param {number} size */
export function pattern(size) {
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
    return bytes;
}

/**
 * The bytes as a tensor, behind one that has none.
 * @param {import('./daemon.mjs').Daemon} daemon @param {Buffer} bytes
 * @param {{timeout: number, signal?: AbortSignal}} options `timeout` in ms, of the request and of its client
 */
export const echoOf = (daemon, bytes, options) => daemon.inferBinary(
    { model_name: 'builtin/echo', timeout_ms: options.timeout },
    [{ name: 'empty', datatype: 'FP32', shape: [0], bytes: Buffer.alloc(0) },
        { name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }], options);

/** @param {import('./http.mjs').Answer} answer @param {Buffer} bytes @returns {any} the rest of the answer */
export function assertEchoed(answer, bytes) {
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
    const head = Number(answer.headers['inference-header-content-length']);
    assert.ok(answer.body.subarray(head).equals(bytes), 'the bytes are those that were sent');
    return JSON.parse(answer.body.subarray(0, head).toString());
}

/** Sends so many bytes through a daemon of their own, and back. @param {number} size @param {number} timeout in ms */
export const arrives = (size, timeout) => withDaemon({ models: [], config: {
    api: { max_body: '512M' }, pool: { memory_budget: '2G', max_connections: 1 } } }, async (daemon) => {
    const bytes = pattern(size);
    assertEchoed(await echoOf(daemon, bytes, { timeout }), bytes);
});
