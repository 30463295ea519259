// tier: full, sanitized
/**
 * What the jobs of a cluster make of bad input and bad circumstances: each is answered or counted, said once with what to
 * do, and is never another's job. cluster.test.mjs has the same for the members themselves.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { certificate } from '../lib/certificate.mjs';
import { patience } from '../lib/daemon.mjs';
import { freePort, NatsServer, wayTo } from '../lib/nats.mjs';
import { accepted, assertDone, BUCKET, echo, ended, keyed, memberOf, ready, withNats, withRoom } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { newToken, tokenLine } from '../lib/tokens.mjs';
import { delay, until } from '../lib/wait.mjs';

/** @typedef {import('../lib/daemon.mjs').Daemon} Daemon */

/** The answer to a job once it is a refusal whose detail is like this. @param {Daemon} daemon @param {RegExp} detail */
const refuses = (daemon, detail) => until(async () => {
    const answer = await daemon.post('/v1/jobs', echo(1));
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.code, 'cluster_unavailable');
    return detail.test(answer.json.detail) && answer;
}, { what: `a refusal for ${detail}` }).catch((error) => { throw daemon.explain(error); });

/** How often the log has warned so. @param {Daemon} daemon @param {RegExp} line */
const warned = (daemon, line) => daemon.log.split('\n').filter((one) => line.test(one)).length;

/** A started daemon for the time of `body`. @param {Daemon} daemon @param {(daemon: Daemon) => Promise<void>} body */
async function withOne(daemon, body) {
    try {
        await daemon.start({ ready: false });
        await body(daemon);
        await daemon.stop();
    } finally {
        await daemon.abandon();
    }
}

/** @param {Parameters<typeof NatsServer.start>[0]} options @param {(server: NatsServer) => Promise<void>} body */
async function withServer(options, body) {
    const server = await NatsServer.start(options);
    try {
        await body(server);
    } finally {
        await server.stop();
    }
}

const metric = (/** @type {Daemon} */ daemon, /** @type {string} */ name) => daemon.metric(name);
const big = () => ({ ...echo(0), inputs: [{ name: 'x', datatype: 'INT32', shape: [50_000], data: Array.from({ length: 50_000 }, (_, i) => i) }] });
const MEMBERS = 8;

describe('jobs of many members', { concurrency: 2, ...withNats }, () => {
    test('eight members race, and each job runs once', () => withRoom(Array.from({ length: MEMBERS }, (_, i) => ({ name: `m${i}` })), async ({ members, simulate }) => {
        const simulations = [], ids = /** @type {string[]} */ ([]);
        for (const one of members) simulations.push(await simulate(one, { nodes: 1, latencyMs: 1 }));
        for (let i = 0; i < 5 * MEMBERS; i++) ids.push(await accepted(members[i % MEMBERS], echo(i + 1)));
        for (const [i, id] of ids.entries()) {
            const job = await ended(members[(i + 3) % MEMBERS], id);
            assertDone(job, i + 1);
            assert.equal(job.runs, 1);
        }
        let attempts = 0;
        for (const one of simulations) attempts += (await one.stop()).attempts;
        assert.equal(attempts, ids.length);
        for (const one of members) assert.ok(!await metric(one, 'webinfer_cluster_second_ends_total'));
    }));

    test('each member lists all of many open jobs', () => withRoom(['a', 'b', 'c'].map((name) => ({ name })), async ({ members }) => {
        const ids = new Set(), count = 600;
        await Promise.all(members.map(async (one) => { for (let i = 0; i < count / 3; i++) ids.add(await accepted(one, echo(i))); }));
        for (const one of members) {
            const listed = await until(async () => {
                const { jobs } = await one.list('jobs');
                return jobs.length >= count && jobs;
            }, { what: 'all jobs in a list' });
            assert.deepEqual(new Set(listed.map((/** @type {any} */ { id }) => id)), ids);
        }
    }));

    test('names with dots and wildcards are names, at each member', () => withRoom([{ name: 'a.*' }, { name: 'b>', nodes: 1 }], async ({ members: [a, b] }) => {
        const keys = ['k', 'k.*', 'k.>', '*', '>', 'k.k'], ids = [];
        for (const [i, key] of keys.entries()) ids.push(await accepted(a, echo(i + 1, { id: key }), keyed(key)));
        assert.equal(new Set(ids).size, keys.length);
        for (const [i, key] of keys.entries()) {
            assert.equal(await accepted(b, echo(i + 1, { id: key }), keyed(key)), ids[i]);
            const job = await ended(b, ids[i]);
            assertDone(job, i + 1);
            assert.equal(job.answer.id, key);
        }
        for (const id of ['*', '>', 'job.*', `${ids[0]}.>`, '%2A', 'a%20b'])
            for (const method of ['GET', 'DELETE']) {
                const answer = await b.request(`/v1/jobs/${id}`, { method });
                assert.equal(answer.status, 404, `${method} ${id}: ${answer.text}`);
            }
        for (const model of ['*', '>', 'a.*', 'a/>']) {
            const { status, json } = await a.post('/v1/jobs', { ...echo(1), model_name: model });
            assert.ok(status === 404 || status === 400 || status === 422, `${model}: ${status} ${JSON.stringify(json)}`);
        }
    }));

    test('an owner whose name has dots sees its own jobs alone', async () => {
        const server = await NatsServer.start(), people = { 'a.b': newToken(), 'a.b.c': newToken() };
        const members = ['a', 'b'].map((name) => memberOf(server, name));
        const as = (/** @type {'a.b' | 'a.b.c'} */ name) => ({ headers: { Authorization: `Bearer ${people[name]}` } });
        try {
            for (const one of members) {
                const file = path.join(one.folder, 'tokens');
                fs.writeFileSync(file, Object.entries(people).map(([name, token]) => tokenLine(name, token, 'user')).join(''), { mode: 0o600 });
                one.writeConfig({ api: { tokens_file: file } });
                await one.start({ ready: false });
                await until(async () => (await one.get('/v1/jobs', as('a.b'))).status === 200, { what: 'its jobs' });
            }
            const id = await accepted(members[0], echo(1), as('a.b')), other = await accepted(members[0], echo(1), as('a.b.c'));
            for (const [name, own, theirs] of /** @type {['a.b' | 'a.b.c', string, string][]} */ ([['a.b', id, other], ['a.b.c', other, id]])) {
                await until(async () => (await members[1].get('/v1/jobs', as(name))).json.jobs.length > 0, { what: 'the job in a list' });
                assert.deepEqual((await members[1].get('/v1/jobs', as(name))).json.jobs.map((/** @type {any} */ job) => job.id), [own]);
                assert.equal((await members[1].get(`/v1/jobs/${theirs}`, as(name))).json.code, 'job_not_found');
                assert.equal((await members[1].request(`/v1/jobs/${theirs}`, { method: 'DELETE', ...as(name) })).json.code, 'job_not_found');
            }
            for (const one of members) await one.stop();
        } finally {
            for (const one of members) await one.abandon();
            await server.stop();
        }
    });

    test('a second member of a name takes no part until the first is gone', () => withRoom([{ name: 'a' }], async ({ server, members: [first], simulate }) => {
        const second = memberOf(server, 'a');
        try {
            await second.start({ ready: false });
            await refuses(second, /another daemon is a member with this one's name/);
            const id = await accepted(first, echo(1));
            for (let i = 0; i < 3; i++) await refuses(second, /name/);
            const { status, json } = await second.post('/v1/admin/join', { nodes: 1 });
            assert.deepEqual([status, json.code], [503, 'cluster_unavailable']);
            assert.ok(!await metric(second, 'webinfer_stored_jobs_done_total'));
            assert.equal((await first.get(`/v1/jobs/${id}`)).json.finished_at ?? null, null);
            first.signal('SIGKILL');
            await first.waitEnd();
            await ready(second);
            const simulation = await simulate(second, { nodes: 1, latencyMs: 1 });
            assertDone(await ended(second, id), 1);
            await simulation.stop();
            await second.stop();
        } finally {
            await second.abandon();
        }
    }));
});

describe('parts of bodies and answers', { concurrency: 2, ...withNats }, () => {
    const purge = (/** @type {NatsServer} */ server, /** @type {string} */ id) =>
        server.ask(`$JS.API.STREAM.PURGE.KV_${BUCKET}`, JSON.stringify({ filter: `$KV.${BUCKET}.part.${id}.>` }));

    test('a body of which a part is lost ends its job, which says so', () => withRoom([{ name: 'a' }], async ({ server, members: [a], simulate }) => {
        const id = await accepted(a, big());
        assert.ok((await purge(server, id)).purged > 0);
        const next = await accepted(a, echo(2));
        await simulate(a, { nodes: 1, latencyMs: 1 });
        const job = await ended(a, id);
        assert.equal(job.state, 'failed');
        assert.equal(job.error.code, 'storage_failed', JSON.stringify(job));
        assert.match(job.error.detail, /cannot be read back/);
        assertDone(await ended(a, next), 2);
    }));

    test('an answer of which a part is lost is an error, and no other job is touched', () => withRoom([{ name: 'a', nodes: 1 }], async ({ server, members: [a] }) => {
        const id = await accepted(a, big());
        assert.equal((await ended(a, id)).state, 'done');
        assert.ok((await purge(server, id)).purged > 0);
        const { status, json } = await a.get(`/v1/jobs/${id}`);
        assert.equal(status, 500, JSON.stringify(json));
        assert.match(json.detail, /part 0 of job-\w+ is lost/);
        assertDone(await ended(a, await accepted(a, echo(2))), 2);
    }));

    test('parts without a record are removed, and those of a job that waits stay', () => withRoom([{ name: 'a', more: { cluster: { ack_wait: '1s' } } }], async ({ server, members: [a], simulate }) => {
        const body = big(), id = await accepted(a, body);
        const parts = async () => Object.keys((await server.ask(`$JS.API.STREAM.INFO.KV_${BUCKET}`,
            JSON.stringify({ subjects_filter: `$KV.${BUCKET}.part.>` }))).state.subjects ?? {});
        const own = await parts();
        assert.ok(own.length > 1 && own.every((key) => key.includes(`.part.${id}.`)), own.join());
        for (let i = 0; i < 3; i++) assert.ok((await server.ask(`$KV.${BUCKET}.part.job-0123456789abcdef.part-1.${i}`, Buffer.alloc(1000))).seq);
        assert.equal((await parts()).length, own.length + 3);
        await until(async () => await metric(a, 'webinfer_cluster_orphans_removed_total') === 1, { what: 'parts to be removed', timeout: 60_000 * patience });
        assert.deepEqual((await parts()).sort(), own.sort());
        await until(() => warned(a, /removed 1 bodies, answers and Idempotency-Keys that belong to no stored job/) === 1, { what: 'a line in the log' });
        await simulate(a, { nodes: 1, latencyMs: 1 });
        const job = await ended(a, id);
        assert.equal(job.state, 'done', JSON.stringify(job).slice(0, 500));
        assert.deepEqual(job.answer.outputs[0].data, body.inputs[0].data);
    }));
});

describe('a server that cannot be used', { concurrency: 2, ...withNats }, () => {
    test('without an acknowledgement there is a 503, and the same key finds the one job', () => withRoom([{ name: 'a' }], async ({ server, members: [a] }) => {
        server.signal('SIGSTOP');
        const began = performance.now();
        const lost = await a.post('/v1/jobs', echo(1), keyed('k'));
        const passed = performance.now() - began;
        server.signal('SIGCONT');
        assert.equal(lost.status, 503, lost.text);
        assert.equal(lost.json.code, 'cluster_unavailable');
        assert.ok(Number(lost.headers['retry-after']) >= 1);
        assert.match(lost.json.detail, /nats:.* has not answered for 5 s/);
        assert.ok(passed > 4900 && passed < 5000 + 5000 * patience, `${passed} ms`);
        await ready(a);
        const id = await accepted(a, echo(1), keyed('k'));
        assert.equal(await accepted(a, echo(1), keyed('k')), id);
        assert.deepEqual((await a.list('jobs')).jobs.map((/** @type {any} */ job) => job.id), [id]);
    }));

    test('an acknowledgement that takes 3 s is waited for', () => withRoom([{ name: 'a' }], async ({ server, members: [a] }) => {
        server.signal('SIGSTOP');
        const asked = accepted(a, echo(1));
        await delay(3000);
        server.signal('SIGCONT');
        const id = await asked;
        assert.equal((await a.get(`/v1/jobs/${id}`)).status, 200);
        assert.equal(warned(a, /stored jobs cannot be used now/), 0);
    }));

    test('jobs are accepted while orphans cannot be looked for', async () => {
        const folder = fs.mkdtempSync('/tmp/wi-nats-rights-'), conf = path.join(folder, 'nats.conf'), file = path.join(folder, 'credentials');
        // A server that reads its configuration again does not read the command line again.
        const write = (/** @type {string} */ deny) => fs.writeFileSync(conf, `jetstream { store_dir: "${folder}" }
authorization { users: [{ user: ann, password: x, permissions: { publish: { allow: ">", deny: ${deny} } } }] }\n`);
        write('[]');
        fs.writeFileSync(file, 'ann:x\n', { mode: 0o600 });
        const server = new NatsServer(await freePort(), [], { folder, config: conf });
        try {
            await server.run();
            await withOne(memberOf(server, 'a', { cluster: { ack_wait: '1s', credentials_file: file } }), async (a) => {
                await ready(a);
                write('["$JS.API.CONSUMER.CREATE.>"]');
                server.signal('SIGHUP');
                const statuses = new Set();
                await until(async () => {
                    statuses.add((await a.post('/v1/jobs', echo(1))).status);
                    return server.log.split('Publish Violation').length > 3;
                }, { what: 'walks that the server does not answer', every: 100 });
                assert.deepEqual([...statuses], [202]);
                assert.equal(warned(a, /stored jobs cannot be used now/), 0);
            });
        } finally {
            await server.stop();
        }
    });

    test('jobs are accepted once a server comes', async () => {
        const port = await freePort();
        await withOne(memberOf({ url: `nats://127.0.0.1:${port}` }, 'a'), async (a) => {
            await refuses(a, /cannot be reached/);
            await withServer({ port }, async () => {
                await ready(a);
                await accepted(a, echo(1));
            });
        });
    });

    test('what a member that is cut off runs ends, and another was first', () => withRoom([{ name: 'b' }], async ({ server, members: [b], simulate }) => {
        const way = await wayTo(server), a = memberOf(way, 'c');
        try {
            await a.start({ ready: false });
            await ready(a);
            const simulation = await simulate(a, { nodes: 1, latencyMs: 2000 });
            const id = await accepted(a, echo(1));
            await until(async () => (await a.get(`/v1/jobs/${id}`)).json.node, { what: 'a job on a node', every: 20 });
            way.cut();
            await refuses(a, /cannot be (used|reached)/);
            await simulate(b, { nodes: 1, latencyMs: 1 });
            const job = await ended(b, id);
            assertDone(job, 1);
            assert.ok(job.runs >= 2, JSON.stringify(job));
            assert.equal((await a.get(`/v1/jobs/${id}`)).json.code, 'cluster_unavailable');
            way.mend();
            await ready(a);
            await until(async () => await metric(a, 'webinfer_cluster_second_ends_total') === 1, { what: 'a second end' });
            assert.equal((await ended(a, id)).finished_at, job.finished_at);
            await simulation.stop();
            await a.stop();
        } finally {
            await a.abandon();
            way.close();
        }
    }));

    test('a server without JetStream, and credentials that it refuses', async () => {
        await withServer({ jetstream: false }, (server) => withOne(memberOf(server, 'a'), async (a) => {
            await refuses(a, /has no JetStream for this user; turn it on/);
            assert.equal(warned(a, /has no JetStream/), 1);
        }));
        await withServer({ words: ['--user', 'ann', '--pass', 'x'] }, (server) => withOne(memberOf(server, 'a'), async (a) => {
            await refuses(a, /refuses the credentials .*; set \[cluster\] credentials_file/);
            assert.equal(warned(a, /refuses the credentials/), 1);
        }));
    });

    test('a certificate of another authority', async () => {
        const folder = fs.mkdtempSync('/tmp/wi-nats-tls-'), other = fs.mkdtempSync('/tmp/wi-nats-tls-');
        const { tls_certificate: file, tls_key: key } = certificate(folder, 'DNS:localhost');
        const { tls_certificate: wrong } = certificate(other, 'DNS:localhost');
        try {
            await withServer({ words: ['--tls', '--tlscert', file, '--tlskey', key] }, (server) =>
                withOne(memberOf({ url: `tls://localhost:${server.port}` }, 'a', { cluster: { tls_ca: wrong } }), async (a) => {
                    await refuses(a, /TLS with .* fails .*; set \[cluster\] tls_ca/);
                    assert.equal(warned(a, /TLS with/), 1);
                }));
        } finally {
            for (const one of [folder, other]) fs.rmSync(one, { recursive: true });
        }
    });

    test('a stream for jobs with other settings is said once', async () => {
        const settings = { name: `KV_${BUCKET}`, subjects: [`$KV.${BUCKET}.>`], storage: 'file', max_msgs_per_subject: 1, num_replicas: 1, retention: 'limits',
            max_consumers: -1, discard: 'new', allow_rollup_hdrs: true, allow_direct: true, max_msgs: -1, max_bytes: -1, max_age: 0, max_msg_size: 262144 + 1024 };
        for (const [change, expected] of /** @type {[object, RegExp][]} */ ([
            [{ max_msgs_per_subject: 5 }, /the bucket webinfer_jobs at .* has history 5 instead of 1; give all members the same/],
            [{ max_age: 3600e9 }, /a time to live in seconds of 3600 instead of 0/],
            [{ max_msg_size: 1024 }, /a greatest value of 1024 instead of/],
            [{ storage: 'memory' }, /storage type/],
            [{ discard: 'old', max_bytes: 1e6 }, /discards old values/],
        ])) await withServer({}, async (server) => {
            await server.make({ ...settings, ...change });
            await withOne(memberOf(server, 'a'), async (a) => {
                await refuses(a, expected);
                await until(() => warned(a, expected), { what: 'the warning' });
                assert.equal(warned(a, expected), 1);
            });
        });
    });
});
