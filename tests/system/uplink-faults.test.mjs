// tier: full
/**
 * What webinfer uplink lends, and what it does when either daemon is killed, busy, hostile or refuses its token.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CountingNode } from '../lib/counting-node.mjs';
import { UNREAD_MAX } from '../lib/counting.mjs';
import { patience } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import * as onnx from '../lib/onnx.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';
import { ada, assertEchoed, Count, echo, headersOf, newDaemon, people, relaysOf, ScriptedBorrower, ScriptedLender, tokens, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

describe('what is lent', () => {
    let lender, borrower, simulation, uplink;
    /** A model of that name whose graph has that one, so that its hash is another. */
    const put = ({ store }, name, graph) => {
        fs.mkdirSync(path.join(store, name), { recursive: true });
        fs.writeFileSync(path.join(store, name, 'model.onnx'), onnx.twice(graph));
    };
    const ask = (name) => borrower.infer({ model_name: name, platform: 'simulated', timeout_ms: 2000,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] }, ada);
    const assertUnlent = (answer) => {
        assert.deepEqual([answer.status, answer.json.code], [503, 'unavailable'], answer.text);
        assert.match(answer.json.detail, /relays, and the daemons behind them do not have/);
    };
    before(async () => {
        [lender, borrower] = [await newDaemon(), await newDaemon()];
        for (const daemon of [lender, borrower])
            for (const name of ['same', 'kept', 'other']) put(daemon, name, name === 'other' ? daemon.url : name);
        simulation = await new Simulation(lender, { nodes: 1, token: tokens.root, models: lender.store }).up();
        uplink = await new Uplink(lender, borrower, { words: ['--models', 'same,other,none'] }).up(borrower);
        await until(async () => (await ask('same')).status === 200, { what: 'the model to be lent', timeout: 30_000 });
    });
    after(async () => {
        await uplink?.stop();
        await simulation?.stop();
        await lender?.stop();
        await borrower?.stop();
    });

    test('the models that --models names, and no others', async () => {
        assert.equal((await ask('same')).json.executed_on.via, 'attic');
        assertUnlent(await ask('kept'));
    });

    test('a model with another hash is another model', async () => assertUnlent(await ask('other')));

    test('a model that becomes another one there is not lent any more', async () => {
        put(lender, 'same', 'changed');
        const refused = await until(async () => {
            const answer = await ask('same');
            return answer.status !== 200 && answer;
        }, { what: 'the model to be another one', timeout: 30_000 });
        assert.match(refused.text, /model_changed|do not have/); // it was asked, and refused, or was not asked any more
        assertUnlent(await until(async () => {
            const answer = await ask('same');
            return /do not have/.test(answer.text) && answer;
        }, { what: 'its hash to be gone', timeout: 30_000 }));
    });
});

describe('a lending daemon that has other things to do', () => {
    for (const [status, code] of [[429, 'too_many_requests'], [503, 'unavailable'], [503, 'model_changed'], [504, 'deadline_exceeded']])
        test(`${status} ${code}: another node is asked`, async () => {
            const borrower = await newDaemon();
            const lender = await new ScriptedLender((_, answer, json) => json(status, { code, detail: 'not now' })).start();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            const here = await new Simulation(borrower, { nodes: 1, latencyMs: 100, token: tokens.root }).up();
            const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => borrower.infer(echo([i], { timeout_ms: 60_000 }), ada)));
            answers.forEach((answer, i) => {
                assertEchoed(answer, [i]);
                assert.equal(answer.json.executed_on.via, undefined);
            });
            assert.ok(lender.asked.length > 0, 'the lending daemon was never asked');
            await uplink.stop();
            lender.stop();
            await here.stop();
            await borrower.stop();
        });

    for (const kind of ['answer', 'stream'])
        test(`its last browser has just gone: a request for one ${kind} costs no attempt, and waits for the next browser`, async () => {
            const borrower = await newDaemon();
            const lender = await new ScriptedLender(({ id }, answer, json) => {
                lender.isBare = lender.asked.length === 1;
                if (lender.isBare) return json(503, { code: 'unavailable', detail: 'there is no node' });
                const end = { id, outputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }], performance: {}, executed_on: { platform: 'simulated', engine: 'x', fallbacks: [] } };
                return kind === 'answer' ? json(200, end)
                    : answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(`event: done\ndata: ${JSON.stringify({ ...end, parts: 0 })}\n\n`);
            }).start();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            const asked = borrower.infer(echo([7], { timeout_ms: 60_000 }), { headers: { ...ada.headers, ...kind === 'stream' && { Accept: 'text/event-stream' } } });
            await until(async () => (await relaysOf(borrower)).some(({ paused }) => paused), { what: 'the relay to be paused' });
            lender.isBare = false;
            const answer = await asked;
            assert.equal(answer.status, 200, answer.text);
            if (kind === 'answer') assertEchoed(answer, [7]);
            assert.equal(lender.asked.length, 2);
            await uplink.stop();
            lender.stop();
            await borrower.stop();
        });

    test('it hears of the priority, the requested type, the client whose caches may be used, and the beginning of a stream', async () => {
        const borrower = await newDaemon();
        putGguf(borrower.store, 'abc', { follow: 'abcdefgh' });
        const hash = await until(async () => (await borrower.get('/v1/models/abc', headersOf('root'))).json.hash, { what: 'the hash' });
        const lender = await new ScriptedLender(({ model_name: name, id, relay: { continue: from } }, answer, json) => {
            if (name === 'abc') return json(422, { code: 'input_invalid', detail: 'enough' });
            const parts = Array.from({ length: 30 }, (_, seq) => `event: part\ndata: ${
                JSON.stringify({ seq, index: 0, text: `${seq} `, tokens: [seq] })}\n\n`).slice(from.seq);
            return answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(`${parts.join('')}event: done\ndata: ${
                JSON.stringify({ id, outputs: [], parts: 30, result: { count: 30 }, performance: {},
                    executed_on: { platform: 'wasm', engine: 'x', fallbacks: [] } })}\n\n`);
        }, { models: [{ name: 'abc', hash }], node: { browser: 'chromium', platforms: { wasm: { available: true } },
            engines: { builtin: { version: '1', slots: 4, can: ['continue'] }, llama: { version: '1', slots: 4 } } } }).start();
        const node = await new CountingNode(`${borrower.bridgeUrl}/#token=${tokens.farm}`).join();
        node.letTo(10);
        const count = new Count(borrower, { count: 30 }, {}), run = count.run(borrower);
        await until(() => count.next === 10, { what: 'ten parts' });
        const uplink = await new Uplink(lender, borrower).up(borrower);
        await node.close();
        await run;
        assert.ok(count.isWhole, count.explain());
        assert.deepEqual(lender.asked.map(({ relay }) => relay.continue), [{ seq: 10, text: '0 1 2 3 4 5 6 7 8 9 ',
            tokens: Array.from({ length: 10 }, (_, i) => i) }]);
        const ask = (who, more) => borrower.infer({ model_name: 'abc', inputs: 'abc', timeout_ms: 20_000, ...more }, headersOf(who));
        await until(async () => (await ask('ada')).status === 422, { what: 'the model to be lent' });
        lender.asked.length = 0;
        for (const [who, priority] of [['ada', 9], ['root', 0], ['ada', 3]]) {
            const answer = await ask(who, { priority });
            assert.deepEqual([answer.status, answer.json.code], [422, 'input_invalid'], answer.text);
        }
        assert.deepEqual(lender.asked.map(({ priority }) => priority), [9, 0, 3]);
        const owners = lender.asked.map(({ relay }) => relay.owner);
        assert.ok(owners[0] && owners[0] === owners[2] && owners[0] !== owners[1], owners.join(' '));
        assert.ok(owners.every((owner) => !/ada|root/.test(owner)), 'nobody is named');
        assert.ok(lender.asked.every(({ model_type: type }) => type === undefined));
        assert.equal((await ask('ada', { inputs: ['abc'], task: 'embed', model_type: 'text_embedding' })).status, 422);
        assert.deepEqual([lender.asked.at(-1).task, lender.asked.at(-1).model_type], ['embed', 'text_embedding']);
        await uplink.stop();
        lender.stop();
        await borrower.stop();
    });
});

describe('a token that is revoked while it is used', () => {
    for (const where of ['lender', 'borrower'])
        test(`at the ${where}: the program ends, and says which`, async () => {
            const [lender, borrower] = [await newDaemon(), await newDaemon()];
            const there = await new Simulation(lender, { nodes: 1, token: tokens.root }).up();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            const { attic, ...others } = people;
            const daemon = where === 'lender' ? lender : borrower;
            writeTokens(daemon, others, tokens);
            await daemon.reload();
            assert.equal(attic, 'relay');
            assert.deepEqual(await uplink.end, { code: 4, signal: null }, uplink.problems);
            assert.match(uplink.problems.trim().split('\n').at(-1), where === 'lender'
                ? /refuses the token: it needs one of rank relay/ : /refuses the relay: .*tokens file/);
            await there.stop();
            await lender.stop();
            await borrower.stop();
        });
});

test('a borrowing daemon that sends garbage gets nothing by it, and is connected to again', async () => {
    const lender = await newDaemon();
    const there = await new Simulation(lender, { nodes: 1, token: tokens.root }).up();
    const borrower = await new ScriptedBorrower(lender.folder).start();
    const uplink = new Uplink(lender, borrower);
    const said = (type) => borrower.received.filter((message) => message.type === type);
    const announced = (times) => until(() => borrower.announced >= times && borrower.socket.readyState === 1,
        { what: `${times} announcements (${uplink.problems})`, timeout: 30_000 * patience });
    await announced(1);
    const garbage = ['{', '[]', 'null', '\0', '{"type":7}', Buffer.alloc(0), Buffer.from([255, 255, 255, 255]), crypto.randomBytes(5000)];
    for (const [at, bytes] of garbage.entries()) {
        borrower.socket.send(bytes);
        await announced(at + 2);
    }
    // What has the form of a message is answered, or passed over.
    for (const [type, data] of [['heartbeat', { seq: 'x' }], ['task_credit', { attempt_id: 'none', parts: -1 }], ['task_ack', { attempt_ids: 7 }],
        ['task_data', { attempt_id: 'none', tensor: 1e9, position: -1 }], ['task_cancel', {}], ['model_load', {}], ['model_unload', { name: 7 }],
        ['something', { a: 1 }], ['welcome', {}], ['task_request', {}], ['task_request', { attempt_id: 'a1', model: 7 }],
        ['task_request', { attempt_id: 'a'.repeat(5000), model: { name: 'builtin/echo' }, deadline_ms: 1000 }]])
        borrower.send(type, data);
    const task = (attempt, more, options) => {
        borrower.send('task_request', { attempt_id: attempt, deadline_ms: 5000, platforms: ['simulated'], outputs: [], ...more }, { options });
        return borrower.answered(attempt);
    };
    for (const [attempt, more, code] of [
        ['t1', { model: { name: 'unknown', hash: 'a'.repeat(64) } }, 'model_not_found'],
        ['t2', { model: { name: 'unknown' } }, 'model_not_found'],
        ['t3', { model: { name: 'unknown', hash: 7 } }, 'model_not_found'],
        ['t4', { model: { name: 'builtin/../secrets' } }, 'invalid_field'],
        ['t5', { model: { name: 'builtin/echo' }, task_type: 'compute' }, 'operator_unsupported'],
        ['t6', { model: { name: 'builtin/echo' }, input: { image: { tensor: 3 } } }, 'input_invalid'],
        ['t7', { model: { name: 'builtin/echo' }, priority: 99 }, 'invalid_field'],
        ['t8', { model: { name: 'builtin/echo' }, owner: 7 }, 'invalid_field'],
        ['t9', { model: { name: 'builtin/count' }, stream: true, continue: { seq: -5 } }, 'invalid_field'],
    ]) {
        const { data } = await task(attempt, more);
        assert.deepEqual([data.ok, data.error?.code], [false, code], JSON.stringify(data));
    }
    const { data } = await task('t10', { model: { name: 'builtin/count' } }, { count: 2 });
    assert.equal(data.ok, true, JSON.stringify(data)); // and it still works
    assert.equal(said('task_response').filter(({ data: { attempt_id: id } }) => id === 't1').length, 1);
    // A fault of its own is no matter of its token.
    borrower.socket.close(1008, 'a message is too large');
    assert.deepEqual(await uplink.end, { code: 1, signal: null }, uplink.problems);
    assert.match(uplink.problems.trim().split('\n').at(-1), /broke a rule of the node protocol: a message is too large; /);
    await borrower.stop();
    await there.stop();
    await lender.stop();
});

test('SIGKILL of the borrowing daemon under load: each stored job has one end', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()];
    const there = await new Simulation(lender, { nodes: 2, latencyMs: 100, token: tokens.root }).up();
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const accepted = await Promise.all(Array.from({ length: 30 }, (_, i) => borrower.post('/v1/jobs', echo([i]), ada)));
    const ids = accepted.map(({ status, json, text }) => {
        assert.equal(status, 202, text);
        return json.id;
    });
    const done = async () => Number((await borrower.get('/metrics', headersOf('root'))).text
        .match(/\nwebinfer_stored_jobs_done_total (\d+)/)?.[1]);
    await until(async () => await done() > 3, { what: 'some to be done' });
    const { port } = new URL(borrower.bridgeUrl);
    borrower.signal('SIGKILL');
    await borrower.waitEnd();
    borrower.writeConfig({ bridge: { listen: `127.0.0.1:${port}` } });
    await borrower.start({ ready: false });
    for (const [i, id] of ids.entries()) {
        const job = await until(async () => {
            const { json } = await borrower.get(`/v1/jobs/${id}?wait=5s`, ada);
            return json.finished_at && json;
        }, { what: `the end of job ${i}`, timeout: 60_000 * patience });
        assert.deepEqual([job.state, job.answer?.outputs[0].data], ['done', [i]], JSON.stringify(job));
        assert.equal(job.answer.executed_on.via, 'attic');
    }
    const { jobs } = (await borrower.get('/v1/jobs?limit=1000', ada)).json;
    assert.deepEqual(jobs.map(({ id }) => id).sort(), ids.sort());
    await uplink.stop();
    await there.stop();
    await lender.stop();
    await borrower.stop();
});

test('a stream that has begun on a node here goes on at the lending daemon, behind its text', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()];
    const there = await new CountingNode(`${lender.bridgeUrl}/#token=${tokens.farm}`).join();
    const node = await new CountingNode(`${borrower.bridgeUrl}/#token=${tokens.farm}`).join();
    node.letTo(10);
    const count = new Count(borrower, { count: 30 }, {}), run = count.run(borrower);
    await until(() => count.next === 10, { what: 'ten parts' });
    const uplink = await new Uplink(lender, borrower).up(borrower);
    await node.close();
    await run;
    assert.ok(count.isWhole, count.explain());
    assert.equal(count.done.executed_on.via, 'attic');
    await uplink.stop();
    await there.close();
    await lender.stop();
    await borrower.stop();
});

test('a job that breaks two nodes of the lending daemon is sent to none here', async () => {
    const lender = await newDaemon({ config: { bridge: { heartbeat_interval: '1s', heartbeat_misses: 3, resume_grace: '0s' } } });
    const borrower = await newDaemon(), broken = [], nodes = [];
    for (let i = 0; i < 3; i++) {
        const node = new CountingNode(`${lender.bridgeUrl}/#token=${tokens.farm}`);
        node.onTask = () => {
            broken.push(node);
            node.cut();
        };
        nodes.push(await node.join());
    }
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const asked = borrower.infer(echo([1], { platform: 'wasm', timeout_ms: 60_000 }), ada);
    await until(() => broken.length > 0, { what: 'the first to break' });
    const here = await new CountingNode(`${borrower.bridgeUrl}/#token=${tokens.farm}`).join();
    const { status, json, text } = await asked;
    assert.deepEqual([status, json.code, json.poisoned, broken.length], [502, 'attempts_exhausted', true, 2], text);
    assert.ok(!here.received.some(({ message: { type } }) => type === 'task_request'), 'it was sent to a node here');
    await uplink.stop();
    for (const node of [...nodes, here]) await node.close();
    await lender.stop();
    await borrower.stop();
});

test('a wrong input is told by its field, whichever daemon runs it', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()];
    const there = new CountingNode(`${lender.bridgeUrl}/#token=${tokens.farm}`);
    there.onTask = (task) => there.fail(task, { code: 'input_shape', message: 'it has no rows', field: 'inputs[0].shape', expected: '[2, 1]' });
    await there.join();
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const answers = [];
    for (const daemon of [lender, borrower]) answers.push(await daemon.infer(echo([1], { platform: 'wasm' }), ada));
    for (const { status, json, text } of answers)
        assert.deepEqual([status, json.code, json.detail, json.field, json.expected],
            [422, 'input_shape', 'it has no rows', 'inputs[0].shape', '[2, 1]'], text);
    await uplink.stop();
    await there.close();
    await lender.stop();
    await borrower.stop();
});

test('a stream whose node is lost at the lending daemon stays there, though the next node begins late', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()], joined = [];
    const join = async (daemon, limit) => {
        const node = new CountingNode(`${daemon.bridgeUrl}/#token=${tokens.farm}`);
        node.letTo(limit);
        joined.push(await node.join());
        return node;
    };
    const first = await join(lender, 10);
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const patience = 6000; // in half of it the borrowing daemon would look for another node
    const count = new Count(borrower, { count: 30 }, { stall_timeout_ms: patience }), run = count.run(borrower);
    await until(() => count.next === 10, { what: 'ten parts' });
    const [next, other] = [await join(lender, 0), await join(borrower, Infinity)];
    await first.close();
    await until(() => next.streams.size === 1, { what: 'the stream to be at the next node' });
    const from = performance.now();
    await until(() => performance.now() > from + patience, { what: 'more silence than it would bear' });
    assert.ok(!other.received.some(({ message: { type } }) => type === 'task_request'), 'it was moved');
    next.letTo(Infinity);
    await run;
    assert.ok(count.isWhole, count.explain());
    assert.equal(count.done.executed_on.via, 'attic');
    await uplink.stop();
    for (const node of joined) await node.close();
    await lender.stop();
    await borrower.stop();
});

test('a client that reads slowly slows the engine at the lending daemon', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()], parts = 300;
    const node = await new CountingNode(`${lender.bridgeUrl}/#token=${tokens.farm}`).join();
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const client = new EventClient(`${borrower.url}/v1/infer`, { paused: true, ...ada,
        body: { model_name: 'builtin/count', inputs: [], stream: true, options: { count: parts, bytes: 60_000 } } });
    const attempt = await until(() => [...node.streams.values()][0], { what: 'the stream' });
    let before = -1;
    await until(() => {
        const same = before === attempt.next;
        before = attempt.next;
        return same && before > 0;
    }, { what: 'the engine to stand still', every: 500 });
    assert.ok(attempt.next < 2 * UNREAD_MAX, `${attempt.next} parts were made for nobody`); // one such store at either daemon
    client.go();
    await client.ended();
    assert.deepEqual(client.parts.map(({ json }) => json.seq), Array.from({ length: parts }, (_, seq) => seq));
    assert.deepEqual([client.last.json.parts, client.last.json.executed_on.via], [parts, 'attic']);
    await uplink.stop();
    await node.close();
    await lender.stop();
    await borrower.stop();
});

test('SIGSTOP of the borrowing daemon under load: each job is answered, once and right', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()];
    const there = await new Simulation(lender, { nodes: 2, latencyMs: 200, token: tokens.root }).up();
    const here = await new Simulation(borrower, { nodes: 2, latencyMs: 200, token: tokens.root }).up();
    const uplink = await new Uplink(lender, borrower).up(borrower);
    const streams = Array.from({ length: 3 }, () => new Count(borrower, { count: 200, interval_ms: 20 }).run(borrower));
    const jobs = Array.from({ length: 30 }, (_, i) => borrower.infer(echo([i]), ada));
    await until(async () => (await relaysOf(borrower))[0]?.attempts > 3, { what: 'work on the relay' });
    borrower.signal('SIGSTOP');
    await until(() => /trying again/.test(uplink.problems), { what: 'the uplink to notice', timeout: 30_000 * patience });
    borrower.signal('SIGCONT');
    (await Promise.all(jobs)).forEach((answer, i) => assertEchoed(answer, [i]));
    for (const stream of await Promise.all(streams)) assert.ok(stream.isWhole, stream.explain());
    await uplink.up(borrower);
    const running = async () => (await lender.get('/v1/status', headersOf('root'))).json.queue.running;
    await until(async () => await running() === 0, { what: 'nothing to run at the lending daemon' });
    await uplink.stop();
    await here.stop();
    await there.stop();
    await lender.stop();
    await borrower.stop();
});

describe('a loss while a large tensor is on its way', { concurrency: 2 }, () => {
    const bytes = crypto.randomBytes(24 << 20);
    const ask = (borrower) => borrower.inferBinary({ model_name: 'builtin/echo', platform: 'simulated', timeout_ms: 120_000 },
        [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }], ada);
    const isAsked = (borrower) => until(async () => (await relaysOf(borrower))[0]?.attempts > 0, { what: 'the relay to be asked', every: 10 });
    /** A node here answers instead, with the same bytes. */
    const answeredHere = async (borrower, answer) => {
        const here = await new Simulation(borrower, { nodes: 1, token: tokens.root }).up();
        const { status, text, body } = await answer;
        assert.equal(status, 200, text.slice(0, 500));
        assert.ok(body.subarray(-bytes.length).equals(bytes));
        await here.stop();
    };

    for (const [who, signal] of [['lender', 'SIGKILL'], ['lender', 'SIGSTOP'], ['uplink', 'SIGKILL'], ['uplink', 'SIGSTOP']])
        test(`to the lending daemon: ${signal} of the ${who}`, async () => {
            const [lender, borrower] = [await newDaemon(), await newDaemon()];
            const there = await new Simulation(lender, { nodes: 1, token: tokens.root }).up();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            lender.signal('SIGSTOP'); // it reads no more than its socket holds
            const answer = ask(borrower);
            await isAsked(borrower);
            (who === 'lender' ? lender : uplink).signal(signal);
            await answeredHere(borrower, answer);
            uplink.signal('SIGKILL');
            await uplink.end;
            there.child.kill('SIGKILL');
            await there.ended;
            await lender.abandon();
            await borrower.stop();
        });

    for (const [what, lose] of Object.entries({
        'the lending daemon is lost': ({ answer }) => answer.destroy(),
        'SIGKILL of the uplink': ({ uplink }) => uplink.signal('SIGKILL'),
        'SIGSTOP of the uplink': ({ uplink }) => uplink.signal('SIGSTOP'),
    }))
        test(`from the lending daemon: ${what}`, async () => {
            const borrower = await newDaemon(), halves = [];
            const lender = await new ScriptedLender((_, answer) => {
                answer.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length + 100, 'Inference-Header-Content-Length': 100 });
                answer.write(bytes.subarray(0, bytes.length / 2));
                halves.push(answer);
            }).start();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            const asked = ask(borrower), answer = await until(() => halves[0], { what: 'half of an answer' });
            await until(() => answer.writableLength === 0, { what: 'it to be sent' });
            lose({ answer, uplink });
            await answeredHere(borrower, asked);
            uplink.signal('SIGKILL');
            await uplink.end;
            lender.stop();
            await borrower.stop();
        });
});
