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

/** Has the document of the one browser below `folder` evaluate `expression`, and does not wait: what it is, or
 * the promise of, is the socket's first message. */
export async function evaluate(folder, expression) {
    const [file] = await until(() => {
        const found = find(folder, 'DevToolsActivePort');
        return found.length && found;
    }, { what: 'the port for debugging' });
    const [port] = fs.readFileSync(file, 'utf8').split('\n');
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const { webSocketDebuggerUrl: url } = targets.find(({ type }) => type === 'page');
    const socket = new WebSocket(url);
    await once(socket, 'open');
    const params = { expression, awaitPromise: true };
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
    return socket;
}

/** What the document of the one browser below `folder` says: `expression` is the promise of JSON. */
export async function evaluated(folder, expression) {
    const socket = await evaluate(folder, expression);
    const [message] = await once(socket, 'message');
    socket.close();
    const { result, exceptionDetails: thrown } = JSON.parse(String(message)).result;
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return JSON.parse(result.value);
}
