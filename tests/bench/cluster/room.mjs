/** What the parts of ./dev bench cluster stand on: members with simulated nodes, and loads of jobs for them. */
import { NatsServer } from '../../lib/nats.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { until } from '../../lib/wait.mjs';
import * as programs from '../programs.mjs';
import { scaleDaemon } from '../scale.mjs';

/** A daemon that is a member; without servers it keeps its jobs itself.
 * @param {NatsServer[]} servers @param {string} [name] @param {object} [settings] */
export const memberOf = (servers, name, settings) => scaleDaemon({ nodes: 16, queue: 1024,
    more: servers.length ? { cluster: { servers: servers.map(({ url }) => url).join(', '), name, replicas: servers.length, ...settings } } : {} });

/** @typedef {ReturnType<typeof memberOf>} Member */

/** Starts the member, and waits until its jobs can be used. @param {Member} member */
export async function begun(member) {
    await member.start({ ready: false });
    await until(async () => (await member.get('/v1/jobs')).status === 200, { what: 'the jobs of a member' });
    return member;
}

/** A node that never answers: it has a few jobs, and the others wait. */
export const STUCK = { nodes: 1, latencyMs: 3_600_000 };

/**
 * What posts echoes of 100 B as jobs. Clients of the load client that have an address of their own are one more client of
 * the daemon, since none may have more than a share of the jobs.
 * @param {string} client the program @param {Member} member @param {string} name of the file of the request
 */
export function jobsOf(client, member, name) {
    const port = Number(new URL(member.url).port);
    const body = Buffer.from(JSON.stringify({ model_name: 'builtin/echo', platform: 'simulated',
        inputs: [{ name: 'x', datatype: 'UINT8', shape: [100], data: Array(100).fill(1) }] }));
    const file = programs.requestFile(`cluster-${name}`, `127.0.0.1:${port}`, { 'Content-Type': 'application/json' }, body, '/v1/jobs');
    /** @param {number} requests @param {number} [address] @param {number} [clients] */
    return async (requests, address = 1, clients = 32) => {
        const figures = await programs.load(client, { port, file, clients, ms: 1, requests, address: `127.0.0.${address}` });
        if (figures.errors) throw new Error(`${figures.errors} jobs of ${name} were refused, one with ${figures.last_error_status}`);
        return figures;
    };
}

/** How many stored jobs the daemon itself has ended. @param {Member} member */
export const endedBy = async (member) => await member.metric('webinfer_stored_jobs_done_total') ?? 0;

/** @typedef {{servers: (count: number) => Promise<NatsServer[]>, member: typeof memberOf, nodes: (member: Member, options: object) => Promise<Simulation>}} Room */

/** Servers, members and their nodes for the time of `body`; these end with it, whatever they still have.
 * @template T @param {(room: Room) => Promise<T>} body @returns {Promise<T>} */
export async function withRoom(body) {
    /** @type {NatsServer[]} */
    const servers = [];
    /** @type {Member[]} */
    const members = [];
    /** @type {Simulation[]} */
    const simulations = [];
    try {
        return await body({
            servers: async (count) => {
                const fresh = count === 3 ? await NatsServer.three() : [await NatsServer.start()];
                servers.push(...fresh);
                return fresh;
            },
            member: (...words) => {
                members.push(memberOf(...words));
                return members[members.length - 1];
            },
            nodes: (member, options) => {
                const simulation = new Simulation(member, options);
                simulations.push(simulation);
                return simulation.up();
            },
        });
    } finally {
        for (const { child } of simulations) child.kill('SIGKILL');
        for (const one of members) await one.abandon();
        for (const one of servers) await one.stop();
    }
}
