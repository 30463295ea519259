// tier: quick
/**
 * Clients share the queue: each is told apart by its token, they take turns, and none may fill more
 * of the queue than its share.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-fair-'));
const tokens = path.join(folder, 'tokens');
const token = (name, rank) => JSON.parse(execFileSync(cliPath,
    ['token', 'new', name, '--rank', rank, '--file', tokens, '--json'],
    { encoding: 'utf8' })).token;
const [operator, greedy, small] =
    [token('operator', 'admin'), token('greedy', 'user'), token('small', 'user')];

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ config: {
        api: { tokens_file: tokens },
        pool: { min_connections: 0, max_queue: 400, client_share: '75%' },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1, latencyMs: 100, token: operator }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** A node that is stopped takes as many as it may have, 16 and one more, and the others wait. */
const TAKEN = 17;

const as = (who) => ({ headers: { Authorization: `Bearer ${who}` } });
const echo = (who, more = {}) => daemon.infer({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }], ...more }, as(who));
const waiting = async () => (await daemon.get('/v1/status', as(small))).json.queue.waiting;

test('one with hundreds of requests does not hold up one with a few', async () => {
    const order = [];
    const ask = (who, count) => Array.from({ length: count }, () => echo(who).finally(() => order.push(who)));
    process.kill(simulation.pid, 'SIGSTOP');
    const many = ask(greedy, 300);
    await until(async () => await waiting() === 300 - TAKEN, { what: 'a long queue' });
    const few = ask(small, 3);
    await until(async () => await waiting() === 303 - TAKEN, { what: 'the few behind it' });
    process.kill(simulation.pid, 'SIGCONT');
    for (const answer of await Promise.all([...few, ...many])) assert.equal(answer.status, 200, answer.text);
    const before = order.lastIndexOf(small);
    assert.ok(before < 100, `${before} were answered before the last of the few`);
});

test('beyond its share of the queue a client gets 429, others do not', async () => {
    process.kill(simulation.pid, 'SIGSTOP');
    const taken = Array.from({ length: TAKEN }, () => echo(small));
    const attempts = async () => (await daemon.get('/v1/nodes', as(small))).json.nodes[0].attempts;
    await until(async () => await attempts() === TAKEN, { what: 'the node to be full' });
    const many = Array.from({ length: 310 }, () => echo(greedy));
    await until(async () => await waiting() === 300, { what: 'the share to be used up' });
    const refused = await echo(greedy);
    assert.equal(refused.status, 429);
    assert.equal(refused.json.code, 'client_share_used');
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    const welcome = echo(small);
    await until(async () => await waiting() === 301, { what: 'the other client to be let in' });
    process.kill(simulation.pid, 'SIGCONT');
    for (const answer of [...taken, welcome]) assert.equal((await answer).status, 200);
    const statuses = (await Promise.all(many)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 300);
    assert.equal(statuses.filter((status) => status === 429).length, 10);
});

test('the stored jobs of one do not hold up those of another, nor what somebody waits for', async () => {
    const stored = async () => (await daemon.get('/v1/status', as(operator))).json.stored_jobs;
    const body = { model_name: 'builtin/echo', platform: 'simulated',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] };
    const post = async (who) => {
        const answer = await daemon.post('/v1/jobs', body, as(who));
        assert.equal(answer.status, 202, answer.text);
        return answer.json.id;
    };
    process.kill(simulation.pid, 'SIGSTOP');
    await Promise.all(Array.from({ length: 100 }, () => post(greedy)));
    const mine = await post(small);
    const key = { headers: { ...as(small).headers, 'Idempotency-Key': 'fair' } };
    const waited = daemon.infer(body, key).then(async () => (await stored()).done);
    await until(async () => { const { queued, running } = await stored(); return queued + running === 102; },
        { what: 'all to be stored' });
    process.kill(simulation.pid, 'SIGCONT');
    assert.ok(await waited < 50, `${await waited} were done before the one that is waited for`);
    const job = await daemon.get(`/v1/jobs/${mine}?wait=30s`, as(small));
    assert.equal(job.json.state, 'done', job.text);
    const { done } = await stored();
    assert.ok(done < 60, `${done} were done before the job of the other`);
    await until(async () => (await stored()).done === 102, { what: 'all to be done' });
});
