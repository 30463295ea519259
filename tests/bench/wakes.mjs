/**
 * How often threads wake up for one echo, and how many messages a node gets and sends for it: counts, which say more of the way
 * of a request than its time, and differ less between machines.
 */
import fs from 'node:fs';
import { request } from '../lib/http.mjs';
import * as processes from '../lib/processes.mjs';
import { spread, table } from './figures.mjs';

/** A thread that wakes up less often for an echo does so for other reasons. */
const LEAST = 0.02;

function read(file) {
    try {
        return fs.readFileSync(file, 'latin1');
    } catch {
        return ''; // it has ended
    }
}

/** How often each thread of these processes has slept so far, by its process and name. @returns {Map<string, number>} */
function sleeps(list) {
    const counts = new Map();
    for (const { pid, name } of list)
        for (const thread of fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : []) {
            const folder = `/proc/${pid}/task/${thread}`, key = `${name}: ${read(`${folder}/comm`).trim()}`;
            const [, count = 0] = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(read(`${folder}/status`)) ?? [];
            counts.set(key, (counts.get(key) ?? 0) + Number(count));
        }
    return counts;
}

/** A server with its browser: the server's process, and those below `parent`. */
const family = (server, parent) => [{ pid: server, name: 'server' },
    ...processes.descendants(parent).map((one) => ({ pid: one.pid, name: processes.role(one) }))];

/** Messages to and from nodes so far. */
async function messages(url) {
    const { text } = await request(`${url}/metrics`);
    return ['sent', 'received'].map((way) => Number(new RegExp(`^webinfer_bridge_frames_${way}_total (\\d+)$`, 'm').exec(text)?.[1] ?? NaN));
}

/** Wake-ups of each thread for an echo: `many` of them, one at a time. */
async function wakesOf({ contestant, server, parent }, many) {
    const list = family(server, parent), before = sleeps(list);
    await contestant.measure('100B', 1, 0, many);
    const after = sleeps(list);
    return new Map([...after].map(([key, count]) => [key, (count - (before.get(key) ?? 0)) / many]));
}

/**
 * The wake-ups of a server and of its browser for an echo of 100 B with one client, of both contestants by turns.
 * @param {{webinfer: object, floor: object, url: string, rounds: number, many: number}} who each contestant with its processes
 */
export async function measureWakes({ webinfer, floor, url, rounds, many }) {
    const seen = { webinfer: [], floor: [] }, messagesSeen = [];
    for (let round = 0; round < rounds; round++) {
        const before = await messages(url);
        seen.webinfer.push(await wakesOf(webinfer, many));
        messagesSeen.push((await messages(url)).map((count, i) => (count - before[i]) / many));
        seen.floor.push(await wakesOf(floor, many));
    }
    const medians = ([...names], list) => names.map((name) => [name, spread(list.map((one) => one.get(name) ?? 0))]);
    const result = Object.fromEntries(Object.entries(seen).map(([who, list]) => {
        const threads = medians(new Set(list.flatMap((one) => [...one.keys()])), list).filter(([, { median }]) => median >= LEAST);
        const sums = list.map((one) => [...one.values()].reduce((sum, count) => sum + count, 0));
        return [who, { threads: Object.fromEntries(threads.sort(([, a], [, b]) => b.median - a.median)), all: spread(sums) }];
    }));
    return { many, ...result, messages: { sent: spread(messagesSeen.map(([sent]) => sent)), received: spread(messagesSeen.map(([, received]) => received)) } };
}

export function printWakes({ webinfer, floor, messages: { sent, received } }) {
    const names = [...new Set([...Object.keys(webinfer.threads), ...Object.keys(floor.threads)])];
    const shown = (one) => one?.median ?? '-';
    return table('Wake-ups for an echo of 100 B, one client', ['process: thread', 'webinfer', 'floor'],
        [...names.map((name) => [name, shown(webinfer.threads[name]), shown(floor.threads[name])]),
            ['all', webinfer.all.median, floor.all.median],
            ['messages to a node; the floor sends one', sent.median, 1], ['messages from a node; the floor gets one', received.median, 1]]);
}
