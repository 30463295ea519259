/** Members of a cluster that share stored jobs, as tests have them: daemons without browsers at a real nats-server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Daemon, patience } from './daemon.mjs';
import { NatsServer } from './nats.mjs';
import { daemonPath } from './paths.mjs';
import { Simulation } from './simulation.mjs';
import { until } from './wait.mjs';

const lacks = spawnSync(daemonPath, ['--set', 'cluster.servers=nats://h', '--check-config'], { encoding: 'utf8' }).stderr.match(/.*built without NATS.*/)?.[0] ?? '';
export const withNats = { skip: lacks ? 'this build has no NATS' : false };
export const BUCKET = 'webinfer_jobs';

/** A job whose answer can be no other's. @param {number} number */
export const echo = (number, more = {}) => ({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [number, -number] }], ...more });
export const keyed = (/** @type {string} */ key) => ({ headers: { 'Idempotency-Key': key } });

/** A daemon without browsers, as a member. @param {{url: string}} server @param {string} name */
export const memberOf = (server, name, more = {}) => new Daemon({ config: {
    pool: { min_connections: 0, ...more.pool }, 'browser.chrome': { max_connections: 0 }, bridge: { ...more.bridge },
    cluster: { servers: server.url, name, ack_wait: '2s', ...more.cluster },
} });

/** Waits until the member takes part, and its jobs can be used. @param {Daemon} daemon */
export const ready = (daemon) => until(async () => (await daemon.get('/v1/jobs')).status === 200, { what: `the jobs of ${daemon.config.cluster.name}`, every: 50 })
    .catch((error) => { throw daemon.explain(error); });

/** @param {Daemon} daemon @param {object} body @param {object} [options] */
export async function accepted(daemon, body, options) {
    const { status, text, json } = await daemon.post('/v1/jobs', body, options);
    assert.equal(status, 202, text);
    return json.id;
}

/** The job once it has ended. @param {Daemon} daemon @param {string} id */
export async function ended(daemon, id) {
    const end = Date.now() + 60_000 * patience;
    for (;;) {
        const { status, text, json } = await daemon.get(`/v1/jobs/${id}?wait=10s`);
        assert.equal(status, 200, text);
        if (json.finished_at) return json;
        if (Date.now() > end) throw daemon.explain(new Error(`${id} does not end: ${text}`));
    }
}

/** The record of a stored job, as the servers have it now: its head. @param {NatsServer} server @param {string} id @param {number} [timeout] */
export async function recordOf(server, id, timeout) {
    const { message } = await server.ask(`$JS.API.STREAM.MSG.GET.KV_${BUCKET}`, JSON.stringify({ last_by_subj: `$KV.${BUCKET}.watched.job.${id}` }), timeout);
    return message && JSON.parse(Buffer.from(message.data, 'base64').toString().split('\n')[0]);
}

/** The same once it is as `condition` says. @param {NatsServer} server @param {string} id @param {string} what @param {(record: any) => boolean} condition */
export const recordThat = (server, id, what, condition) => until(async () => {
    const record = await recordOf(server, id);
    return condition(record) && record;
}, { what: `the record of ${id}: ${what}`, timeout: 60_000 * patience });

/** What a daemon is called in records. @param {Daemon} daemon */
export const instanceOf = (daemon) => until(async () => (await daemon.get('/v1/cluster')).json.members.find((/** @type {any} */ { self }) => self)?.instance,
    { what: `${daemon.config.cluster.name} to be a member` });

/** @param {any} job @param {number} number */
export function assertDone(job, number) {
    assert.equal(job.state, 'done', JSON.stringify(job));
    assert.deepEqual(job.answer.outputs[0].data, [number, -number]);
}

/**
 * Members and their simulated nodes, for the time of `body`.
 * @param {{name: string, nodes?: number, latencyMs?: number, more?: object, prepare?: (daemon: Daemon) => void}[]} list `prepare` comes before its start
 * @param {(room: {server: NatsServer, members: Daemon[], simulate: (daemon: Daemon, options: object) => Promise<Simulation>}) => Promise<void>} body
 */
export async function withRoom(list, body) {
    const server = await NatsServer.start(), members = list.map(({ name, more }) => memberOf(server, name, more)), simulations = [];
    const simulate = async (/** @type {Daemon} */ daemon, /** @type {object} */ options) => {
        const simulation = new Simulation(daemon, options);
        simulations.push({ daemon, simulation });
        return simulation.up();
    };
    try {
        for (const [i, one] of members.entries()) {
            list[i].prepare?.(one);
            await one.start({ ready: false });
        }
        for (const one of members) await ready(one);
        for (const [i, { nodes, latencyMs }] of list.entries())
            if (nodes) await simulate(members[i], { nodes, latencyMs: latencyMs ?? 5 });
        await body({ server, members, simulate });
        for (const { daemon, simulation } of simulations) if (!daemon.ended) await simulation.stop();
        for (const one of members) if (!one.ended) await one.stop();
    } finally {
        for (const { simulation } of simulations) simulation.child.kill('SIGKILL');
        for (const one of members) await one.abandon();
        await server.stop();
    }
}
