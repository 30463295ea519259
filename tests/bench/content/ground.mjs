/** What the parts share: models of a size, the daemon that publishes them, and daemons that have nothing yet and pull. */
import fs from 'node:fs';
import path from 'node:path';
import { Daemon, withDaemon } from '../../lib/daemon.mjs';
import { content } from '../../lib/hub.mjs';
import { ownModels } from '../../lib/paths.mjs';
import { cpuSeconds } from '../../lib/processes.mjs';

export const MIB = 1 << 20, MB = 1e6;
export const quiet = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
export const FILE = 'finch-Q8_0.gguf';

/** The least of them: what is measured is at its best where nothing else disturbed it. */
export const best = (list) => Math.min(...list);

/** A file of that size that is a model: a small one, with bytes behind it. */
export function modelBytes(size, seed) {
    const head = fs.readFileSync(path.join(ownModels, 'finch', FILE));
    return Buffer.concat([head, content(size - head.length, seed)]);
}

export function putModel(store, name, size) {
    fs.mkdirSync(path.join(store, name), { recursive: true });
    fs.writeFileSync(path.join(store, name, FILE), modelBytes(size, name));
}

/** Publishes it: {cid, files, …}. */
export async function publish(daemon, name) {
    const { status, json, text } = await daemon.post(`/v1/models/${name}/publish`);
    if (status !== 200) throw new Error(`publish: ${status} ${text}`);
    return json;
}

/** A daemon that serves what it has published, without browsers. */
export const publisher = (more = {}) => new Daemon({ logToFile: true, config: { ...quiet, content: { serve: 'published' }, ...more } });

/** The daemon as a hub of others. */
export const neighbour = (daemon) => ({ url: daemon.bridgeUrl, layout: 'webinfer' });

/** A configuration with these hubs and no others. */
export const pullsFrom = (hubs, more = {}) => ({ ...quiet, 'hub.ipfs': { url: '' }, ...more,
    ...Object.fromEntries(Object.entries(hubs).map(([name, hub]) => [`hub.${name}`, hub])) });

/** Pulls it: what the daemon says at the end, and the seconds that it took. */
export async function pull(daemon, model) {
    const began = performance.now();
    const { status, text } = await daemon.post('/v1/models/pull', { model, stream: true });
    const seconds = (performance.now() - began) / 1000;
    const last = JSON.parse(text.match(/^data: (.*)$/gm)?.at(-1)?.slice(6) ?? '{}');
    if (status !== 200 || !last.name) throw new Error(`pull: ${status} ${text.slice(-1000)}`);
    return { ...last, seconds };
}

/** The same by a daemon that has nothing yet, with its CPU seconds. @returns {Promise<{seconds: number, cpu: number, sources: any[]}>} */
export const pullAnew = (config, model) => withDaemon({ ready: false, logToFile: true, config }, async (daemon) => {
    const before = cpuSeconds(daemon.pid);
    const { seconds, sources } = await pull(daemon, model);
    return { seconds, cpu: cpuSeconds(daemon.pid) - before, sources };
});

/** Each way once, and again, by turns and in turned order, so many rounds: {way: what it gave each time}.
 * @template T @param {Record<string, () => Promise<T>>} ways @returns {Promise<Record<string, T[]>>} */
export async function byTurns(ways, rounds) {
    const names = Object.keys(ways), found = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
        for (const name of round % 2 ? [...names].reverse() : names) {
            found[name].push(await ways[name]());
            process.stderr.write('.');
        }
    return found;
}

/** The least of a figure of each. */
export const least = (list, key) => best(list.map((one) => one[key]));
