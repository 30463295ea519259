/**
 * How often an echo is copied, read and written, on both ends of the socket: by the server (copies.c), and by the code of the
 * page's two workers. The floor's page hands over what it gets, and does nothing of this.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Daemon } from '../lib/daemon.mjs';
import { evaluated } from '../lib/devtools.mjs';
import { spoiledPage } from '../lib/spoiled-page.mjs';
import { table } from './figures.mjs';

const CHANNEL = 'webinfer-copies';
/** Answers of the workers are waited for so long. */
const PATIENCE_MS = 300;

/** At the head of a worker of the page. It is serialised. @param {string} name */
function count(name) {
    const counts = {}, channel = new BroadcastChannel(name), who = /link-/.test(self.location.href) ? 'link worker' : 'engine worker';
    const around = (owner, method, what, sizeOf) => {
        const original = owner[method];
        owner[method] = function (...given) {
            const result = original.apply(this, given), row = counts[what] ??= { times: 0, bytes: 0 };
            row.times++;
            row.bytes += sizeOf(result, given) ?? 0;
            return result;
        };
    };
    const bytes = Object.getPrototypeOf(Uint8Array.prototype);
    around(bytes, 'set', 'copies of bytes', (_, [from]) => from.byteLength);
    around(bytes, 'slice', 'copies of bytes', ({ byteLength }) => byteLength);
    around(TextDecoder.prototype, 'decode', 'texts decoded', (_, [from]) => from?.byteLength);
    around(TextEncoder.prototype, 'encodeInto', 'texts encoded', ({ written }) => written);
    around(JSON, 'parse', 'JSON read', (_, [text]) => text.length);
    around(JSON, 'stringify', 'JSON written', (text) => text?.length);
    around(WebSocket.prototype, 'send', 'sent', (_, [frame]) => frame.byteLength ?? frame.length);
    around(MessagePort.prototype, 'postMessage', 'messages through a port', () => 0);
    channel.onmessage = ({ data }) => data === 'take' && channel.postMessage({ who, counts });
}

/** What the workers of a daemon's page have counted so far. @returns {Promise<Record<string, {times: number, bytes: number}>>} */
async function takeCounts(daemon) {
    const said = await evaluated(daemon.temporary, `new Promise((resolve) => {
        const channel = new BroadcastChannel(${JSON.stringify(CHANNEL)}), said = [];
        channel.onmessage = ({ data }) => said.push(data);
        channel.postMessage('take');
        setTimeout(() => { channel.close(); resolve(JSON.stringify(said)); }, ${PATIENCE_MS});
    })`);
    const counts = {};
    for (const { who, counts: own } of said)
        for (const [what, { times, bytes }] of Object.entries(own)) {
            const row = counts[`${who}: ${what}`] ??= { times: 0, bytes: 0 };
            row.times += times;
            row.bytes += bytes;
        }
    return counts;
}

/** A file that a program counts its copies in, and what they are so far. */
function counterIn(folder, name) {
    const file = path.join(folder, `${name}.copies`);
    fs.writeFileSync(file, Buffer.alloc(16));
    return { file, read: () => {
        const bytes = fs.readFileSync(file);
        return { times: Number(bytes.readBigUInt64LE(0)), bytes: Number(bytes.readBigUInt64LE(8)) };
    } };
}

const less = (after, before, many) => ({ times: (after.times - (before?.times ?? 0)) / many, bytes: (after.bytes - (before?.bytes ?? 0)) / many });

/**
 * @param {{built: {folder: string, copies: string}, many: number, echoAt: (name: string, port: number) => Promise<any>,
 *   startFloor: (env: Record<string, string>) => Promise<any>}} how `echoAt`: who echoes at that port, prepared
 * @returns {Promise<Record<string, {webinfer?: object, floor?: object}>>} for each request, by who does what
 */
export async function measureCopies({ built, many, echoAt, startFloor }) {
    const page = spoiledPage({ link: count, 'engine-wasm': count }, CHANNEL), ours = counterIn(built.folder, 'webinferd'), theirs = counterIn(built.folder, 'floor');
    const env = ({ file }) => ({ LD_PRELOAD: built.copies, WEBINFER_COPIES: file });
    const daemon = new Daemon({ config: { bridge: { page }, pool: { max_connections: 1, recycle_after: 0, network: 'host' } }, logToFile: true, env: env(ours) });
    const rows = {};
    let floor;
    try {
        await daemon.start();
        floor = await startFloor(env(theirs));
        const echo = await echoAt('webinfer', Number(new URL(daemon.url).port)), floorEcho = await echoAt('floor', floor.port);
        const before = await takeCounts(daemon), copied = ours.read();
        await echo.measure('100B', 1, 0, many);
        rows['server: copies of 64 B and more'] = { webinfer: less(ours.read(), copied, many) };
        for (const [what, after] of Object.entries(await takeCounts(daemon))) rows[what] = { webinfer: less(after, before[what], many) };
        const floorCopied = theirs.read();
        await floorEcho.measure('100B', 1, 0, many);
        rows['server: copies of 64 B and more'].floor = less(theirs.read(), floorCopied, many);
    } finally {
        await floor?.stop();
        await daemon.stop();
        fs.rmSync(page, { recursive: true });
    }
    return rows;
}

export function printCopies(rows) {
    const cells = (one) => (one ? [Number(one.times.toFixed(2)), Math.round(one.bytes)] : ['-', '-']);
    return table('Copies for an echo of 100 B, one client; the page of the floor makes none', ['who: what', 'webinfer, times', 'bytes', 'floor, times', 'bytes'],
        Object.entries(rows).map(([what, { webinfer, floor }]) => [what, ...cells(webinfer), ...cells(floor)]));
}
