/**
 * What fetching from a hub costs against one plain curl that fetches the same file from the same
 * server on this machine, and hashes nothing: at full speed, and where the server limits each
 * connection (then curl is given as many of them). Rounds alternate; medians are compared.
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

function curl(args) {
    return new Promise((resolve, reject) => spawn('curl', ['-sSfL', ...args], { stdio: 'inherit' })
        .on('close', (status) => (status ? reject(new Error(`curl: ${status}`)) : resolve())));
}

/** Each of `count` connections fetches its part of the file. */
async function byCurl(count) {
    const part = Math.ceil(size / count);
    await Promise.all([...Array(count).keys()].map((index) => curl([
        ...(count > 1 ? ['-r', `${index * part}-${Math.min(size, (index + 1) * part) - 1}`] : []),
        '-o', path.join(home, `curl-${index}`), url])));
}

let folders = 0;
async function byFetch() {
    const folder = path.join(home, `fetch-${folders++}`);
    fs.mkdirSync(folder);
    const end = await fetchFiles(order(folder)).end;
    if (end.code !== 'ok') throw new Error(`${end.code}: ${end.detail}`);
    fs.rmSync(folder, { recursive: true });
    return end.cpu_ms;
}

const order = (() => {
    const whole = orderOf(hub, 'org/model', commit, files, '');
    return (folder) => ({ ...whole, folder });
})();

async function measure(name, bytesPerSecond, connections) {
    const seconds = { curl: [], fetch: [] }, cpu = [];
    const timed = async (what, work) => {
        const began = performance.now();
        const result = await work();
        seconds[what].push((performance.now() - began) / 1000);
        return result;
    };
    hub.bytesPerSecond = bytesPerSecond;
    for (let round = 0; round < rounds; round++) {
        await timed('curl', () => byCurl(connections));
        cpu.push(await timed('fetch', byFetch));
    }
    const rate = (what) => size / MiB / median(seconds[what]);
    return { name, connections, curl_mib_per_s: rate('curl'), fetch_mib_per_s: rate('fetch'),
        ratio: rate('fetch') / rate('curl'), cpu_ms_per_mib: median(cpu) / (size / MiB) };
}

try {
    const results = [
        await measure('full speed, one curl', 0, 1),
        await measure('24 MiB/s for each connection', 24 * MiB, CONNECTIONS)];
    console.log(JSON.stringify({ mib: size / MiB, rounds, results }));
    for (const one of results)
        console.log(`${one.name}: curl ${one.curl_mib_per_s.toFixed(0)} MiB/s, fetch ` +
            `${one.fetch_mib_per_s.toFixed(0)} MiB/s, ratio ${one.ratio.toFixed(2)}, ` +
            `${one.cpu_ms_per_mib.toFixed(2)} ms of CPU per MiB`);
} finally {
    await hub.close();
    clear(home);
}
