/** Jobs that 32 clients have accepted, by a member at one server and at three, against a daemon with a database of its own. */
import { shown, spread, table } from '../figures.mjs';
import { begun, jobsOf, STUCK, withRoom } from './room.mjs';

const SERVERS = { sqlite: 0, r1: 1, r3: 3 };

/** @param {{client: string, rounds: number, jobs: number}} options */
export const measure = ({ client, rounds, jobs }) => withRoom(async ({ servers, member, nodes }) => {
    const all = [];
    for (const [name, count] of Object.entries(SERVERS)) {
        const daemon = await begun(member(count ? await servers(count) : [], name));
        await nodes(daemon, STUCK);
        all.push({ name, post: jobsOf(client, daemon, name), found: /** @type {number[]} */ ([]) });
    }
    for (let round = -1; round < rounds; round++)
        for (const one of round % 2 ? all : [...all].reverse()) {
            const { per_second: rate } = await one.post(jobs);
            if (round >= 0) one.found.push(rate);
        }
    const [{ found: base }] = all;
    return all.map(({ name, found }) => ({ name, per_second: spread(found), ratio: spread(found.map((rate, round) => rate / base[round])) }));
});

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const print = (rows) => table('Jobs accepted a second, 32 clients (goals: r1 at least 0.5, r3 at least 0.25)',
    ['kept by', 'per second', 'of sqlite'], rows.map(({ name, per_second: rate, ratio }) => [name, shown(rate), shown(ratio)]));
