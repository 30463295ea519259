/**
 * A trustless gateway that has the blocks of a CAR, in a process of its own: as fast and as late as it is told, and no more
 * honest. Started by sources.mjs with these options as JSON:
 * `car`, the file; `rate`, bytes a second of all its answers together (0: no limit); `latency`, ms before each answer;
 * `lieEvery`, one answer in so many is a wrong block (0: none); `trickles`, a byte now and then is all that follows a head.
 * Tells its parent its URL, and, whenever it is asked, what it has sent and when the last of that was.
 */
import { CarIndexer } from '@ipld/car/indexer';
import fs from 'node:fs';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { drained } from '../../lib/hub.mjs';

const PIECE = 64 * 1024, TRICKLE_MS = 100;
/** What a timer was late is made good, as long as it was not later. */
const SLACK_MS = 20;

const { car, rate, latency, lieEvery, trickles } = JSON.parse(process.argv[2]);
const sent = { answers: 0, bytes: 0, lies: 0, last: 0 };
let free = 0;

/** Waits until so many bytes have left; who asks first is first. */
async function pass(bytes) {
    if (!rate) return;
    const now = performance.now();
    free = Math.max(free, now - SLACK_MS) + bytes / rate * 1000;
    if (free > now) await delay(free - now);
}

async function indexOf(file) {
    const blocks = new Map();
    for await (const { cid, blockOffset, blockLength } of await CarIndexer.fromIterable(fs.createReadStream(file, { highWaterMark: 1 << 20 })))
        blocks.set(`${cid}`, { at: blockOffset, size: blockLength });
    return blocks;
}

async function trickle(answer) {
    answer.flushHeaders();
    while (!answer.destroyed) {
        answer.write('x');
        await delay(TRICKLE_MS);
    }
}

async function send(answer, block) {
    for (let at = 0; at < block.length && !answer.destroyed; at += PIECE) {
        const piece = block.subarray(at, at + PIECE);
        await pass(piece.length);
        if (!answer.write(piece)) await drained(answer);
        sent.bytes += piece.length;
    }
    answer.end();
    sent.last = Date.now();
}

async function serve(blocks, file, { url }, answer) {
    answer.on('error', () => {}); // who asked has left
    const found = blocks.get(url.match(/^\/ipfs\/(\w+)\?format=raw$/)?.[1] ?? '');
    await delay(latency);
    if (!found) return answer.writeHead(404, { 'Content-Type': 'text/plain' }).end('it is not here\n');
    answer.writeHead(200, { 'Content-Type': 'application/vnd.ipld.raw', 'Content-Length': found.size });
    if (trickles) return trickle(answer);
    const { buffer: block } = await file.read(Buffer.allocUnsafe(found.size), 0, found.size, found.at);
    if (lieEvery && ++sent.answers % lieEvery === 0) {
        block[found.size >> 1] ^= 1;
        sent.lies++;
    }
    return send(answer, block);
}

const blocks = await indexOf(car), file = await fs.promises.open(car);
const server = http.createServer((request, answer) => serve(blocks, file, request, answer));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
process.on('message', () => process.send(sent));
process.on('disconnect', () => process.exit(0));
