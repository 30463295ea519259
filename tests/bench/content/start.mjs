/**
 * How long the first token of a model is away that is not here: `webinfer run ipfs://CID TEXT` beside a Chromium that is ready,
 * with one, two and three sources alike, and how much of that is after the last byte was sent. The weights are random, the
 * shape is that of a small language model.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { withDaemon } from '../../lib/daemon.mjs';
import { cliPath } from '../../lib/paths.mjs';
import { fileOf, makeShapes } from '../chat/shapes.mjs';
import { spread } from '../figures.mjs';
import { fetchTo } from './curl.mjs';
import { byTurns, MB, publish, publisher } from './ground.mjs';
import { hubsOf, withSources } from './sources.mjs';

const SHAPE = '44M', SOURCE = { rate: 20 * MB, latency: 20 };

/** Seconds until the first byte of the answer, and when that was. */
function run(daemon, model) {
    const began = performance.now();
    const child = spawn(cliPath, ['run', model, 'Once', '--option', 'max_tokens=4'], { stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, HOME: path.join(daemon.folder, 'home'), LANG: 'C.UTF-8', WEBINFER_URL: daemon.url } });
    let problems = '', first = null;
    child.stdout.once('data', () => (first = { seconds: (performance.now() - began) / 1000, at: Date.now() }));
    child.stderr.on('data', (text) => (problems += text));
    return new Promise((resolve, reject) => child.on('close', (code) =>
        code === 0 && first ? resolve(first) : reject(new Error(`webinfer run: ${code}: ${problems}`))));
}

/** The first token with so many sources: seconds in all, and after the last byte. */
const firstToken = (car, model, count) => () =>
    withSources(Object.fromEntries(['a', 'b', 'c'].slice(0, count).map((name) => [name, { car, ...SOURCE }])), (sources) => {
        const hubs = Object.entries(hubsOf(sources)).map(([name, hub]) => [`hub.${name}`, hub]);
        const config = { pool: { max_connections: 1, min_connections: 1 }, 'hub.ipfs': { url: '' }, ...Object.fromEntries(hubs) };
        return withDaemon({ logToFile: true, config }, async (daemon) => {
            const { seconds, at } = await run(daemon, model);
            const last = Math.max(...(await Promise.all(Object.values(sources).map((source) => source.sent()))).map((one) => one.last));
            return { seconds, after: (at - last) / 1000 };
        });
    });

/** @param {{rounds: number}} options */
export async function measureStart({ rounds }) {
    const daemon = publisher(), car = path.join(daemon.folder, 'start.car');
    makeShapes(daemon.store, [SHAPE]);
    await daemon.start({ ready: false });
    try {
        const { cid } = await publish(daemon, SHAPE), model = `ipfs://${cid}`;
        await fetchTo(car, `${daemon.bridgeUrl}/ipfs/${cid}?format=car`);
        const found = await byTurns(Object.fromEntries([1, 2, 3].map((count) => [count, firstToken(car, model, count)])), rounds);
        return { mb: fs.statSync(fileOf(daemon.store, SHAPE)).size / MB, rate: SOURCE.rate / MB, rows: [1, 2, 3].map((sources) => ({ sources,
            seconds: spread(found[sources].map((one) => one.seconds)), after: spread(found[sources].map((one) => one.after)) })) };
    } finally {
        await daemon.stop();
    }
}
