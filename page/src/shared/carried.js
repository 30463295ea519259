/**
 * The end of a port at which a file is asked for, for a page that reaches its service over peers alone: the document has the
 * connections, and answers at the other end (peers/files.js). It uses no browser globals.
 */

/** @import { FromFiles, ToFiles } from './messages.js' */

/** As `fetch` does it. @param {(port: MessagePort) => void} ask hands on the other end, with the request @param {AbortSignal} signal
 * @returns {Promise<Response | null>} null: the page reaches its service over no peer any more; rejects if nothing comes */
export function fetchCarried(ask, signal) {
    const { port1, port2 } = new MessageChannel(), say = (/** @type {ToFiles} */ word) => port1.postMessage(word);
    /** @type {ReadableStreamDefaultController<Uint8Array>} */
    let body;
    /** @type {((nothing: void) => void) | undefined} */
    let pulled;
    const leave = () => {
        port1.onmessage = null;
        say('end'); // which is nothing where all has come
        port1.close();
    };
    const stream = new ReadableStream({
        start: (controller) => {
            body = controller;
        },
        pull: () => {
            say('more');
            return new Promise((resolve) => (pulled = resolve));
        },
        cancel: leave,
    }, { highWaterMark: 0 });
    return new Promise((resolve, reject) => {
        const fail = (/** @type {Error} */ error) => {
            reject(error);
            body.error(error);
            leave();
        };
        const begin = (/** @type {ResponseInit} */ head) => {
            try {
                resolve(new Response(stream, head));
            } catch (error) {
                fail(/** @type {Error} */ (error)); // there is no such status
            }
        };
        if (signal.aborted) return fail(signal.reason);
        signal.addEventListener('abort', () => fail(signal.reason), { once: true });
        port1.onmessage = (/** @type {MessageEvent<FromFiles>} */ { data }) => {
            if (data instanceof ArrayBuffer) body.enqueue(new Uint8Array(data));
            else if ('broken' in data) return fail(new TypeError(data.broken));
            else if ('gone' in data) {
                resolve(null);
                leave();
            }
            else if ('whole' in data) {
                body.close();
                leave();
            } else return begin(data);
            pulled?.();
        };
        ask(port2);
    });
}
