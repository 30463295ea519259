/**
 * What the servers of a cluster have of its stored jobs. nats-server 2.9 may come back from a SIGKILL with a replica that lacks
 * records, and calls itself healthy: if it led the others next, these would be lost. It gets an empty disk, which the others fill.
 */
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../lib/wait.mjs';

/** How long a server may take to follow the others, and to be filled by them. */
const FOLLOW_MS = 20_000, FILL_MS = 60_000;

/** Those whose server has not what the leader has. @param {import('../lib/member-machine.mjs').MemberMachine[]} machines */
async function behind(machines) {
    const found = await Promise.all(machines.map((one) => one.replica()));
    const at = machines.findIndex(({ name }, i) => found[i].leader === name);
    if (at < 0) throw new Error('no server leads');
    return machines.filter((_, i) => found[i].messages !== found[at].messages || found[i].last !== found[at].last);
}

/** Waits until all servers have the same. @param {import('../lib/member-machine.mjs').MemberMachine[]} machines @param {number} timeout */
const areEqual = (machines, timeout) => until(async () => (await behind(machines)).length === 0,
    { what: 'the servers to have the same records', timeout, every: 50 });

/** How many servers got an empty disk. @param {import('../lib/member-machine.mjs').MemberMachine[]} machines that are whole */
export async function mendReplicas(machines) {
    for (let count = 0; count <= machines.length; count++) {
        const isGood = await areEqual(machines, count ? FILL_MS : FOLLOW_MS).catch(() => false);
        if (isGood) return count;
        const [one] = await behind(machines);
        if (!one) return count;
        console.log(`  the server of ${one.name} has not all records: ${JSON.stringify(await one.replica())}; it gets an empty disk`);
        await one.server.kill();
        fs.rmSync(path.join(one.server.folder, 'jetstream'), { recursive: true, force: true });
        await one.server.run();
        await until(() => one.isCurrent(), { what: `the server of ${one.name}`, timeout: FILL_MS, every: 100 });
    }
    throw new Error('the servers do not come to have the same records');
}
