/**
 * What fetching from a hub costs against one plain curl that fetches the same file from the same
 * server on this machine, and hashes nothing: at full speed, and where the server limits each
 * connection, also against as many curls for parts of the file as the fetch has files at a time. A fetch verifies the file, and ends with its
 * bytes on disk; so curl is timed alone, with a hash of what it wrote, with fdatasync, and with
 * both. The starts of the processes do not count, on either side. Rounds alternate; medians are
 * compared. The CPU of either side is its own and that of the server, which is this process.
 */
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, number } from '../lib/command-line.mjs';
import { fetchFiles, orderOf } from '../lib/fetch-files.mjs';
import { content, startHub } from '../lib/hub.mjs';

const MiB = 1024 * 1024;
const { mib, rounds } = commandLine('./dev bench pull', 'Fetching from a hub, against curl: tables.', {
    mib: number(256, 'size of the file in MiB'),
    rounds: number(5, 'how often each is measured'),
});
const size = mib * MiB;
const PEERS = { plain: 'curl', hashed: 'curl, then SHA-256', synced: 'curl, then fdatasync',
    both: 'curl, then both' };
const CONNECTIONS = 4;

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const home = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-bench-')));
const files = { 'model.gguf': content(size) };
const hub = await startHub();
const commit = hub.push('org/model', files);
const url = `${hub.url}/org/model/resolve/${commit}/model.gguf`;

/** Gives the seconds that it needed, by its own clock, and its CPU in ms. */
function curl(args) {
    return new Promise((resolve, reject) => {
        const child = spawn('bash', ['-c', 'TIMEFORMAT="%3U %3S"; time "$@"', 'bash',
            'curl', '-sSfL', '-w', '%{time_total} ', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
        let text = '', said = '';
        child.stdout.setEncoding('utf8').on('data', (more) => (text += more));
        child.stderr.setEncoding('utf8').on('data', (more) => (said += more));
        child.on('close', (status) => {
            if (status) return reject(new Error(`curl: ${status}: ${said}`));
            const [user, system] = said.trim().split(/\s+/).map(Number);
            resolve({ seconds: Number(text), cpu: 1000 * (user + system) });
        });
    });
}

/** How many seconds `work` takes. */
function timed(work) {
    const began = performance.now();
    work();
    return (performance.now() - began) / 1000;
}

function withFile(name, work) {
    const file = fs.openSync(name, 'r');
    work(file);
    fs.closeSync(file);
}

const syncFile = (name) => withFile(name, fs.fdatasyncSync);

function hashFile(name) {
    const hash = crypto.createHash('sha256'), piece = Buffer.alloc(256 * 1024);
    withFile(name, (file) => {
        for (let size; (size = fs.readSync(file, piece)) > 0;) hash.update(piece.subarray(0, size));
    });
    hash.digest();
}

/** The CPU of this process, in ms, while `work` is done. */
async function serving(work) {
    const before = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    return { ...result, server: (user + system) / 1000 };
}

/** Each of `count` connections fetches its part of the file. */
async function byCurl(count) {
    const part = Math.ceil(size / count);
    const names = [...Array(count).keys()].map((index) => path.join(home, `curl-${index}`));
    const { ends, server } = await serving(async () => ({ ends: await Promise.all(
        names.map((name, index) => curl([...(count > 1 ? ['-r',
            `${index * part}-${Math.min(size, (index + 1) * part) - 1}`] : []), '-o', name, url]))) }));
    const seconds = Math.max(...ends.map((one) => one.seconds));
    const sync = timed(() => names.forEach(syncFile)), hash = timed(() => names.forEach(hashFile));
    for (const name of names) fs.rmSync(name);
    return { plain: seconds, hashed: seconds + hash, synced: seconds + sync,
        both: seconds + hash + sync, server, cpu: ends.reduce((sum, one) => sum + one.cpu, 0) };
}

let folders = 0;
async function byFetch() {
    const folder = path.join(home, `fetch-${folders++}`);
    fs.mkdirSync(folder);
    const end = await serving(() => fetchFiles(order(folder)).end);
    if (end.code !== 'ok') throw new Error(`${end.code}: ${end.detail}`);
    fs.rmSync(folder, { recursive: true });
    return { seconds: end.ms / 1000, cpu: end.cpu_ms, server: end.server };
}

const order = (() => {
    const whole = orderOf(hub, 'org/model', commit, files, '');
    return (folder) => ({ ...whole, folder });
})();

async function measure(name, bytesPerSecond, connections) {
    const curls = [], fetches = [];
    hub.bytesPerSecond = bytesPerSecond;
    for (let round = 0; round < rounds; round++) {
        curls.push(await byCurl(connections));
        fetches.push(await byFetch());
    }
    const middle = (list, key) => median(list.map((one) => one[key]));
    const rate = (list, key) => size / MiB / middle(list, key);
    const cost = (list, key) => middle(list, key) / (size / MiB);
    const fetch = rate(fetches, 'seconds');
    return { name, connections, fetch_mib_per_s: fetch,
        curl: Object.fromEntries(Object.keys(PEERS).map((key) => [key,
            { mib_per_s: rate(curls, key), ratio: fetch / rate(curls, key) }])),
        ms_per_mib: { fetch: cost(fetches, 'cpu'), server_of_fetch: cost(fetches, 'server'),
            curl: cost(curls, 'cpu'), server_of_curl: cost(curls, 'server') } };
}

try {
    const results = [
        await measure('full speed, one curl', 0, 1),
        await measure('24 MiB/s for each connection, one curl', 24 * MiB, 1),
        await measure(`24 MiB/s for each connection, ${CONNECTIONS} curls`, 24 * MiB, CONNECTIONS)];
    console.log(JSON.stringify({ mib: size / MiB, rounds, results }));
    for (const { name, fetch_mib_per_s: fetch, curl: peers, ms_per_mib: cpu } of results) {
        console.log(`${name}: fetch ${fetch.toFixed(0)} MiB/s`);
        for (const [key, what] of Object.entries(PEERS))
            console.log(`  ${what.padEnd(28)} ${peers[key].mib_per_s.toFixed(0).padStart(5)} MiB/s, ` +
                `ratio ${peers[key].ratio.toFixed(2)}`);
        console.log(`  ms of CPU per MiB: fetch ${cpu.fetch.toFixed(2)} and ` +
            `${cpu.server_of_fetch.toFixed(2)} of the server; ` +
            `curl ${cpu.curl.toFixed(2)} and ${cpu.server_of_curl.toFixed(2)}`);
    }
} finally {
    await hub.close();
    clear(home);
}
