// tier: full, sanitized
// quick: jobs that members share > a job is done by any member, whoever accepted it
// quick: jobs that members share > of two members one is lost, and its job runs at the other
/**
 * Stored jobs of a cluster: what one member accepted is run by any, read at all, and survives the loss of a member or, for
 * a time, of the server. Nodes are simulated.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { guard } from '../lib/cleanup.mjs';
import { patience } from '../lib/daemon.mjs';
import { NatsServer } from '../lib/nats.mjs';
import { accepted, assertDone, BUCKET, echo, ended, instanceOf, keyed, memberOf, ready, recordOf, recordThat, withNats, withRoom } from '../lib/shared-jobs.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** A claim lapses only after its member is seen to be gone, so that the run counts. */
const SLOWLY = { cluster: { ack_wait: '12s' } };

describe('jobs that members share', { concurrency: 2, ...withNats }, () => {
    test('a job is done by any member, whoever accepted it', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 2 }], async ({ members: [a, b] }) => {
        const id = await accepted(a, echo(7, { id: 'mine' }));
        assertDone(await ended(a, id), 7);
        assertDone(await ended(b, id), 7);
        // A key finds it at the other member, and is another client's nowhere.
        const first = await accepted(a, echo(8), keyed('k'));
        const again = await b.post('/v1/jobs', echo(8), keyed('k'));
        assert.equal(again.status, 202);
        assert.equal(again.json.id, first);
        assert.equal(again.headers['idempotency-replayed'], 'true');
        const other = await b.post('/v1/jobs', echo(9), keyed('k'));
        assert.equal(other.json.code, 'idempotency_mismatch');
        await ended(b, first);
        for (const one of [a, b]) {
            const { json } = await one.get('/v1/jobs?state=done');
            assert.deepEqual(new Set(json.jobs.map((/** @type {any} */ job) => job.id)), new Set([id, first]));
        }
    }));

    test('of two members one is lost, and its job runs at the other', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1, latencyMs: 60_000 }], async ({ members: [a, b], simulate }) => {
        const id = await accepted(a, echo(1));
        await until(async () => (await b.get(`/v1/jobs/${id}`)).json.node, { what: 'a job on a node of b', every: 20 });
        b.signal('SIGKILL');
        await b.waitEnd();
        await simulate(a, { nodes: 1, latencyMs: 5 });
        const job = await ended(a, id);
        assertDone(job, 1);
        assert.ok(job.runs >= 2, JSON.stringify(job));
        assert.deepEqual((await a.get('/v1/jobs?state=running')).json.jobs, []);
    }));

    test('a client that got no answer sends again to another member with its key: one job', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1 }], async ({ members: [a, b] }) => {
        a.signal('SIGSTOP');
        const unanswered = a.post('/v1/jobs', echo(1), keyed('k'));
        const id = await accepted(b, echo(1), keyed('k'));
        a.signal('SIGCONT'); // it reads what was sent to it only now
        const { status, text, json, headers } = await unanswered;
        assert.equal(status, 202, text);
        assert.deepEqual([json.id, headers['idempotency-replayed']], [id, 'true']);
        for (const one of [a, b]) {
            assertDone(await ended(one, id), 1);
            assert.deepEqual((await one.get('/v1/jobs')).json.jobs.map((/** @type {any} */ { id: listed }) => listed), [id]);
        }
    }));

    test('of many jobs at once each is one, and those with one key are one', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 2 }], async ({ members: [a, b] }) => {
        // Alone, three under one key, and one under a key of its own, in this order.
        const asked = Array.from({ length: 60 }, (_, i) => ({ value: i % 5 ? i % 200 : 200, options: i % 5 ? i % 5 === 4 ? keyed(`own-${i}`) : {} : keyed('shared') }));
        const answers = await Promise.all(asked.map(({ value, options }) => a.post('/v1/jobs', echo(value), options)));
        for (const { status, text } of answers) assert.equal(status, 202, text);
        const ids = answers.map(({ json }) => json.id), shared = new Set(ids.filter((_, i) => i % 5 === 0));
        assert.equal(shared.size, 1);
        assert.equal(new Set(ids).size, asked.length * 4 / 5 + 1);
        assert.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length, asked.length / 5 - 1);
        for (const [i, id] of ids.entries()) assertDone(await ended(b, id), asked[i].value);
        assert.deepEqual(new Set((await b.get('/v1/jobs')).json.jobs.map((/** @type {any} */ job) => job.id)), new Set(ids));
    }));

    test('a deadline and a priority are known at a member that has not accepted the job', () => withRoom([{ name: 'a' }, { name: 'b' }], async ({ members: [a, b], simulate }) => {
        const late = await accepted(a, echo(1, { timeout_ms: 1000 })), urgent = await accepted(a, echo(2, { priority: 9 }));
        const job = await ended(b, late);
        assert.deepEqual([job.state, job.error?.code, job.deadline_at - job.accepted_at], ['failed', 'deadline_exceeded', 1000], JSON.stringify(job));
        await a.stop();
        await simulate(b, { nodes: 1, latencyMs: 5 });
        const done = await ended(b, urgent);
        assertDone(done, 2);
        assert.equal(done.priority, 9);
    }));

    test('of jobs that wait for one node of another member, the urgent one ends first', () => withRoom([{ name: 'a' }, { name: 'b' }], async ({ server, members: [a, b], simulate }) => {
        await simulate(b, { nodes: 1, serial: true, latencyMs: 5000 });
        const instance = await instanceOf(b);
        /** A job that b has taken. @param {number} priority */
        const taken = async (priority) => {
            const id = await accepted(a, echo(priority + 1, { priority }));
            await recordThat(server, id, 'b has taken it', ({ state, holder }) => state === 'running' && holder === instance);
            return id;
        };
        const first = await taken(5);
        await taken(5); // is sent to the node as well, and waits there
        const low = await taken(0), urgent = await taken(9);
        assert.equal((await recordOf(server, first)).state, 'running', 'the node was never free');
        const [early, late] = [await ended(a, urgent), await ended(a, low)];
        assertDone(early, 10);
        assertDone(late, 1);
        assert.ok(early.finished_at < late.finished_at, `${early.finished_at}, ${late.finished_at}`);
    }));

    test('who waits at one member hears of an end at another at once', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1, latencyMs: 3000 }], async ({ server, members: [a, b] }) => {
        const id = await accepted(a, echo(1)), instance = await instanceOf(b);
        await recordThat(server, id, 'b runs it', ({ state, holder }) => state === 'running' && holder === instance);
        // The test gives up long before its time is over.
        const { status, text, json } = await a.get(`/v1/jobs/${id}?wait=60s`, { timeout: 40_000 });
        assert.equal(status, 200, text);
        assertDone(json, 1);
    }));

    test('what a member has to do is seen by the others', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1, latencyMs: 600_000 }], async ({ members: [a, b] }) => {
        const shows = (/** @type {object} */ load) => until(async () => {
            const { members } = (await a.get('/v1/cluster')).json;
            return assert.deepEqual(members.find((/** @type {any} */ { name }) => name === 'b').load, load) ?? true;
        }, { what: `the load ${JSON.stringify(load)}`, timeout: 30_000 * patience });
        await shows({ waiting: 0, running: 0, nodes: 1 });
        const gone = new AbortController(), left = b.infer(echo(1), { signal: gone.signal });
        left.catch(() => {});
        await shows({ waiting: 0, running: 1, nodes: 1 });
        gone.abort();
        await assert.rejects(left);
        await shows({ waiting: 0, running: 0, nodes: 1 });
    }));

    test('what a member runs that is ended by SIGTERM goes back, and runs elsewhere', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1, latencyMs: 600_000,
        more: { pool: { shutdown_timeout: '1s' } } }], async ({ server, members: [a, b], simulate }) => {
        const id = await accepted(a, echo(1)), instance = await instanceOf(b);
        await until(async () => (await b.get(`/v1/jobs/${id}`)).json.node, { what: 'the job on a node of b' });
        assert.equal((await recordOf(server, id)).holder, instance);
        await b.stop();
        const { crashes } = await recordThat(server, id, 'it waits', ({ state }) => state === 'queued');
        assert.equal(crashes, 0);
        await simulate(a, { nodes: 1, latencyMs: 5 });
        assertDone(await ended(a, id), 1);
    }));

    test('a job that takes three members with it runs on no fourth', () => withRoom(['a', 'b', 'c', 'd'].map((name) => ({ name, more: SLOWLY })), async ({ members: [a, b, c, d], simulate }) => {
        const id = await accepted(d, echo(1, { timeout_ms: 600_000 }));
        for (const one of [a, b, c]) {
            await simulate(one, { nodes: 1, latencyMs: 600_000 });
            await until(async () => (await one.get(`/v1/jobs/${id}`)).json.node, { what: `the job on a node of ${one.config.cluster.name}`, timeout: 60_000 * patience, every: 50 });
            one.signal('SIGKILL');
            await one.waitEnd();
        }
        const job = await ended(d, id);
        assert.deepEqual([job.state, job.error?.code], ['failed', 'attempts_exhausted'], JSON.stringify(job));
        assert.match(job.error.detail, /the daemon was lost 3 times while it ran this job/);
        assert.ok(job.runs >= 3, JSON.stringify(job));
        await simulate(d, { nodes: 1, latencyMs: 5 });
        assertDone(await ended(d, await accepted(d, echo(2))), 2);
    }));

    test('a member that is stopped three times, and comes back, poisons no job', () => withRoom([{ name: 'a', more: SLOWLY },
        { name: 'b', nodes: 1, latencyMs: 600_000, more: { ...SLOWLY, bridge: { heartbeat_interval: '60s' } } }], async ({ server, members: [a, b], simulate }) => {
        const id = await accepted(a, echo(1, { timeout_ms: 600_000 })), instance = await instanceOf(b);
        for (let stop = 1; stop <= 3; stop++) {
            b.signal('SIGCONT');
            await recordThat(server, id, 'b runs it', ({ state, holder }) => state === 'running' && holder === instance);
            b.signal('SIGSTOP');
            const { state, crashes } = await recordThat(server, id, 'it does not run', (record) => record.state !== 'running');
            assert.ok(state === 'queued' && crashes <= 1, `stop ${stop}: ${state}, ${crashes} crashes`);
        }
        await simulate(a, { nodes: 1, latencyMs: 5 });
        assertDone(await ended(a, id), 1);
        b.signal('SIGKILL');
        await b.waitEnd();
    }));

    test('large bodies and answers are whole', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1 }], async ({ members: [a] }) => {
        const data = Array.from({ length: 150_000 }, (_, i) => i);
        const id = await accepted(a, { ...echo(0), inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] });
        const job = await ended(a, id);
        assert.equal(job.state, 'done', JSON.stringify(job).slice(0, 500));
        assert.deepEqual(job.answer.outputs[0].data, data);
    }));

    test('DELETE reaches a job that another member runs', () => withRoom([{ name: 'a' }, { name: 'b', nodes: 1, latencyMs: 20_000 }], async ({ members: [a, b] }) => {
        const running = await accepted(a, echo(1));
        await until(async () => (await a.get(`/v1/jobs/${running}`)).json.state === 'running', { what: 'a running job' });
        assert.equal((await a.request(`/v1/jobs/${running}`, { method: 'DELETE' })).status, 200);
        for (const one of [a, b]) assert.equal((await ended(one, running)).state, 'cancelled');
        assert.equal((await b.request('/v1/jobs/job-0', { method: 'DELETE' })).json.code, 'job_not_found');
    }));

    test('DELETE at another member ends a job that waits at once', () => withRoom([{ name: 'a' }, { name: 'b' }], async ({ server, members: [a, b] }) => {
        const id = await accepted(a, echo(1));
        // Both have tried it, and neither tries again for a while.
        await recordThat(server, id, 'it waits', ({ state, runs }) => state === 'queued' && runs >= 2);
        const { status, json } = await b.request(`/v1/jobs/${id}`, { method: 'DELETE' });
        assert.equal(status, 200, JSON.stringify(json));
        assert.deepEqual(json, { id, state: 'cancelled' });
        const { state, holder } = await recordOf(server, id);
        assert.deepEqual([state, holder], ['cancelled', await instanceOf(b)]);
        for (const one of [a, b]) assert.equal((await ended(one, id)).state, 'cancelled');
        const again = await a.request(`/v1/jobs/${id}`, { method: 'DELETE' });
        assert.deepEqual([again.status, again.json.state], [200, 'cancelled'], again.text);
    }));

    test('what a killed member had runs elsewhere, and each job ends once', () => withRoom([{ name: 'a', nodes: 2, latencyMs: 20 }, { name: 'b', nodes: 2, latencyMs: 20 }, { name: 'c', nodes: 2, latencyMs: 20 }], async ({ members }) => {
        const [a, b, c] = members, ids = [];
        for (let i = 0; i < 200; i++) ids.push(await accepted(members[i % 3], echo(i + 1)));
        await until(async () => (await a.get('/v1/jobs?state=running')).json.jobs.length > 3, { what: 'running jobs', every: 10 }).catch(() => {});
        c.signal('SIGKILL');
        await c.waitEnd();
        for (const [i, id] of ids.entries()) assertDone(await ended(i % 2 ? a : b, id), i + 1);
        const states = await a.get('/v1/jobs?state=queued');
        assert.deepEqual(states.json.jobs, []);
    }));

    test('while NATS is away jobs are refused, inference goes on, and what ran ends later', () => withRoom([{ name: 'a', nodes: 2, latencyMs: 1500 }], async ({ server, members: [a] }) => {
        const id = await accepted(a, echo(1));
        await until(async () => (await a.get(`/v1/jobs/${id}`)).json.state === 'running', { what: 'a running job', every: 20 });
        await server.kill();
        const refused = await until(async () => { const answer = await a.post('/v1/jobs', echo(2)); return answer.status === 503 && answer; }, { what: 'a refusal' });
        const refusals = [refused, await a.get('/v1/jobs'), await a.get(`/v1/jobs/${id}`), await a.request(`/v1/jobs/${id}`, { method: 'DELETE' })];
        for (const { status, headers, json } of refusals) {
            assert.deepEqual([status, json.code], [503, 'cluster_unavailable'], JSON.stringify(json));
            assert.ok(Number(headers['retry-after']) >= 1);
        }
        const answer = await a.post('/v1/infer', echo(3));
        assert.deepEqual(answer.json.outputs[0].data, [3, -3]);
        await server.run();
        await ready(a);
        assertDone(await ended(a, id), 1);
    }));

    test('the end of a member that was stopped for too long is dropped and counted', () => withRoom([{ name: 'a', nodes: 1, latencyMs: 3000 }, { name: 'b' }], async ({ members: [a, b], simulate }) => {
        const id = await accepted(b, echo(1));
        await until(async () => (await a.get(`/v1/jobs/${id}`)).json.node, { what: 'a job on a node of a', every: 20 }); // b may have tried before
        a.signal('SIGSTOP');
        await simulate(b, { nodes: 1, latencyMs: 5 });
        const job = await ended(b, id);
        assertDone(job, 1);
        assert.ok(job.runs >= 2, JSON.stringify(job));
        a.signal('SIGCONT');
        await until(async () => /^webinfer_cluster_second_ends_total 1$/m.test((await a.get('/metrics')).text), { what: 'a second end' });
        await ready(a);
        const same = await ended(a, id);
        assert.equal(same.finished_at, job.finished_at);
    }));

    test('jobs outlive their daemons, and results expire', () => withRoom([{ name: 'a' }], async ({ server, members: [a] }) => {
        const id = await accepted(a, echo(5), keyed('k'));
        await a.stop();
        const b = memberOf(server, 'b', { pool: { job_retention: '1s' } });
        try {
            await b.start({ ready: false });
            await ready(b);
            assert.equal(await accepted(b, echo(5), keyed('k')), id);
            const simulation = new Simulation(b, { nodes: 1, latencyMs: 5 });
            await simulation.up();
            assertDone(await ended(b, id), 5);
            await until(async () => (await b.get(`/v1/jobs/${id}`)).status === 404, { what: 'an expired job' });
            assert.notEqual(await accepted(b, echo(6), keyed('k')), id);
            await simulation.stop();
            await b.stop();
        } finally {
            await b.abandon();
        }
    }));

    test('a server that is full answers 507, and nothing is half there', async () => {
        const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-nats-'))), file = path.join(folder, 'nats.conf');
        fs.writeFileSync(file, 'jetstream { max_file_store: 3MB, max_memory_store: 64MB }\n');
        const server = await NatsServer.start({ jetstream: false, words: ['-c', file] }), a = memberOf(server, 'a');
        try {
            await a.start({ ready: false });
            await ready(a);
            const data = Array.from({ length: 100_000 }, (_, i) => i), ids = [];
            const big = { ...echo(0), inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] };
            const full = await until(async () => {
                const answer = await a.post('/v1/jobs', big);
                if (answer.status === 202) ids.push(answer.json.id);
                return answer.status !== 202 && answer;
            }, { what: 'a full server', every: 1 });
            assert.equal(full.status, 507);
            assert.equal(full.json.code, 'storage_failed');
            assert.match(full.json.detail, /takes no more/);
            const twelve = await Promise.all(Array.from({ length: 12 }, () => a.post('/v1/jobs', big)));
            for (const { status, json } of twelve)
                if (status === 202) ids.push(json.id);
                else assert.deepEqual([status, json.code], [507, 'storage_failed']);
            assert.ok(twelve.some(({ status }) => status === 507));
            assert.deepEqual(new Set((await a.get('/v1/jobs')).json.jobs.map((/** @type {any} */ job) => job.id)), new Set(ids));
            await a.stop();
        } finally {
            await a.abandon();
            await server.stop();
        }
    });

    test('garbage in the bucket is no job', () => withRoom([{ name: 'a' }], async ({ server, members: [a] }) => {
        for (const [key, text] of [['watched.job.job-0', 'garbage'], ['watched.job.job-1', '{"record":99}\n'], ['watched.claim.x', ''], ['watched.other', 'x']])
            await server.ask(`$KV.${BUCKET}.${key}`, text);
        const id = await accepted(a, echo(1));
        await until(async () => (await a.get('/v1/cluster')).json.ignored.garbage === 2, { what: 'the garbage, counted' });
        assert.equal(await a.metric('webinfer_cluster_records_ignored_total'), 3); // with the one of another version
        const { json } = await a.get('/v1/jobs');
        assert.deepEqual(json.jobs.map((/** @type {any} */ job) => job.id), [id]);
        assert.equal((await a.get('/v1/jobs/job-0')).status, 404);
    }));
});
