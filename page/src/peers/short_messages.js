/**
 * The relay's own messages, with which places and circuits begin, are short. libp2p reads any of up to 4 MiB, with a million addresses,
 * which keeps a program busy for seconds. Pages and webinfer-peer use this file. It uses no browser globals.
 */

/** @import { Connection, Stream } from '@libp2p/interface' */

/** Bytes of a message. Its length comes first, as a varint (LEB128). */
export const MESSAGE_MAX = 8192;
const LENGTH_MAX = 2;

/** Ends a stream whose first message is longer, before it is read. What follows that message is a circuit's. @param {Stream} stream */
export function limitMessage(stream) {
    const one = /** @type {any} */ (stream), { onData } = one;
    let length = 0, digits = 0, left = Infinity; /* bytes of the message, once its length has come */
    const take = (/** @type {Uint8Array} */ bytes) => {
        let at = 0;
        for (; at < bytes.length && left === Infinity; at++) {
            length += (bytes[at] & 0x7f) * 0x80 ** digits++;
            if (bytes[at] < 0x80) left = length;
            if (length <= MESSAGE_MAX && (left < Infinity || digits < LENGTH_MAX)) continue;
            one.onData = () => {};
            one.abort(new Error(`a message of a relay has at most ${MESSAGE_MAX} bytes`));
            return false;
        }
        left = Math.max(0, left - (bytes.length - at));
        if (left === 0) one.onData = onData;
        return true;
    };
    // What a listener took here, the stream's reader would not get.
    one.onData = (/** @type {Uint8Array} */ data) => take(data.subarray()) && onData.call(one, data);
    if (one.readBuffer) take(one.readBuffer.subarray()); // it came before
}

/** What libp2p gives its parts, for those that are or use relays: the first message on each stream is short, whichever end opens it.
 * These parts open streams for nothing else. @param {any} components */
export function withShortMessages(components) {
    const { connectionManager, registrar } = components;
    return derived(components, {
        registrar: derived(registrar, {
            handle: (/** @type {string} */ protocol, /** @type {(stream: Stream, connection: Connection) => any} */ handler, /** @type {any} */ options) =>
                registrar.handle(protocol, (/** @type {Stream} */ stream, /** @type {Connection} */ connection) => {
                    limitMessage(stream);
                    return handler(stream, connection);
                }, options),
        }),
        connectionManager: derived(connectionManager, {
            getConnections: (/** @type {any} */ peer) => connectionManager.getConnections(peer).map(withShortAnswers),
            openConnection: async (/** @type {any} */ to, /** @type {any} */ options) => withShortAnswers(await connectionManager.openConnection(to, options)),
        }),
    });
}

/** @param {Connection} connection */
const withShortAnswers = (connection) => derived(connection, {
    newStream: async (/** @type {any} */ protocols, /** @type {any} */ options) => {
        const stream = await connection.newStream(protocols, options);
        limitMessage(stream);
        return stream;
    },
});

/** The same, but for some members. @template {object} T @param {T} whole @param {Partial<T>} members @returns {T} */
export const derived = (whole, members) =>
    Object.create(whole, Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value }])));
