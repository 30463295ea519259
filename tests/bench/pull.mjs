/**
 * What fetching from a hub costs against one plain curl that fetches the same file from the same
 * server on this machine, and hashes nothing: at full speed, and where the server limits each
 * connection (then curl is given as many of them). A fetch ends with its bytes on disk, so curl is
 * timed with and without that (fdatasync). The starts of the processes do not count, on either
 * side. Rounds alternate; medians are compared.
 *
 *   ./dev bench pull [--mib=N] [--rounds=N]
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { fetchFiles, orderOf } from '../lib/fetch-files.mjs';
import { content, startHub } from '../lib/hub.mjs';

const option = (name, fallback) => Number(process.argv.find((word) =>
    word.startsWith(`--${name}=`))?.split('=')[1] ?? fallback);
const MiB = 1024 * 1024;
const size = option('mib', 256) * MiB, rounds = option('rounds', 5);
const CONNECTIONS = 4; // as many as fetch.h lets a file have

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const home = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-bench-')));
const files = { 'model.gguf': content(size) };
const hub = await startHub();
const commit = hub.push('org/model', files);
const url = `${hub.url}/org/model/resolve/${commit}/model.gguf`;

/** Gives the seconds that it needed, by its own clock. */
function curl(args) {
    return new Promise((resolve, reject) => {
        const child = spawn('curl', ['-sSfL', '-w', '%{time_total}', ...args],
            { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (more) => (text += more));
        child.on('close', (status) => (status ? reject(new Error(`curl: ${status}`))
            : resolve(Number(text))));
    });
}

/** How long it takes until a file is on disk. */
function syncFile(name) {
    const file = fs.openSync(name, 'r');
    const began = performance.now();
    fs.fdatasyncSync(file);
    const seconds = (performance.now() - began) / 1000;
    fs.closeSync(file);
    return seconds;
}

/** Each of `count` connections fetches its part of the file. */
async function byCurl(count) {
    const part = Math.ceil(size / count);
    const names = [...Array(count).keys()].map((index) => path.join(home, `curl-${index}`));
    const seconds = Math.max(...await Promise.all(names.map((name, index) => curl([
        ...(count > 1 ? ['-r', `${index * part}-${Math.min(size, (index + 1) * part) - 1}`] : []),
        '-o', name, url]))));
    const synced = names.map(syncFile).reduce((sum, one) => sum + one, seconds);
    for (const name of names) fs.rmSync(name);
    return { seconds, synced };
}

let folders = 0;
async function byFetch() {
    const folder = path.join(home, `fetch-${folders++}`);
    fs.mkdirSync(folder);
    const end = await fetchFiles(order(folder)).end;
    if (end.code !== 'ok') throw new Error(`${end.code}: ${end.detail}`);
    fs.rmSync(folder, { recursive: true });
    return { seconds: end.ms / 1000, cpu: end.cpu_ms };
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
    const rate = (list, key) => size / MiB / median(list.map((one) => one[key]));
    const fetch = rate(fetches, 'seconds');
    return { name, connections, curl_mib_per_s: rate(curls, 'seconds'),
        synced_curl_mib_per_s: rate(curls, 'synced'), fetch_mib_per_s: fetch,
        ratio: fetch / rate(curls, 'seconds'), ratio_synced: fetch / rate(curls, 'synced'),
        cpu_ms_per_mib: median(fetches.map((one) => one.cpu)) / (size / MiB) };
}

try {
    const results = [
        await measure('full speed, one curl', 0, 1),
        await measure('24 MiB/s for each connection', 24 * MiB, CONNECTIONS)];
    console.log(JSON.stringify({ mib: size / MiB, rounds, results }));
    for (const one of results)
        console.log(`${one.name}: curl ${one.curl_mib_per_s.toFixed(0)} MiB/s ` +
            `(${one.synced_curl_mib_per_s.toFixed(0)} to the disk), ` +
            `fetch ${one.fetch_mib_per_s.toFixed(0)} MiB/s, ` +
            `ratio ${one.ratio.toFixed(2)} (${one.ratio_synced.toFixed(2)}), ` +
            `${one.cpu_ms_per_mib.toFixed(2)} ms of CPU per MiB`);
} finally {
    await hub.close();
    clear(home);
}
