// tier: full
/** webinfer uplink: a daemon lends its nodes, which are simulated ones, to another daemon. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { openEvents } from '../lib/events.mjs';
import * as onnx from '../lib/onnx.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { ada, assertEchoed, Count, echo, headersOf, newDaemon, relaysOf, ScriptedLender, tokens, Uplink } from '../lib/uplink.mjs';
import { until } from '../lib/wait.mjs';

describe('two daemons', () => {
    let lender, borrower, simulation, uplink;
    before(async () => {
        [lender, borrower] = [await newDaemon({ models: ['twice'] }), await newDaemon({ models: ['twice'] })];
        simulation = await new Simulation(lender, { nodes: 2, token: tokens.root, models: lender.store }).up();
        uplink = await new Uplink(lender, borrower, { words: ['--slots', '4'] }).up(borrower);
    });
    after(async () => {
        await uplink?.stop();
        await simulation?.stop();
        await lender?.stop();
        await borrower?.stop();
    });

    test('an answer says through which daemon it came', async () => {
        const answer = await borrower.infer(echo([1, 2]), ada);
        assertEchoed(answer, [1, 2]);
        const { via, browser, platform } = answer.json.executed_on;
        assert.deepEqual([via, browser, platform], ['attic', 'simulated', 'simulated']);
    });

    test('a relay has the slots of as many nodes as there are', async () => {
        const [{ engines }] = await relaysOf(borrower);
        assert.equal(engines.ort.slots, 2);
        assert.ok(!engines.kernels);
    });

    test('a model that both have is run', async () => {
        const found = await until(async () => {
            const answer = await borrower.infer({ model_name: 'twice', platform: 'simulated',
                inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }], timeout_ms: 2000 }, ada);
            return answer.status === 200 && answer;
        }, { what: 'the model to be lent' });
        assert.equal(found.json.executed_on.via, 'attic');
    });

    test('streams come part by part, and are cancelled', async () => {
        await new Count(borrower, { count: 2000 }).run(borrower);
        const stream = await openEvents(`${borrower.url}/v1/infer`, { ...ada, body: { model_name: 'builtin/count',
            platform: 'simulated', inputs: [], stream: true, options: { count: 100_000, interval_ms: 5 } } });
        assert.equal(stream.status, 200);
        const running = async () => (await lender.get('/v1/status', headersOf('root'))).json.queue.running;
        await until(async () => await running() === 1, { what: 'the stream to run there' });
        await stream.leave();
        await until(async () => await running() === 0, { what: 'the stream to end there' });
    });

    test('twelve at once are each answered', async () => {
        const lists = Array.from({ length: 12 }, (_, i) => [i, i + 1, i + 2]);
        const answers = await Promise.all(lists.map((list) => borrower.infer(echo(list), ada)));
        answers.forEach((answer, i) => assertEchoed(answer, lists[i]));
    });

    test('large tensors pass in pieces, untouched', async () => {
        const bytes = crypto.randomBytes((64 << 20) - 4096);
        const answer = await borrower.inferBinary({ model_name: 'builtin/echo', platform: 'simulated' },
            [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }], ada);
        assert.equal(answer.status, 200, answer.text.slice(0, 500));
        assert.ok(answer.body.subarray(-bytes.length).equals(bytes));
    });
});

test('of 3,000 models the last one is answered', async () => {
    const [lender, borrower] = [await newDaemon(), await newDaemon()];
    for (const { store } of [lender, borrower])
        for (let i = 0; i < 3000; i++) {
            const name = `m${String(i).padStart(4, '0')}`;
            fs.mkdirSync(path.join(store, name));
            fs.writeFileSync(path.join(store, name, 'model.onnx'), onnx.twice(name)); // each has a hash of its own
        }
    const simulation = await new Simulation(lender, { nodes: 1, token: tokens.root, models: lender.store }).up();
    const uplink = await new Uplink(lender, borrower).up(borrower);
    await until(async () => {
        const answer = await borrower.infer({ model_name: 'm2999', platform: 'simulated', timeout_ms: 3000,
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] }, ada);
        return answer.status === 200 && answer.json.executed_on.via === 'attic';
    }, { what: 'the last model to be lent', timeout: 300_000 });
    await uplink.stop();
    await simulation.stop();
    await lender.stop();
    await borrower.stop();
});

describe('losses', () => {
    /** What is lost in each case, and how. The borrowing daemon has a node of its own to go on with. */
    for (const [who, signal] of [['lender', 'SIGKILL'], ['lender', 'SIGSTOP'], ['uplink', 'SIGKILL'], ['uplink', 'SIGSTOP']])
        test(`${signal} of the ${who}: no job is lost, and no part`, async () => {
            const [lender, borrower] = [await newDaemon(), await newDaemon()];
            const there = await new Simulation(lender, { nodes: 2, latencyMs: 300, token: tokens.root }).up();
            const uplink = await new Uplink(lender, borrower).up(borrower);
            const streams = Array.from({ length: 3 }, () => new Count(borrower, { count: 300, interval_ms: 20 }).run(borrower));
            const jobs = Array.from({ length: 40 }, (_, i) => borrower.infer(echo([i]), ada));
            await until(async () => (await relaysOf(borrower))[0]?.attempts > 3, { what: 'work on the relay' });
            (who === 'lender' ? lender : uplink).signal(signal);
            const here = await new Simulation(borrower, { nodes: 2, token: tokens.root }).up();
            (await Promise.all(jobs)).forEach((answer, i) => assertEchoed(answer, [i]));
            await Promise.all(streams);
            if (signal === 'SIGSTOP') {
                (who === 'lender' ? lender : uplink).signal('SIGCONT');
                await uplink.up(borrower).catch((error) => { throw borrower.explain(error); });
                assertEchoed(await borrower.infer(echo([9]), ada), [9]);
            }
            if (who === 'uplink' && signal === 'SIGKILL') await uplink.end;
            else await uplink.stop();
            await here.stop();
            there.child.kill('SIGKILL');
            await there.ended;
            await lender.abandon();
            await borrower.stop();
        });

    test('SIGKILL of the borrowing daemon: the uplink comes back', async () => {
        const [lender, borrower] = [await newDaemon(), await newDaemon({ config: {} })];
        const there = await new Simulation(lender, { nodes: 1, token: tokens.root }).up();
        const uplink = await new Uplink(lender, borrower).up(borrower);
        const { port } = new URL(borrower.bridgeUrl);
        borrower.signal('SIGKILL');
        await borrower.waitEnd();
        borrower.writeConfig({ bridge: { listen: `127.0.0.1:${port}` } });
        await borrower.start({ ready: false });
        await uplink.up(borrower);
        assertEchoed(await borrower.infer(echo([7]), ada), [7]);
        assert.match(uplink.problems, /trying again/);
        await uplink.stop();
        await there.stop();
        await lender.stop();
        await borrower.stop();
    });
});

describe('what is refused', () => {
    let lender, borrower, simulation;
    before(async () => {
        [lender, borrower] = [await newDaemon(), await newDaemon()];
        simulation = await new Simulation(lender, { nodes: 1, token: tokens.root }).up();
    });
    after(async () => {
        await simulation?.stop();
        await lender?.stop();
        await borrower?.stop();
    });
    const ends = async (options, code, said, [one, other] = [lender, borrower]) => {
        const uplink = new Uplink(one, other, options);
        assert.deepEqual(await uplink.end, { code, signal: null }, uplink.problems);
        assert.match(uplink.problems, said);
        assert.equal(uplink.problems.trim().split('\n').length, 1, uplink.problems);
    };

    test('a token of the wrong rank at the borrowing daemon', () =>
        ends({ token: tokens.farm }, 4, /must have the rank relay.*webinfer token new NAME --rank relay/));
    test('a token that the borrowing daemon does not know', () =>
        ends({ token: 'wi_unknown' }, 4, /refuses the relay/));
    test('a token of the wrong rank at the lending daemon', () =>
        ends({ own: tokens.ada }, 4, /refuses the token: it needs one of rank relay/));
    test('a closed port', () => ends({}, 3, /no webinfer daemon that takes nodes at/,
        [lender, { folder: borrower.folder, bridgeUrl: 'http://127.0.0.1:1' }]));
    test('no lending daemon', () => ends({}, 3, /no webinfer daemon answers at/, [{ url: 'http://127.0.0.1:1' }, borrower]));

    test('an HTTP server, and a WebSocket that speaks something else', async () => {
        const server = http.createServer((_, answer) => answer.writeHead(404).end('no\n'));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const there = { folder: borrower.folder, bridgeUrl: `http://127.0.0.1:${server.address().port}` };
        await ends({}, 3, /no webinfer daemon that takes nodes at/, [lender, there]);
        const sockets = new WebSocketServer({ server });
        sockets.on('connection', (socket) => socket.send('hello'));
        await ends({}, 3, /no webinfer daemon that takes nodes at/, [lender, there]);
        sockets.close();
        server.close();
    });

    test('the token is in no argument, and both may come on standard input', async () => {
        const { webinfer } = await import('../lib/cli.mjs');
        const run = (words, input) => webinfer(borrower, ['uplink', ...words], { input });
        for (const [words, said] of [[[], /neither --to nor --cluster is given\n  expected: either --to URL/],
            [['--to', 'http://127.0.0.1:1', '--cluster'], /--to and --cluster exclude each other/], [['--cluster'], /--node-token-file is missing/],
            [['--cluster', '--node-token-file', '/dev/null'], /its file is empty/], [['--cluster', '--node-token-file', '/proc/version'], /no token/],
            [['--cluster', '--node-token-file', '/none'], /cannot be read/], [['--to', 'http://127.0.0.1:1'], /--node-token-file is missing/],
            [['--to', '-', '--slots', '0'], /--slots needs a number/], [['--to', '-', '--name', 'a b'], /cannot be the name/]]) {
            const { code, problems } = await run(words, '');
            assert.equal(code, 2, problems);
            assert.match(problems, said);
        }
        const child = spawn(path.join(path.dirname(cliPath), 'webinfer-uplink'), ['--to', '-', '--name', 'attic'], { stdio: ['pipe', 'ignore', 'inherit'],
            env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: borrower.folder, WEBINFER_URL: lender.url, WEBINFER_TOKEN: tokens.attic } });
        const end = once(child, 'close');
        child.stdin.end(`${borrower.bridgeUrl}\n${tokens.attic}\n`);
        await until(async () => (await relaysOf(borrower)).some(({ via }) => via === 'attic'), { what: 'a relay by standard input' });
        child.kill('SIGTERM');
        assert.deepEqual(await end, [0, null]);
        const { code, problems } = await run(['--to', '-'], 'nonsense\nwi_secret\n');
        assert.equal(code, 2);
        assert.match(problems, /is not the address of a daemon/);
        assert.doesNotMatch(problems, /wi_secret/);
    });
});

describe('a lending daemon that lies', () => {
    /** What the borrowing daemon's client gets, where the lending one answers a request like that. */
    const asked = async (answerTo, body, retries = 0) => {
        const borrower = await newDaemon({ config: { pool: { max_retries: retries } } });
        const lender = await new ScriptedLender(answerTo).start();
        const uplink = await new Uplink(lender, borrower).up(borrower);
        const answer = await borrower.infer({ timeout_ms: 10_000, ...body }, ada);
        await uplink.stop();
        lender.stop();
        await borrower.stop();
        return answer;
    };
    const done = (id, more = {}) => ({ id, outputs: [], parts: 1, executed_on: { platform: 'simulated', engine: 'x', fallbacks: [],
        simulated: true }, performance: {}, ...more });
    const count = { model_name: 'builtin/count', platform: 'simulated', inputs: [], options: { count: 1 }, stream: true };
    const stream = (answer, text) => answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(text);
    const fails = async (answerTo, said, body = echo([1])) => {
        const answer = await asked(answerTo, body);
        assert.ok(answer.status >= 413 || /event: error/.test(answer.text), answer.text);
        assert.match(answer.text, said);
    };

    test('the answer to another request', () =>
        fails((body, _, json) => json(200, done('another')), /is that to another request/));
    test('no JSON', () => fails((body, answer) => answer.end('{'), /is no JSON/));
    test('more than is taken', () => fails((body, answer) => answer.writeHead(200, { 'Content-Length': String(2 ** 40) }).flushHeaders(),
        /too large|more than/));
    test('a part out of its order', () =>
        fails((body, answer) => stream(answer, 'event: part\ndata: {"seq":1,"text":"1 "}\n\n'), /a part out of its order/, count));
    test('a stream without its end', () =>
        fails((body, answer) => stream(answer, 'event: part\ndata: {"seq":0,"text":"0 ","tokens":[0]}\n\n'), /without its last event/, count));
    test('a client\'s error is final, with its code, its field and what was expected', async () => {
        const said = { code: 'input_invalid', detail: 'the input is odd', field: 'inputs[0].data', expected: 'an even one' };
        let times = 0;
        const answer = await asked((body, _, json) => {
            times++;
            json(422, said);
        }, echo([1]), 3);
        const { code, detail, field, expected } = answer.json;
        assert.deepEqual([answer.status, times, { code, detail, field, expected }], [422, 1, said], answer.text);
    });
    test('likewise in a stream that has begun', async () => {
        const said = { code: 'input_shape', detail: 'the input is odd', field: 'inputs[0].shape', expected: '[1]' };
        const { text } = await asked((body, answer) => stream(answer, 'event: part\ndata: {"seq":0,"text":"0 ","tokens":[0]}\n\n' +
            `event: error\ndata: ${JSON.stringify({ status: 422, ...said })}\n\n`), count, 3);
        const { code, detail, field, expected } = JSON.parse(text.match(/event: error\ndata: (.*)\n/)?.[1] ?? assert.fail(text));
        assert.deepEqual({ code, detail, field, expected }, said);
    });
    test('what is poisonous there is so here, and is sent nowhere again', async () => {
        let times = 0;
        const { status, json, text } = await asked((body, _, answer) => {
            times++;
            answer(502, { code: 'attempts_exhausted', detail: 'it broke three browsers', poisoned: true });
        }, echo([1]), 3);
        assert.deepEqual([status, json.code, json.poisoned, times], [502, 'attempts_exhausted', true, 1], text);
    });
});
