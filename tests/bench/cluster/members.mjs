/**
 * Jobs that are done a second by three members against one, each with two simulated nodes that take 20 ms for one job after
 * the other, as a browser's engine does.
 */
import { until } from '../../lib/wait.mjs';
import { shown, spread, table } from '../figures.mjs';
import { begun, endedBy, jobsOf, withRoom } from './room.mjs';

const COUNTS = [1, 3], NODES = 2, LATENCY_MS = 20;

/** Jobs a second, from the first request to the last end. @param {{members: any[], posts: any[]}} cluster @param {number} jobs for each member */
async function rateOf({ members, posts }, jobs) {
    const ended = async () => (await Promise.all(members.map(endedBy))).reduce((sum, one) => sum + one, 0);
    const wanted = await ended() + jobs * members.length, began = performance.now();
    await Promise.all(posts.map((post) => post(jobs, 1, 8)));
    await until(async () => await ended() >= wanted, { what: 'the end of all jobs', timeout: 120_000, every: 50 });
    return 1000 * jobs * members.length / (performance.now() - began);
}

/** @param {{client: string, rounds: number, jobs: number}} options */
export const measure = ({ client, rounds, jobs }) => withRoom(async ({ servers, member, nodes }) => {
    const nats = await servers(1), clusters = [];
    for (const count of COUNTS) {
        const members = [], posts = [];
        for (let i = 0; i < count; i++) {
            const one = await begun(member(nats, `m${i}`, { prefix: `of${count}` }));
            await nodes(one, { nodes: NODES, latencyMs: LATENCY_MS, serial: true });
            members.push(one);
            posts.push(jobsOf(client, one, `of${count}-${i}`));
        }
        clusters.push({ count, members, posts, found: /** @type {number[]} */ ([]) });
    }
    for (let round = -1; round < rounds; round++)
        for (const cluster of round % 2 ? clusters : [...clusters].reverse()) {
            const rate = await rateOf(cluster, Math.ceil(jobs / 4));
            if (round >= 0) cluster.found.push(rate);
        }
    const [{ found: base }] = clusters;
    return clusters.map(({ count, found }) => ({ members: count, per_second: spread(found), ratio: spread(found.map((rate, round) => rate / base[round])) }));
});

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const print = (rows) => table(`Jobs done a second, ${NODES} nodes of ${LATENCY_MS} ms at each member (goal: 3 members at least 2.5 times one)`,
    ['members', 'per second', 'times one'], rows.map(({ members, per_second: rate, ratio }) => [members, shown(rate), shown(ratio)]));
