/**
 * ./dev chaos: real browsers under load while a seeded script breaks them, one fault after another,
 * each at a random moment of the traffic. Nothing may be lost, answered twice or answered wrongly, and
 * each part of a stream comes once.
 *
 * Its last line is one JSON object; its exit status is 1 unless lost, duplicated, wrong, gaps and
 * repeated are 0. The daemon's log stays, where the first line says, unless all went well.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { quantile } from '../bench/figures.mjs';
import { commandLine, names, number } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { until } from '../lib/wait.mjs';
import { MODEL, putLetters } from './chats.mjs';
import { faults } from './faults.mjs';
import { Load, models, TIMEOUT_MS } from './load.mjs';
import { seeded } from './random.mjs';

/** The longest that a pool may take to be whole again after one fault; on a machine with much else
 * to do, a browser's start alone may take a minute. */
const RECOVERY_MS = 300_000;

const { seed, requests, clients, kinds, faults: faultCount = Math.max(12, Math.round(requests / 100)) } = commandLine(
    './dev chaos', 'Load real browsers and break them; its last line is one JSON object.', {
        seed: number(Date.now() % 1_000_000, 'what is drawn at random begins with it', 0),
        requests: number(1000, 'of all clients together'),
        faults: number(undefined, 'one after another (default a hundredth of the requests, but 12 at least)', 0),
        clients: number(8, 'at once'),
        kinds: names(['chrome', 'firefox', 'edge', 'safari'], 'of browsers', ['chrome', 'firefox']),
    });

/** Two of the first kind and one of each other, with heartbeats quick enough for a test. */
function config(proxy) {
    const browsers = Object.fromEntries(kinds.map((kind, index) =>
        [`browser.${kind}`, { min_connections: index ? 1 : 2, max_connections: 3 }]));
    const count = kinds.length + 1;
    return {
        ...browsers,
        bridge: { public_url: proxy.url, heartbeat_interval: '500ms', heartbeat_misses: 3,
            resume_grace: '3s' },
        pool: { min_connections: count, max_connections: count + 1, max_queue: 10_000,
            numerics: 'off', exploration: '0%', connection_timeout: '90s',
            network: 'host' }, // in networks of their own they would pass the proxy by
        log: { level: 'debug' },
    };
}

/** Every session is there again, each with a page that answers. */
async function isWhole(daemon, wanted) {
    const { sessions, nodes } = await daemon.status();
    const serving = sessions.filter(({ state }) => ['ready', 'busy'].includes(state));
    const connected = nodes.filter((node) => !node.away && !node.draining);
    return serving.length >= wanted && connected.length >= wanted;
}

/** The faults to come: every kind in turn, in an order of the seed. */
function* script(random) {
    for (;;) yield* random.shuffled(Object.keys(faults));
}

async function breakThings({ daemon, proxy, random, load, wanted }) {
    const recoveries = new Map();
    const share = requests / faultCount;
    const names = script(random);
    for (let slot = 0; slot < faultCount; slot++) {
        load.allow(Math.round((slot + random.next()) * share));
        await until(() => load.started >= Math.min(load.answered + load.clients,
            Math.round(slot * share)), { what: 'the traffic to go on', timeout: RECOVERY_MS });
        const name = names.next().value;
        const began = performance.now();
        const done = await faults[name]({ daemon, proxy, random, load });
        load.allow(Math.round((slot + 1) * share));
        if (!done) {
            console.log(`${slot + 1}/${faultCount} ${name}: nothing to strike`);
            continue;
        }
        // A struck process needs a moment to be missed; the requests of the slot are that moment.
        await until(() => load.answered >= Math.round((slot + 1) * share),
            { what: `the requests after "${name}" to be answered`, timeout: RECOVERY_MS });
        await until(() => isWhole(daemon, wanted),
            { what: `the pool to recover from "${name}"`, timeout: RECOVERY_MS });
        const ms = performance.now() - began;
        recoveries.set(name, [...(recoveries.get(name) ?? []), ms]);
        console.log(`${slot + 1}/${faultCount} ${name} (${done}): whole again after ` +
            `${(ms / 1000).toFixed(1)} s`);
    }
    load.allow(requests);
    await until(() => load.answered >= requests, { what: 'the last answers', timeout: TIMEOUT_MS + 30_000 });
    return recoveries;
}

function report(load, recoveries, { duplicated, continued, continuedChats }) {
    const { begun, parts, gaps, repeated, chats } = load.streams;
    console.log('\nfault                 times  whole again after: median, longest');
    for (const [name, list] of [...recoveries].sort())
        console.log(`${name.padEnd(22)}${String(list.length).padStart(5)}` +
            `${(quantile(list, 0.5) / 1000).toFixed(1).padStart(10)} s` +
            `${(Math.max(...list) / 1000).toFixed(1).padStart(8)} s`);
    console.log(`\nanswers: p50 ${quantile(load.times, 0.5).toFixed(1)} ms, ` +
        `p99 ${quantile(load.times, 0.99).toFixed(0)} ms; ${load.left} clients left on purpose, ` +
        `${load.poisoned} jobs broke two nodes alone`);
    for (const [what, list] of [['lost', load.lost], ['wrong', load.wrong]])
        for (const line of list.slice(0, 10)) console.log(`${what}: ${line.slice(0, 400)}`);
    console.log(JSON.stringify({ seed, requests: load.started, lost: load.lost.length, duplicated,
        wrong: load.wrong.length, retried: load.retried, poisoned: load.poisoned,
        p50_ms: quantile(load.times, 0.5), p99_ms: quantile(load.times, 0.99),
        streams: begun, parts, gaps, repeated, continued, chats, chats_continued: continuedChats }));
    return [load.lost.length, load.wrong.length, duplicated, gaps, repeated].every((n) => n === 0);
}

async function main() {
    const random = seeded(seed);
    const proxy = await new Proxy().listen();
    const log = path.join(os.tmpdir(), `webinfer-chaos-${seed}-${process.pid}.log`);
    const daemon = new Daemon({ config: config(proxy), models: [...models(), MODEL], logToFile: log });
    putLetters(daemon.store);
    console.log(`chaos: seed ${seed}, ${requests} requests, ${faultCount} faults, ` +
        `${kinds.join(' and ')}; log in ${log}`);
    let good = false;
    try {
        await daemon.start({ ready: false });
        proxy.to(daemon.bridgeUrl);
        const wanted = kinds.length + 1;
        await until(() => isWhole(daemon, wanted), { what: 'all sessions', timeout: RECOVERY_MS });
        const load = new Load(daemon, random, clients);
        await load.streams.prepare(kinds);
        load.run();
        const recoveries = await breakThings({ daemon, proxy, random, load, wanted });
        await load.stop();
        // Each job has one answer: more answers than jobs would be answers given twice.
        const { accepted, completed, failed } = (await daemon.status()).counters.jobs;
        const duplicated = Math.max(0, completed + failed - accepted);
        const continued = await daemon.metric('webinfer_stream_continued_total');
        const continuedChats = load.streams.continuedChats(daemon.log);
        good = report(load, recoveries, { duplicated, continued, continuedChats });
        await daemon.stop();
    } catch (error) {
        console.error(daemon.explain(error).message);
        good = false;
    } finally {
        await daemon.abandon();
        await proxy.close();
        if (good) fs.rmSync(log, { force: true });
    }
    process.exit(good ? 0 : 1);
}

await main();
