// tier: quick
// full: while nothing can be written jobs are refused, infer goes on, and nothing is lost
// full: a daemon each > a full disk: an answer that cannot be stored is kept back, said everywhere, and not lost
// full: a daemon each > SIGKILL: what was accepted is done, once; what was done is still there
// full: a daemon each > a job that was running at three kills is failed; one that waited is not
// full: a daemon each > SIGTERM: what runs goes back to the queue at the limit, and runs at the next start
/**
 * Durable jobs: what was accepted is done, whatever happens to the daemon, once; keys make a
 * request one that can be sent again; what is kept expires.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import * as kserve from '../lib/kserve.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { describe, test as plainTest } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

const vector = (...data) => ({ name: 'x', datatype: 'FP32', shape: [data.length], data });
const twice = (number, more = {}) => ({ model_name: 'twice', platform: 'wasm',
    inputs: [vector(number, 2)], ...more });
const echo = (number, more = {}) => ({ model_name: 'builtin/echo',
    inputs: [vector(number, 2)], ...more });
/** Runs for about so many milliseconds. */
const slow = (rounds, more = {}) => ({ model_name: 'slow', platform: 'wasm', inputs: [
    { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
    { name: 'count', datatype: 'INT64', shape: [], data: [rounds] }], ...more });

const keyed = (key) => ({ headers: { 'Idempotency-Key': key } });

/** Posts a job that has to be accepted; gives its id. */
async function accepted(daemon, body, options) {
    const answer = await daemon.post('/v1/jobs', body, options);
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.headers.location, `/v1/jobs/${answer.json.id}`);
    return answer.json.id;
}

/** The job once it has ended. */
async function ended(daemon, id, wait = 60) {
    const end = Date.now() + wait * 1000 * patience;
    for (;;) {
        const { status, text, json } = await daemon.get(`/v1/jobs/${id}?wait=20s`);
        assert.equal(status, 200, text);
        if (json.finished_at) return json;
        assert.ok(Date.now() < end, `${id} does not end: ${text}`);
    }
}

async function inState(daemon, id, state) {
    let last;
    await until(async () => (last = await daemon.get(`/v1/jobs/${id}`)).json.state === state,
        { what: `${id} to be ${state}`, timeout: 30_000 * patience }).catch((error) => {
        throw new Error(`${error.message}: ${last.text}`);
    });
    return last.json;
}

/* --- with one daemon ------------------------------------------------------------------------- */

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice', 'slow', 'failing'] }).start();
});
after(() => daemon.stop());

test('a job is accepted, waited for, and its answer is that of infer', async () => {
    const answer = await daemon.post('/v1/jobs', twice(21, { id: 'mine', priority: 7 }));
    assert.equal(answer.status, 202);
    const { id, state, accepted_at: at } = answer.json;
    assert.match(id, /^job-[0-9a-f]{16}$/);
    assert.ok(['queued', 'running'].includes(state), state);
    assert.ok(Math.abs(at - Date.now()) < 60_000);
    const job = await ended(daemon, id);
    assert.equal(job.state, 'done');
    assert.equal(job.endpoint, '/v1/jobs');
    assert.equal(job.priority, 7);
    assert.equal(job.runs, 1);
    assert.equal(job.answer.id, 'mine');
    assert.deepEqual(job.answer.outputs[0].data, [42, 4]);
    assert.equal(job.answer.executed_on.platform, 'wasm');
    assert.ok(job.answer.performance.total_ms > 0);
    // Without an id of the client's own it is the job's, as in infer.
    const other = await accepted(daemon, twice(1));
    assert.equal((await ended(daemon, other)).answer.id, other);
});

test('a model that could answer in parts is stored with its whole answer', async () => {
    const count = { model_name: 'builtin/count', inputs: [], options: { count: 3, interval_ms: 5 } };
    const job = await ended(daemon, await accepted(daemon, count));
    assert.equal(job.state, 'done', JSON.stringify(job.error));
    assert.deepEqual(job.answer.outputs, []);
    assert.deepEqual(job.answer.result, { count: 3 });
    assert.equal(job.attempts, undefined);
    for (const [path, options] of [['/v1/jobs', {}], ['/v1/jobs', keyed('in-parts')],
        ['/v1/infer', keyed('in-parts')]]) {
        const refused = await daemon.post(path, { ...count, stream: true }, options);
        assert.equal(refused.status, 400, refused.text);
        assert.equal(refused.json.code, 'invalid_field');
    }
});

test('binary tensors, both ways', async () => {
    const tensor = { name: 'x', datatype: 'FP32', shape: [3],
        bytes: kserve.pack('FP32', [1, 2, NaN]) };
    const { headers, body } = kserve.encode(
        { model_name: 'twice', platform: 'wasm', parameters: { binary_data_output: true } }, [tensor]);
    const id = await accepted(daemon, body, { headers });
    const answer = await daemon.get(`/v1/jobs/${id}?wait=30s`);
    assert.equal(answer.headers['content-type'], 'application/octet-stream');
    const length = Number(answer.headers['inference-header-content-length']);
    const head = JSON.parse(answer.body.subarray(0, length).toString());
    assert.equal(head.state, 'done');
    const [output] = head.answer.outputs;
    assert.equal(output.parameters.binary_data_size, answer.body.length - length);
    assert.deepEqual(kserve.values('FP32', answer.body.subarray(length)), [2, 4, NaN]);
});

test('an answer of many megabytes is kept and given whole', async () => {
    const many = Float32Array.from({ length: 2_000_000 }, (_, index) => index);
    const bytes = Buffer.from(many.buffer);
    const { headers, body } = kserve.encode(
        { model_name: 'builtin/echo', parameters: { binary_data_output: true } },
        [{ name: 'x', datatype: 'FP32', shape: [many.length], bytes }]);
    const id = await accepted(daemon, body, { headers });
    const answer = await daemon.get(`/v1/jobs/${id}?wait=60s`);
    assert.equal(answer.status, 200);
    const length = Number(answer.headers['inference-header-content-length']);
    assert.ok(answer.body.subarray(length).equals(bytes));
});

test('what the model refuses is a failed job with a problem document', async () => {
    const id = await accepted(daemon, { model_name: 'failing', inputs: failingInputs() });
    const job = await ended(daemon, id);
    assert.equal(job.state, 'failed');
    assert.equal(job.error.code, 'inference_failed');
    assert.equal(job.error.status, 500);
    assert.equal(job.answer, undefined);
});

test('what infer would refuse at once is refused at once', async () => {
    for (const [body, status, code] of [
        [{ ...twice(1), nonsense: 1 }, 400, 'unknown_field'],
        [{ ...twice(1), model_name: 'none' }, 404, 'model_not_found'],
        [{ ...twice(1), inputs: [{ ...vector(1), name: 'y' }] }, 422, 'input_unknown'],
        ['{', 400, 'bad_json'],
    ]) {
        const answer = await daemon.post('/v1/jobs', body,
            { headers: { 'Content-Type': 'application/json' } });
        assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text);
    }
    assert.equal((await daemon.get('/v1/jobs/job-0000000000000000')).json.code, 'job_not_found');
    assert.equal((await daemon.get(`/v1/jobs/${'x'.repeat(200)}`)).status, 404);
    assert.equal((await daemon.request('/v1/jobs/nothing', { method: 'DELETE' })).status, 404);
    const bad = await daemon.get('/v1/jobs/job-0000000000000000?wait=soon');
    assert.deepEqual([bad.status, bad.json.field, bad.json.expected], [400, 'wait', 'a duration such as 30s, at most 60s']);
    for (const [query, field, wanted] of [['state=lost', 'state', 'queued, running, done, failed, cancelled'], ['limit=0', 'limit', '1 to 1000'], ['limit=x', 'limit', '1 to 1000']]) {
        const answer = await daemon.get(`/v1/jobs?${query}`);
        assert.deepEqual([answer.status, answer.json.field, answer.json.allowed ?? answer.json.expected], [400, field, wanted]);
    }
});

test('the list: newest first, by state, bounded', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await accepted(daemon, echo(i)));
    for (const id of ids) await ended(daemon, id);
    const { jobs } = (await daemon.get('/v1/jobs?state=done&limit=3')).json;
    assert.deepEqual(jobs.map((job) => job.id).toSorted(), ids.toSorted());
    assert.ok(jobs.every((job) => job.state === 'done' && !job.answer));
    assert.equal((await daemon.get('/v1/jobs?state=cancelled')).json.jobs.length, 0);
    assert.equal((await daemon.get('/v1/jobs?limit=2')).json.jobs.length, 2);
});

test('cancelling what runs and what waits; what is done stays done', async () => {
    const running = await accepted(daemon, slow(1_000_000));
    await inState(daemon, running, 'running');
    // So many that the last ones still lie in the database.
    const waiting = [];
    for (let i = 0; i < 20; i++) waiting.push(await accepted(daemon, twice(i)));
    assert.equal((await daemon.get(`/v1/jobs/${waiting[19]}`)).json.state, 'queued');
    const waited = daemon.get(`/v1/jobs/${waiting[19]}?wait=30s`);
    for (const id of [waiting[19], waiting[0], running, running]) {
        const answer = await daemon.request(`/v1/jobs/${id}`, { method: 'DELETE' });
        assert.deepEqual([answer.status, answer.json], [200, { id, state: 'cancelled' }]);
        assert.equal((await daemon.get(`/v1/jobs/${id}`)).json.error.code, 'cancelled');
    }
    assert.equal((await waited).json.state, 'cancelled');
    for (const id of waiting.slice(1, 19)) assert.equal((await ended(daemon, id)).state, 'done');
    const late = await daemon.request(`/v1/jobs/${waiting[1]}`, { method: 'DELETE' });
    assert.deepEqual([late.status, late.json.code], [409, 'conflict']);
});

test('waiting ends when it is told to, and when its client leaves', async () => {
    const id = await accepted(daemon, slow(1_000_000));
    const started = Date.now();
    const answer = await daemon.get(`/v1/jobs/${id}?wait=300ms`);
    assert.equal(answer.status, 200);
    assert.ok(['queued', 'running'].includes(answer.json.state));
    assert.ok(Date.now() - started >= 290);
    const gone = new AbortController();
    const left = daemon.get(`/v1/jobs/${id}?wait=60s`, { signal: gone.signal });
    await until(async () => (await daemon.metric('webinfer_http_requests_in_flight')) === 2,
        { what: 'the waiting request' });
    gone.abort();
    await assert.rejects(left);
    await until(async () => (await daemon.metric('webinfer_http_requests_in_flight')) === 1,
        { what: 'its end to be noticed', timeout: 5000 });
    await daemon.request(`/v1/jobs/${id}`, { method: 'DELETE' });
});

test('a deadline counts from acceptance, also while the job waits', async (context) => {
    const blocker = await accepted(daemon, slow(1_000_000));
    await inState(daemon, blocker, 'running');
    context.after(() => daemon.request(`/v1/jobs/${blocker}`, { method: 'DELETE' }));
    const ids = [];
    for (let i = 0; i < 12; i++) ids.push(await accepted(daemon, twice(i, { timeout_ms: 500 })));
    for (const id of ids) {
        const job = await ended(daemon, id);
        assert.equal(job.deadline_at - job.accepted_at, 500);
        assert.deepEqual([job.state, job.error.code], ['failed', 'deadline_exceeded'],
            JSON.stringify(job.error));
    }
});

/* --- keys ------------------------------------------------------------------------------------ */

test('the same key is the same job; another body is refused', async () => {
    const first = await daemon.post('/v1/jobs', twice(5), keyed('job-key'));
    const again = await daemon.post('/v1/jobs', twice(5), keyed('job-key'));
    assert.equal(again.status, 202);
    assert.equal(again.json.id, first.json.id);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    const other = await daemon.post('/v1/jobs', twice(6), keyed('job-key'));
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency_mismatch']);
    // The key of another endpoint is another key.
    const infer = await daemon.infer(twice(6), keyed('job-key'));
    assert.equal(infer.status, 200);
    await ended(daemon, first.json.id);
    const done = await daemon.post('/v1/jobs', twice(5), keyed('job-key'));
    assert.deepEqual([done.status, done.json.id, done.json.state], [202, first.json.id, 'done']);
    for (const key of ['', 'x'.repeat(256), 'with space', 'ümlaut'.normalize()]) {
        const answer = await daemon.post('/v1/jobs', twice(5),
            keyed(Buffer.from(key, 'utf8').toString('latin1')));
        assert.deepEqual([answer.status, answer.json.field, answer.json.expected], [400, 'Idempotency-Key', '1 to 255 visible ASCII characters'], key);
    }
    const longest = await daemon.post('/v1/jobs', twice(5), keyed('x'.repeat(255)));
    assert.equal(longest.status, 202);
    await ended(daemon, longest.json.id);
});

test('infer with a key: in flight together, replayed afterwards, run once', async () => {
    const before = await daemon.metric('webinfer_jobs_completed_total');
    const body = slow(30);
    const answers = await Promise.all([1, 2, 3].map(() => daemon.infer(body, keyed('together'))));
    answers.push(await daemon.infer(body, keyed('together')));
    for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.text, answers[0].text);
    }
    assert.equal(answers.filter((one) => !one.headers['idempotency-replayed']).length, 1);
    assert.equal(await daemon.metric('webinfer_jobs_completed_total'), before + 1);
    const other = await daemon.infer(slow(31), keyed('together'));
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency_mismatch']);
});

test('infer with a key: the model\'s failure is replayed, what was never accepted is not', async () => {
    const body = { model_name: 'failing', inputs: failingInputs() };
    for (const replayed of [undefined, 'true']) {
        const answer = await daemon.infer(body, keyed('fails'));
        assert.deepEqual([answer.status, answer.json.code], [500, 'inference_failed']);
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.headers['idempotency-replayed'], replayed);
    }
    assert.equal((await daemon.infer({ ...twice(1), nope: 1 }, keyed('typo'))).status, 400);
    assert.equal((await daemon.infer(twice(1), keyed('typo'))).status, 200);
});

test('infer with a key: a client that left finds the answer with its next try', async () => {
    const gone = new AbortController();
    const body = slow(300);
    const left = daemon.infer(body, { ...keyed('left'), signal: gone.signal });
    await until(async () => (await daemon.get('/v1/jobs?state=running')).json.jobs.length > 0,
        { what: 'the job to run' });
    gone.abort();
    await assert.rejects(left);
    const before = await daemon.metric('webinfer_stored_jobs_replayed_total');
    const answer = await daemon.infer(body, keyed('left'));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['idempotency-replayed'], 'true');
    assert.equal(await daemon.metric('webinfer_stored_jobs_replayed_total'), before + 1);
});

function failingInputs() {
    return [vector(1, 2), { name: 'shape', datatype: 'INT64', shape: [1], data: [5] }];
}

/* --- a full disk ------------------------------------------------------------------------------- */

test('while nothing can be written jobs are refused, infer goes on, and nothing is lost', async () => {
    const limit = (size) => execFileSync('prlimit', ['--pid', String(daemon.pid), `--fsize=${size}:`]);
    const earlier = await accepted(daemon, slow(200));
    await inState(daemon, earlier, 'running');
    limit('4096');
    try {
        const answer = await daemon.post('/v1/jobs', twice(1));
        assert.deepEqual([answer.status, answer.json.code], [507, 'storage_failed'], answer.text);
        assert.match(answer.json.detail, /not accepted.*(full|I\/O error)/);
        assert.equal(await daemon.metric('webinfer_store_failing'), 1);
        assert.ok(await daemon.metric('webinfer_store_failures_total') > 0);
        assert.equal((await daemon.infer(twice(1))).status, 200);
        assert.equal((await daemon.get('/healthz')).status, 200);
    } finally {
        limit('unlimited');
    }
    assert.equal((await ended(daemon, earlier)).state, 'done');
    assert.equal((await ended(daemon, await accepted(daemon, twice(2)))).state, 'done');
    await writable(daemon);
});

/** Waits until the daemon says that its database can be written again. */
const writable = (one) => until(async () => await one.metric('webinfer_store_failing') === 0,
    { what: 'the database to be written again', timeout: 30_000 * patience, every: 200 });

/** A daemon with no browser: what runs there is the test's. */
const nodeInHand = (more = {}) => ({ ready: false, config: { ...more,
    pool: { min_connections: 0, numerics: 'off', ...more.pool },
    'browser.chrome': { max_connections: 0 } } });

/* --- over the daemon's end --------------------------------------------------------------------- */

async function kill(victim) {
    victim.signal('SIGKILL');
    await victim.waitEnd();
    await victim.checkNothingLeft({ timeout: 10_000, directories: false });
}

// They wait most of the time.
describe('a daemon each', { concurrency: 3 }, () => {
    plainTest('a full disk: an answer that cannot be stored is kept back, said everywhere, and not lost',
        { timeout: 120_000 * patience }, () => withDaemon(nodeInHand(), async (one) => {
            const limit = (size) =>
                execFileSync('prlimit', ['--pid', String(one.pid), `--fsize=${size}:`]);
            const node = new FakeNode((await one.post('/v1/admin/join', {})).json.url);
            const held = [];
            node.onTask = (task) => held.push(task);
            await node.join();
            const body = echo(1, { timeout_ms: 600_000 }); // what waits for that does not end in time
            const ask = () => one.infer(body, keyed('full'));
            const first = ask();
            await until(() => held.length > 0, { what: 'the job to run' });
            const waiting = await accepted(one, echo(2));
            // Both are taken, which is written, too, and neither has ended.
            await until(async () => await one.metric('webinfer_stored_jobs_running') === 2,
                { what: 'both jobs to be taken', timeout: 30_000 * patience });
            limit('4096');
            try {
                node.onTask = (task) => node.respond(task);
                for (const task of held) node.respond(task);
                for (const answer of [await first, await ask()]) {
                    assert.deepEqual([answer.status, answer.json.code], [507, 'storage_failed'],
                        answer.text);
                    assert.match(answer.json.detail, /could not be stored: .*same Idempotency-Key/);
                    assert.ok(answer.headers['retry-after']);
                }
                await until(async () => await one.metric('webinfer_stored_jobs_unwritten') === 2,
                    { what: 'both ends to be unwritten', timeout: 30_000 * patience });
                const said = /the database cannot be written: .*2 jobs that have ended wait/;
                const status = (await one.get('/v1/status')).json;
                assert.ok(status.warnings.some((line) => said.test(line)), status.warnings.join('; '));
                const ready = await one.get('/readyz');
                assert.equal(ready.status, 200); // what needs no database goes on
                assert.match(ready.json.warnings[0], said);
                const job = (await one.get(`/v1/jobs/${waiting}`)).json;
                assert.equal(job.state, 'running');
                assert.match(job.problem, /its end could not be stored, which is tried again: /);
                // two more tries in vain, which the log is not to tell of
                const failures = await one.metric('webinfer_store_failures_total');
                await until(async () => await one.metric('webinfer_store_failures_total') >=
                    failures + 4, { what: 'further tries', timeout: 30_000 * patience, every: 200 });
            } finally {
                limit('unlimited');
            }
            await until(async () => await one.metric('webinfer_stored_jobs_unwritten') === 0,
                { what: 'both ends to be written', timeout: 30_000 * patience });
            assert.equal((await ended(one, waiting)).state, 'done');
            const answer = await ask();
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.headers['idempotency-replayed'], 'true');
            assert.equal(await one.metric('webinfer_jobs_completed_total'), 2); // none ran twice
            await writable(one);
            assert.equal((await one.get('/readyz')).json.warnings, undefined);
            assert.equal((await one.get('/v1/status')).json.warnings.filter((line) =>
                /database/.test(line)).length, 0);
            const lines = one.log.split('\n').filter((line) => /webinfer\.db|could not be stored/.test(line));
            assert.equal(lines.length, 2, lines.join('\n'));
            assert.match(lines[0], /cannot write .*webinfer\.db: /);
            assert.match(lines[1], /webinfer\.db can be written again/);
            await node.close();
        }));

    plainTest('SIGKILL: what was accepted is done, once; what was done is still there',
        { timeout: 180_000 * patience }, () => withDaemon({ models: ['twice', 'slow'] }, async (one) => {
            const before = await accepted(one, twice(1));
            const answer = (await ended(one, before)).answer;
            const infer = await one.infer(twice(9), keyed('kept'));
            assert.equal(infer.status, 200);
            const running = await accepted(one, slow(600));
            await inState(one, running, 'running');
            const ids = [];
            for (let i = 0; i < 30; i++) ids.push(await accepted(one, twice(i)));
            await kill(one);
            await one.start();
            assert.deepEqual((await ended(one, before)).answer, answer);
            for (const [index, id] of ids.entries()) {
                const job = await ended(one, id);
                assert.equal(job.state, 'done', JSON.stringify(job));
                assert.equal(job.answer.outputs[0].data[0], 2 * index);
            }
            const again = await ended(one, running);
            assert.deepEqual([again.state, again.runs], ['done', 2]);
            assert.ok(await one.metric('webinfer_stored_jobs_recovered_total') >= 1);
            assert.equal(await one.metric('webinfer_stored_jobs_done_total'), 31);
            const replayed = await one.infer(twice(9), keyed('kept'));
            assert.equal(replayed.text, infer.text);
            assert.equal(replayed.headers['idempotency-replayed'], 'true');
        }));

    plainTest('a job that was running at three kills is failed; one that waited is not',
        { timeout: 180_000 * patience }, () => withDaemon({ models: ['twice', 'slow'] }, async (one) => {
            const poison = await accepted(one, slow(100_000_000));
            await inState(one, poison, 'running');
            const ids = [];
            for (let i = 0; i < 20; i++) ids.push(await accepted(one, twice(i, { priority: 0 })));
            for (let i = 1; i <= 3; i++) {
                assert.equal((await inState(one, poison, 'running')).runs, i);
                await kill(one);
                await one.start();
            }
            const job = await ended(one, poison);
            assert.deepEqual([job.state, job.error.code], ['failed', 'attempts_exhausted']);
            assert.match(job.error.detail, /the daemon was lost 3 times while it ran this job \(it crashed, was killed, or could not be reached\)/);
            for (const id of ids) assert.equal((await ended(one, id)).state, 'done');
        }));

    plainTest('SIGTERM: what runs goes back to the queue at the limit, and runs at the next start',
        { timeout: 180_000 * patience },
        () => withDaemon({ models: ['twice', 'slow'], config: { pool: { shutdown_timeout: '1s' } } },
            async (one) => {
                const running = await accepted(one, slow(400));
                await inState(one, running, 'running');
                const ids = [];
                for (let i = 0; i < 10; i++) ids.push(await accepted(one, twice(i)));
                one.signal('SIGTERM');
                assert.equal((await one.waitEnd()).code, 0);
                one.checkReport();
                await one.start();
                assert.equal(await one.metric('webinfer_stored_jobs_recovered_total'), 0);
                for (const id of [running, ...ids]) {
                    const job = await ended(one, id);
                    assert.equal(job.state, 'done', JSON.stringify(job));
                }
            }));

    plainTest('a job that three daemons ended with is ended by the fourth when it starts', { timeout: 120_000 * patience },
        () => withDaemon(nodeInHand(), async (one) => {
            const id = await accepted(one, echo(1, { timeout_ms: 600_000 }));
            for (let i = 0; i < 3; i++) {
                const node = new FakeNode((await one.post('/v1/admin/join', {})).json.url);
                const comes = new Promise((resolve) => { node.onTask = resolve; });
                await node.join();
                await comes;
                await kill(one);
                await one.start({ ready: false });
            }
            const job = await ended(one, id);
            assert.deepEqual([job.state, job.error.code], ['failed', 'attempts_exhausted'], JSON.stringify(job));
        }));

    plainTest('finished jobs and their keys go after job_retention', { timeout: 120_000 * patience },
        () => withDaemon(nodeInHand({ pool: { job_retention: '2s' } }), async (one) => {
            const node = await new FakeNode((await one.post('/v1/admin/join', {})).json.url).join();
            const { id } = (await one.post('/v1/jobs', echo(1), keyed('short'))).json;
            await ended(one, id);
            await until(async () => (await one.get(`/v1/jobs/${id}`)).status === 404,
                { what: 'the job to go', timeout: 20_000 * patience, every: 200 });
            assert.equal(await one.metric('webinfer_stored_jobs_bytes'), 0);
            const again = await one.post('/v1/jobs', echo(2), keyed('short'));
            assert.equal(again.status, 202);
            assert.notEqual(again.json.id, id);
            await node.close();
        }));

    plainTest('[store] max_size bounds what is accepted, of all and of one client', { timeout: 120_000 * patience },
        () => withDaemon(nodeInHand({ store: { max_size: '2M' } }), async (one) => {
            const nodes = await new Simulation(one, { nodes: 1 }).up();
            const big = (size) => kserve.encode({ model_name: 'builtin/echo', platform: 'simulated',
                parameters: { binary_data_output: true } },
            [{ name: 'x', datatype: 'UINT8', shape: [size], bytes: Buffer.alloc(size, 7) }]);
            const tooBig = big(2 << 20);
            const refused = await one.post('/v1/jobs', tooBig.body, { headers: tooBig.headers });
            assert.deepEqual([refused.status, refused.json.code], [507, 'storage_failed']);
            assert.match(refused.json.detail, /max_size is 2097152/);
            assert.ok(refused.headers['retry-after']);
            const half = big(600 << 10);
            const first = await accepted(one, half.body, { headers: half.headers });
            await until(async () => (await one.get('/v1/jobs?state=done')).json.jobs
                .some((job) => job.id === first), { what: 'the first' });
            const full = await one.post('/v1/jobs', half.body, { headers: half.headers });
            assert.deepEqual([full.status, full.json.code], [429, 'client_share_used']);
            assert.match(full.json.detail, /half is used/);
            assert.equal((await ended(one, await accepted(one, echo(4, { platform: 'simulated' })))).state, 'done');
            await nodes.stop();
        }));
});
