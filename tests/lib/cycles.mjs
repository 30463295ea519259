/** Opens and closes a kind's browser again and again, and measures whether anything stays behind. */
import fs from 'node:fs';
import * as browsers from './browsers.mjs';
import { Daemon } from './daemon.mjs';
import * as processes from './processes.mjs';
import { until } from './wait.mjs';

/** How much the daemon may have grown: what an allocator keeps, and no more with more cycles.
 * AddressSanitizer keeps up to 256 MiB of what was freed. */
const GROWTH = 16 << 20;
/** Connections that one browser happens to keep open and another not; fewer than cycles. */
const CONNECTIONS = 4;
/** The first cycles fill caches. */
const WARM = 2;

const files = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? fs.readdirSync(`${folder}/${entry.name}`) : [entry.name]).length;

const measure = (daemon) => ({
    sessions: processes.descendants(daemon.pid).filter((one) =>
        processes.role(one) === 'lifeline').length,
    descriptors: fs.readdirSync(`/proc/${daemon.pid}/fd`).length,
    files: files(daemon.temporary),
    resident: processes.cost(daemon.pid).resident,
});

/** One browser goes by order, and the next one serves. */
async function cycle(daemon) {
    const [{ id }] = (await daemon.status()).sessions;
    const { status } = await daemon.post(`/v1/sessions/${id}/recycle`, {});
    if (status !== 200 && status !== 202) throw new Error(`recycle was answered ${status}`);
    await until(async () => {
        const { sessions } = await daemon.status();
        return sessions.length === 1 && sessions[0].id !== id && sessions[0].state === 'ready';
    }, { what: 'the next browser', timeout: 300_000, every: 50 });
    const answer = await daemon.infer({ model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    if (answer.status !== 200) throw new Error(`echo: ${answer.status} ${answer.text}`);
}

/**
 * Runs `count` cycles of `kind` and gives {before, after, problems}: what was measured after the
 * first ones and at the end, and what of it is more than it was. Fails also if the daemon leaves
 * anything when it ends.
 */
export async function run({ kind, count, report = () => {} }) {
    const others = ['chrome', 'edge', 'firefox', 'safari'].filter((one) => one !== kind);
    const daemon = new Daemon({ logToFile: true, config: {
        // What is measured is what stays, not how long a start takes where others use the machine.
        pool: { max_connections: 1, connection_timeout: '120s' },
        [`browser.${kind}`]: { ...browsers[kind]?.(), max_connections: 1 },
        ...Object.fromEntries(others.map((one) => [`browser.${one}`, { max_connections: 0 }])),
    } });
    await daemon.start();
    let done = false;
    try {
        let before = null;
        for (let index = 1; index <= count + WARM; index++) {
            await cycle(daemon);
            if (index === WARM) before = measure(daemon);
            if (index % 10 === 0) report(index, measure(daemon));
        }
        // Descriptors of connections that the last request used may close a little later.
        const slack = { resident: GROWTH, descriptors: CONNECTIONS };
        await until(() => measure(daemon).descriptors <= before.descriptors,
            { what: 'the descriptors', timeout: 10_000 }).catch(() => {});
        const after = measure(daemon);
        const problems = Object.keys(before).filter((key) =>
            after[key] > before[key] + (slack[key] ?? 0));
        done = true;
        return { kind, cycles: count, before, after, problems };
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        if (done) await daemon.stop();
        else await daemon.abandon();
    }
}
