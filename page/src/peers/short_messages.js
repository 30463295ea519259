/**
 * The relay's own messages, with which places and circuits begin, are short. libp2p reads any of up to 4 MiB, with a million addresses,
 * which keeps a program busy for seconds. Pages and webinfer-peer use this file. It uses no browser globals.
 */

/** @import { Connection, Stream } from '@libp2p/interface' */

/** Bytes of a message. */
export const MESSAGE_MAX = 8192;

/** Ends a stream on which a longer one comes; `isAnswered`: what comes after our own word is no message any more, but a circuit's.
 * @param {Stream} stream @param {boolean} isAnswered */
export function limitMessage(stream, isAnswered) {
    const one = /** @type {any} */ (stream), { onData, send } = one;
    let left = MESSAGE_MAX;
    const take = (/** @type {number} */ size) => {
        left -= size;
        if (left < 0) one.abort(new Error(`a message of a relay has at most ${MESSAGE_MAX} bytes`));
        return left >= 0;
    };
    // What a listener took here, the stream's reader would not get.
    one.onData = (/** @type {Uint8Array} */ data) => take(data.byteLength) && onData.call(one, data);
    if (isAnswered) one.send = (/** @type {Uint8Array} */ data) => {
        Object.assign(one, { onData, send });
        return send.call(one, data);
    };
    take(one.readBuffer?.byteLength ?? 0); // it came before
}

/** What libp2p gives its parts, for those that are or use relays. @param {any} components */
export function withShortMessages(components) {
    const { registrar } = components;
    return derived(components, { registrar: derived(registrar, {
        handle: (/** @type {string} */ protocol, /** @type {(stream: Stream, connection: Connection) => any} */ handler, /** @type {any} */ options) =>
            registrar.handle(protocol, (/** @type {Stream} */ stream, /** @type {Connection} */ connection) => {
                limitMessage(stream, true);
                return handler(stream, connection);
            }, options),
    }) });
}

/** The same for a part that asks strangers for places, and opens streams for nothing else. @param {any} components */
export function withShortAnswers(components) {
    const { connectionManager } = components;
    return derived(withShortMessages(components), { connectionManager: derived(connectionManager, {
        openConnection: async (/** @type {any} */ to, /** @type {any} */ options) => askingOver(await connectionManager.openConnection(to, options)),
    }) });
}

/** @param {Connection} connection */
const askingOver = (connection) => derived(connection, {
    newStream: async (/** @type {any} */ protocols, /** @type {any} */ options) => {
        const stream = await connection.newStream(protocols, options);
        limitMessage(stream, false);
        return stream;
    },
});

/** The same, but for some members. @template {object} T @param {T} whole @param {Partial<T>} members @returns {T} */
const derived = (whole, members) =>
    Object.create(whole, Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value }])));
