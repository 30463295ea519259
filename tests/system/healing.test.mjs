// tier: full
// quick: browser, driver and renderer are killed under load: each request has one right answer
// quick: the socket is cut in the middle of the answer: exactly one right answer
/**
 * Things break in mid-job and the client gets one right answer all the same: processes are killed
 * in each observed state, and the socket is cut at each step of the protocol.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { until, within } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Proxy} */
let proxy;
const test = testsOf(() => daemon);
before(async () => {
    proxy = await new Proxy().listen();
    daemon = new Daemon({ models: ['slow', 'twice'], config: {
        bridge: { public_url: proxy.url, heartbeat_interval: '1s', resume_grace: '3s' },
        pool: { network: 'host' } } }); // in one of its own it would pass the proxy by
    // The bridge's port is known only after the start; the page is opened after that.
    const listening = daemon.start({ ready: false });
    await listening;
    proxy.to(daemon.bridgeUrl);
    await daemon.ready();
});
after(async () => {
    await daemon.stop();
    await proxy.close();
});

const slow = (count, x = 5) => daemon.infer({ model_name: 'slow', platform: 'wasm',
    timeout_ms: 90_000, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [x] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
const running = () => until(async () => (await daemon.status()).queue.running >= 1,
    { what: 'the job to run', every: 5 });
const echo = (data = [1]) => daemon.infer({ model_name: 'builtin/echo',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] });

/** A run of some seconds that breaks on the way, but not twice. */
async function surviving(breakIt) {
    await slow(1); // warm, so that what follows is the run itself
    const call = slow(800, 7);
    await running();
    await breakIt();
    const answer = await call;
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [7]);
    return answer.json.performance.attempts;
}

const kill = (role) => async () => {
    const found = daemon.processes(role);
    assert.ok(found.length > 0, `there is no ${role} process`);
    for (const { pid } of found) process.kill(pid, 'SIGKILL');
};

for (const role of ['browser', 'driver', 'renderer', 'lifeline'])
    test(`SIGKILL of the ${role} in mid-job: answered by a new attempt`, async () => {
        const attempts = await surviving(kill(role));
        assert.ok(attempts >= 2, `${attempts} attempts`);
        await daemon.ready();
        assert.equal((await echo()).status, 200);
    });

test('browser, driver and renderer are killed under load: each request has one right answer', async () => {
    const jobs = async () => (await daemon.status()).counters.jobs;
    const before = await jobs();
    let answered = 0, isOver = false;
    /** Asks one after the other; each answer tells whose it is. */
    async function client(index) {
        for (let count = 0; !isOver; count++) {
            const mine = 1000 * index + count, { status, json, text } = await slow(20, mine);
            assert.equal(status, 200, text);
            assert.deepEqual(json.outputs[0].data, [mine]);
            answered++;
        }
    }
    const clients = Promise.all(Array.from({ length: 12 }, (_, index) => client(index)));
    for (const role of ['browser', 'driver', 'renderer']) {
        await running();
        await kill(role)();
        const seen = answered;
        await until(() => answered >= seen + 12, { what: `answers after the kill of the ${role}`, timeout: 60_000 * patience });
    }
    isOver = true;
    await clients;
    const { accepted, completed, failed } = await jobs();
    assert.deepEqual([accepted - before.accepted, completed - before.completed, failed - before.failed],
        [answered, answered, 0]);
});

test('SIGKILL of the GPU process in mid-job: answered, by this attempt or the next', async () => {
    const before = daemon.processes('gpu').map(({ pid }) => pid);
    assert.ok(before.length > 0, 'there is no GPU process');
    await surviving(kill('gpu'));
    await daemon.ready();
    assert.equal((await echo()).status, 200);
});

test('a stopped browser (a hang) is noticed by its silence', async () => {
    const attempts = await surviving(async () => {
        for (const { pid } of [...daemon.processes('renderer'), ...daemon.processes('browser')])
            process.kill(pid, 'SIGSTOP');
    });
    assert.ok(attempts >= 2);
    await daemon.ready();
});

/** Gives sessions in `state` (and, if given, at `step`). */
const sessionsIn = async (state, step) => (await daemon.status()).sessions
    .filter((one) => one.state === state && (!step || one.step === step));

for (const role of ['lifeline', 'driver', 'browser'])
    test(`SIGKILL of the ${role} while a session is starting: the next one comes`, async () => {
        for (const { pid } of daemon.processes('lifeline')) process.kill(pid, 'SIGKILL');
        await until(async () => (await sessionsIn('starting')).length &&
            daemon.processes(role).length, { what: `a starting session's ${role}`, every: 2,
            timeout: 30_000 });
        for (const { pid } of daemon.processes(role))
            try {
                process.kill(pid, 'SIGKILL');
            } catch {
                // It ended between the look and the kill, which is a kill as well.
            }
        const call = echo([3]);
        assert.equal((await call).status, 200, 'what waited is answered');
        await daemon.ready();
    });

test('SIGKILL while a session is draining: nothing is lost', async () => {
    await slow(1);
    const call = slow(300, 9);
    await running();
    const [{ id }] = await sessionsIn('busy');
    assert.ok([200, 202].includes((await daemon.post(`/v1/sessions/${id}/recycle`, {})).status));
    await until(async () => (await sessionsIn('draining')).length, { what: 'it to drain' });
    await kill('browser')();
    const answer = await call;
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(kserve.decode(answer).outputs[0].values, [9]);
    await until(async () => (await sessionsIn('ready')).some((one) => one.id !== id),
        { what: 'another session', timeout: 60_000 });
    await daemon.ready();
});

/** Where a socket may be cut; `long` where the step only exists for a run of some length. */
const cuts = [
    { name: 'before the request arrives', rule: ['down', 'task_request', 'before'] },
    { name: 'in the middle of the request', rule: ['down', 'task_request', 'middle'] },
    { name: 'after the request, before it is accepted', rule: ['down', 'task_request', 'after'] },
    { name: 'in the middle of the acceptance', rule: ['up', 'task_accepted', 'middle'], long: true },
    { name: 'after it was accepted', rule: ['up', 'task_accepted', 'after'], long: true },
    { name: 'before the answer', rule: ['up', 'task_response', 'before'] },
    { name: 'in the middle of the answer', rule: ['up', 'task_response', 'middle'] },
    { name: 'after the answer, before the acknowledgement', rule: ['up', 'task_response', 'after'] },
];

for (const { name, rule, long } of cuts)
    test(`the socket is cut ${name}: exactly one right answer`, async () => {
        await daemon.ready();
        await slow(1);
        const before = proxy.cuts;
        proxy.cut(...rule);
        const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index & 255));
        const call = long ? slow(300, 4)
            : daemon.inferBinary({ model_name: 'builtin/echo' },
                [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }]);
        const answer = await call;
        assert.equal(proxy.cuts, before + 1, 'the cut happened');
        assert.equal(answer.status, 200, answer.text.slice(0, 500));
        const { outputs } = kserve.decode(answer);
        if (long) assert.deepEqual(outputs[0].values, [4]);
        else assert.ok(outputs[0].bytes.equals(bytes));
        assert.equal((await echo([8])).status, 200);
    });

test('a cut costs no second run: the attempt is resumed, not repeated', async () => {
    await daemon.ready();
    await slow(1);
    const from = proxy.seen.length;
    const call = slow(300, 6);
    await running();
    await until(() => proxy.seen.slice(from).some(({ type }) => type === 'task_accepted'),
        { what: 'the acceptance' });
    proxy.cutNow();
    const answer = await call;
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.performance.attempts, 1);
    const asked = proxy.seen.slice(from).filter(({ type }) => type === 'task_request');
    assert.equal(asked.length, 1, 'it was sent once');
});

test('a link that stays down longer than the grace: the job runs again elsewhere', async () => {
    const short = new Daemon({ models: ['slow'], config: {
        bridge: { heartbeat_interval: '1s', resume_grace: '1s' }, pool: { network: 'host' } } });
    const way = await new Proxy().listen();
    short.writeConfig({ bridge: { public_url: way.url } });
    let done = false;
    try {
        await short.start({ ready: false });
        way.to(short.bridgeUrl);
        await short.ready();
        const call = short.infer({ model_name: 'slow', platform: 'wasm', inputs: [
            { name: 'x', datatype: 'FP32', shape: [1, 1], data: [2] },
            { name: 'count', datatype: 'INT64', shape: [], data: [1500] }] });
        await until(async () => (await short.status()).queue.running === 1, { what: 'the job' });
        way.closed = true;
        way.cutNow();
        await until(async () => (await short.status()).queue.running === 0,
            { what: 'the attempt to be given up' });
        way.closed = false;
        const answer = await call;
        assert.equal(answer.status, 200, answer.text);
        assert.ok(answer.json.performance.attempts >= 2);
        done = true;
    } catch (error) {
        throw short.explain(error);
    } finally {
        if (!done) await short.abandon();
        else await short.stop();
        await way.close();
    }
});

test('a job that breaks every browser is poison: it stops, the others go on', async () => {
    await withDaemon({ models: ['slow'], config: { pool: { max_retries: 3 } } }, async (one) => {
        let over = false;
        const killer = (async () => {
            while (!over) {
                await until(async () => over || (await one.status()).queue.running >= 1,
                    { what: 'an attempt', timeout: 60_000 * patience });
                if (over) return;
                const browsers = one.processes('browser').map(({ pid }) => pid);
                for (const pid of browsers) process.kill(pid, 'SIGKILL');
                await until(() => over || !one.processes('browser')
                    .some(({ pid }) => browsers.includes(pid)), { what: 'it to go' });
            }
        })();
        const answer = await one.infer({ model_name: 'slow', platform: 'wasm', inputs: [
            { name: 'x', datatype: 'FP32', shape: [1, 1], data: [2] },
            { name: 'count', datatype: 'INT64', shape: [], data: [1e9] }] });
        over = true;
        await killer;
        assert.equal(answer.status, 502, answer.text);
        assert.equal(answer.json.code, 'attempts_exhausted');
        assert.ok(answer.json.attempts >= 2 && answer.json.attempts <= 4, answer.text);
        await one.ready();
        const fine = await within(one.infer({ model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }), 60_000, 'an echo');
        assert.equal(fine.status, 200);
    });
});
