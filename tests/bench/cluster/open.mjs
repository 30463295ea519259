/**
 * Many jobs that are accepted and wait: how fast more are accepted, against 1,000 that wait, and how soon each member lists
 * them; then how soon a member that comes has them, and for how long it does not answer meanwhile.
 */
import { until } from '../../lib/wait.mjs';
import { quantile, spread, table } from '../figures.mjs';
import { begun, jobsOf, STUCK, withRoom } from './room.mjs';

/** As few as wait at first; jobs of one measurement; clients that share the others. */
const FEW = 1000, MEASURED = 2000, CLIENTS = 16;
const LISTS = 9, PATHS = ['/v1/jobs?limit=100', '/v1/jobs?state=queued&limit=1000'];

/** Milliseconds of a request. @param {any} member @param {string} path */
async function timed(member, path) {
    const began = performance.now(), { status, json } = await member.get(path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
    return { ms: performance.now() - began, json };
}

/** The slowest of some lists of each path. @param {any} member */
async function slowestList(member) {
    const times = [];
    for (let i = 0; i < LISTS; i++)
        for (const path of PATHS) times.push((await timed(member, path)).ms);
    return Math.max(...times);
}

/** Starts the member, and asks again and again whether it lives. @param {any} member */
async function follow(member) {
    const times = /** @type {number[]} */ ([]);
    await member.start({ ready: false });
    const began = performance.now();
    await until(async () => {
        times.push((await timed(member, '/healthz')).ms);
        return (await member.get('/v1/jobs')).status === 200;
    }, { what: 'the jobs of a member that comes', timeout: 120_000, every: 1 });
    return { seconds: (performance.now() - began) / 1000, health_p99_ms: quantile(times, 0.99), health_max_ms: Math.max(...times) };
}

/** @param {{client: string, open: number}} options */
export const measure = ({ client, open }) => withRoom(async ({ servers, member, nodes }) => {
    const nats = await servers(1), members = [];
    for (const name of ['a', 'b', 'c']) members.push(await begun(member(nats, name)));
    await nodes(members[0], STUCK);
    const post = jobsOf(client, members[0], 'open'), each = Math.ceil((open - FEW - 2 * MEASURED) / CLIENTS);
    await post(FEW, 2);
    const few = (await post(MEASURED, 2)).per_second;
    for (let i = 0; i < CLIENTS; i++) await post(each, 3 + i);
    const many = (await post(MEASURED, 3 + CLIENTS)).per_second;
    const newest = (await timed(members[0], '/v1/jobs?limit=1')).json.jobs[0].id, began = performance.now();
    const lists = [];
    for (const one of members) {
        await until(async () => (await timed(one, '/v1/jobs?limit=1')).json.jobs[0].id === newest, { what: 'the newest job', timeout: 60_000, every: 5 });
        lists.push({ behind_ms: performance.now() - began, slowest_ms: await slowestList(one) });
    }
    return { open: FEW + 2 * MEASURED + CLIENTS * each, few, many, ratio: many / few, slowest_ms: spread(lists.map(({ slowest_ms: ms }) => ms)), lists,
        comes: await follow(member(nats, 'd')) };
});

/** @param {Awaited<ReturnType<typeof measure>>} found */
export const print = (found) => table(`${found.open} open jobs, three members (goals: the rate at least 0.5 of that with ${FEW}; a list in at most 1 s)`,
    ['what', 'figure'], [
        [`accepted a second, ${FEW} open`, found.few], ['accepted a second, nearly all open', found.many], ['ratio', found.ratio],
        ...found.lists.map(({ slowest_ms: ms }, i) => [`the slowest list at member ${i + 1}, ms`, ms]),
        ['a member that comes has them after, s', found.comes.seconds],
        ['GET /healthz there meanwhile: p99, ms', found.comes.health_p99_ms], ['longest, ms', found.comes.health_max_ms]]);
