/** Chromium's own debugging protocol, to do to a page what no page would do to itself. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';
import { until } from './wait.mjs';

/** The files called `name` below `folder`. */
function find(folder, name) {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const whole = path.join(folder, entry.name);
        if (entry.name === name) return [whole];
        try {
            return entry.isDirectory() ? find(whole, name) : [];
        } catch {
            return []; // it went meanwhile
        }
    });
}

/** Where the one browser below `folder` listens. */
async function addressOf(folder) {
    const [file] = await until(() => {
        const found = find(folder, 'DevToolsActivePort');
        return found.length && found;
    }, { what: 'the port for debugging' });
    return `http://127.0.0.1:${fs.readFileSync(file, 'utf8').split('\n')[0]}`;
}

/** Has a document evaluate `expression`: what that is, or the promise of, is the socket's first message. */
async function evaluateAt(url, expression) {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    const params = { expression, awaitPromise: true };
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
    return socket;
}

/** Has the document of the one browser below `folder` evaluate `expression`, and does not wait: what it is, or
 * the promise of, is the socket's first message. */
export async function evaluate(folder, expression) {
    const targets = await (await fetch(`${await addressOf(folder)}/json/list`)).json();
    return evaluateAt(targets.find(({ type }) => type === 'page').webSocketDebuggerUrl, expression);
}

/** What the socket's document says: the expression is the promise of JSON. */
async function saidBy(socket) {
    const message = await Promise.race([once(socket, 'message'), once(socket, 'close').then(() => null)]);
    socket.close();
    if (!message) throw new Error('the page has gone');
    const { error, result: { result, exceptionDetails: thrown } = {} } = JSON.parse(String(message[0]));
    if (error) throw new Error(error.message);
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return JSON.parse(result.value);
}

/** What the document of the one browser below `folder` says: `expression` is the promise of JSON. */
export const evaluated = async (folder, expression) => saidBy(await evaluate(folder, expression));

/** Opens another page beside that of the one browser below `folder`. While it is open, it is not said which of them others ask.
 * @returns {Promise<{evaluated: (expression: string) => Promise<any>, close: () => Promise<any>}>} */
export async function openTab(folder, url) {
    const address = await addressOf(folder), { id, webSocketDebuggerUrl: socket } = await (await fetch(`${address}/json/new?${url}`, { method: 'PUT' })).json();
    return { evaluated: async (expression) => saidBy(await evaluateAt(socket, expression)), close: () => fetch(`${address}/json/close/${id}`) };
}
