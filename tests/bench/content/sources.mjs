/** Sources of known speed: gateways in processes of their own, each with the blocks of a CAR. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** @typedef {{car: string, rate?: number, latency?: number, lieEvery?: number, trickles?: boolean}} Options as source.mjs has them */

/** One of them; it ends with this process at the latest. @param {Options} options */
async function startSource({ rate = 0, latency = 0, lieEvery = 0, trickles = false, ...more }) {
    const child = fork(path.join(import.meta.dirname, 'source.mjs'), [JSON.stringify({ ...more, rate, latency, lieEvery, trickles })]);
    const [{ url }] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error('a source did not start'); })]);
    return {
        url,
        /** What it has sent: {answers, bytes, lies, last}. */
        async sent() {
            child.send('sent');
            return (await once(child, 'message'))[0];
        },
        async stop() {
            const ended = once(child, 'exit');
            child.disconnect();
            await ended;
        },
    };
}

/**
 * Has `work` done with sources of these names beside it.
 * @template T
 * @param {Record<string, Options>} options
 * @param {(sources: Record<string, Awaited<ReturnType<typeof startSource>>>) => Promise<T>} work
 */
export async function withSources(options, work) {
    const sources = {};
    try {
        for (const [name, one] of Object.entries(options)) sources[name] = await startSource(one);
        return await work(sources);
    } finally {
        for (const source of Object.values(sources)) await source.stop();
    }
}

/** They as hubs of a configuration. */
export const hubsOf = (sources) => Object.fromEntries(Object.entries(sources).map(([name, { url }]) => [name, { url, layout: 'ipfs' }]));
