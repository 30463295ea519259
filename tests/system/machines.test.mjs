// tier: full
/**
 * A cluster of three machines, each a network namespace with a nats-server, a daemon, simulated nodes, and programs that lend it
 * to the others: what a machine says that is cut off, and what becomes of jobs and streams when one is lost.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { patience } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { areWhole, kindElsewhere, MemberMachine } from '../lib/member-machine.mjs';
import { daemonPath } from '../lib/paths.mjs';
import { openRoom } from '../lib/room.mjs';
import { BUCKET } from '../lib/shared-jobs.mjs';
import { ada } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

const lacks = /built without NATS/.test(spawnSync(daemonPath, ['--set', 'cluster.servers=nats://h', '--check-config'], { encoding: 'utf8' }).stderr);
const slowly = 120_000 * patience;
const places = [1, 2, 3].map((number) => ({ name: `m${number}`, address: `192.168.57.${number}` }));

/** A job whose answer can be no other's. @param {number} number */
const echo = (number) => ({ model_name: 'builtin/echo', platform: 'simulated', timeout_ms: slowly,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [number, -number] }] });

/** A member may be connected to the server of another machine, which is lost: then it says 503, and the same key finds the job.
 * @param {MemberMachine} machine @param {number} number */
async function accepted(machine, number) {
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const { status, text, json } = await until(async () => {
        const answer = await machine.post('/v1/jobs', echo(number), { headers, timeout: slowly });
        return answer.json.code !== 'cluster_unavailable' && answer;
    }, { what: `job ${number} to be taken at ${machine.name}`, timeout: slowly, every: 200 });
    assert.equal(status, 202, text);
    return json.id;
}

/** The job once it has ended there. @param {MemberMachine} machine @param {string} id */
const ended = (machine, id) => until(async () => {
    const { status, text, json } = await machine.get(`/v1/jobs/${id}`);
    if (status !== 503) assert.equal(status, 200, text);
    return json.finished_at && json;
}, { what: `the end of ${id} at ${machine.name}`, timeout: slowly, every: 50 });

describe('three machines', { skip: lacks ? 'this build has no NATS' : false }, () => {
    /** @type {Awaited<ReturnType<typeof openRoom>>} */
    let room;
    /** @type {MemberMachine[]} */
    const machines = [];
    before(async () => {
        room = await openRoom(places.map(({ address }) => address));
        for (const index of places.keys()) machines.push(await new MemberMachine(room, places, index, { ackWait: '6s' }).listen());
        await Promise.all(machines.map((one) => one.start()));
        for (const one of machines) one.lend();
        await areWhole(machines, { timeout: slowly });
    });
    after(async () => {
        for (const one of machines) await one.abandon();
        await room?.close();
    });

    test('one that is cut off denies no job, and says the same once it is back', { timeout: 3 * slowly }, async () => {
        const { cluster: { leader } } = await machines[0].server.ask(`$JS.API.STREAM.INFO.KV_${BUCKET}`);
        const [cut, other] = machines.filter(({ name }) => name !== leader);
        cut.cut();
        const id = await accepted(other, 1);
        for (let asked = 0; asked < 3; asked++) {
            const { status, json } = await cut.get(`/v1/jobs/${id}`, { timeout: slowly });
            assert.deepEqual([status, json.code], [503, 'cluster_unavailable'], JSON.stringify(json));
        }
        const job = await ended(other, id);
        assert.deepEqual([job.state, job.answer.outputs[0].data], ['done', [1, -1]]);
        cut.mend();
        await areWhole(machines, { timeout: slowly });
        for (const one of machines) assert.deepEqual(await ended(one, id), job);
    });

    test('a stream goes on where another machine lends, when the lending daemon is killed', { timeout: slowly }, async () => {
        const [asked] = machines;
        const count = new Counting(asked, { count: 300, interval_ms: 20, bytes: 40 }, { platform: 'simulated', browser: kindElsewhere(asked) });
        count.stream = await openEvents(`${asked.url}/v1/infer`, { body: count.body, ...ada });
        assert.equal(count.stream.status, 200);
        const read = count.read();
        await until(() => count.next > 20, { what: 'some parts' });
        const { json: { node } } = await asked.get(`/v1/jobs/${count.stream.headers.location.split('/').pop()}`, { who: 'root' });
        const { via } = (await asked.list('nodes', '', { who: 'root' })).find(({ id }) => id === node);
        const lender = machines.find(({ name }) => name === via);
        await lender.killDaemon();
        await read;
        assert.ok(count.isWhole, count.explain());
        assert.notEqual(count.done.executed_on.via, lender.name);
        await lender.startDaemon();
        await areWhole(machines, { timeout: slowly });
    });

    test('one is lost for good, with its disk: each job has one end, the same at both that live', { timeout: 2 * slowly }, async () => {
        const [one, other, lost] = machines, ids = [];
        for (let number = 1; number <= 60; number++) ids.push(await accepted(machines[number % 3], number));
        await lost.abandon();
        for (const [at, id] of ids.entries()) {
            const job = await ended(one, id);
            assert.deepEqual([job.state, job.answer.outputs[0].data], ['done', [at + 1, -at - 1]]);
            assert.deepEqual(await ended(other, id), job);
        }
        for (const member of [one, other])
            for (const state of ['queued', 'running']) assert.deepEqual(await member.list('jobs', `&state=${state}`), []);
        for (const member of [one, other]) await member.stop();
    });
});
