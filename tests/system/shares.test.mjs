// tier: quick
/**
 * Who gets what runs, over simulated nodes and counted in the order in which things end: what waits for a busy node keeps
 * nobody else's jobs from an idle one; short answers of one client go beside the long ones of another; a model is unloaded
 * while others ask for it.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-shares-'));
const people = { operator: 'admin', greedy: 'user', small: 'user' };
const tokens = tokensOf(people);

/** @type {Daemon} */
let daemon;
/** @type {Simulation[]} of a node each */
const simulations = [];
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: { api: { tokens_file: writeTokens({ folder }, people, tokens) }, pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'talker', { arch: 'llama' });
    await daemon.start({ ready: false });
    for (const browser of ['slow', 'quick'])
        simulations.push(await new Simulation(daemon, { nodes: 1, browser, tokenMs: 20, latencyMs: 20, token: tokens.operator }).up());
});
after(async () => {
    for (const simulation of simulations) {
        simulation.child.kill('SIGCONT');
        await simulation.stop();
    }
    await daemon.stop();
    fs.rmSync(folder, { recursive: true });
});

const as = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });
const nodeOf = async (kind) => (await daemon.get('/v1/nodes', as('operator'))).json.nodes.find(({ browser }) => browser === kind).id;
/** A request for so many words, each of which takes a while. */
const talk = (node, count) => ({ model_name: 'talker', platform: 'simulated', node,
    inputs: { messages: [{ role: 'user', content: 'word '.repeat(count) }] } });

test('what waits for a busy node keeps nobody else\'s jobs from an idle one', async () => {
    const [slow, quick] = [await nodeOf('slow'), await nodeOf('quick')];
    const post = async (who, node) => {
        const answer = await daemon.post('/v1/jobs', { model_name: 'builtin/echo', platform: 'simulated', node,
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }, as(who));
        assert.equal(answer.status, 202, answer.text);
        return answer.json.id;
    };
    const ended = async () => {
        const { done, failed } = (await daemon.get('/v1/status', as('operator'))).json.stored_jobs;
        return { done, failed };
    };
    simulations[0].child.kill('SIGSTOP');
    for (let i = 0; i < 40; i++) await post('greedy', slow);
    const mine = [];
    for (let i = 0; i < 10; i++) mine.push(await post('small', quick));
    for (const id of mine) {
        const job = await daemon.get(`/v1/jobs/${id}?wait=30s`, as('small'));
        assert.equal(job.json.state, 'done', job.text);
    }
    assert.deepEqual(await ended(), { done: 10, failed: 0 }, 'the others have not been run meanwhile');
    simulations[0].child.kill('SIGCONT');
    await until(async () => (await ended()).done === 50, { what: 'all to be done' });
});

test('the short answers of one go beside the long ones of another', async () => {
    const node = await nodeOf('quick');
    const ended = [];
    const say = async (who, count) => {
        const answer = await daemon.infer({ ...talk(node, count), stream: true }, as(who));
        assert.equal(answer.status, 200, answer.text);
        ended.push(who);
    };
    // Four run at a time, and one more is there.
    const long = Array.from({ length: 12 }, () => say('greedy', 60));
    await until(async () => (await daemon.get('/v1/status', as('operator'))).json.queue.waiting === 7, { what: 'the long ones to wait' });
    const short = Array.from({ length: 20 }, () => say('small', 1));
    await Promise.all(short);
    const before = ended.filter((who) => who === 'greedy').length;
    assert.ok(before <= 6, `${before} long ones had ended before the last of the short ones`);
    await Promise.all(long);
});

test('a share leaves a slot to the short answer of another, which waits for the end of none', async (t) => {
    await daemon.reload({ pool: { client_share: '75%' } });
    t.after(() => daemon.reload({ pool: { client_share: '100%' } }));
    const ended = [];
    const say = async (who, count) => {
        const answer = await daemon.infer({ ...talk(undefined, count), stream: true }, as(who));
        assert.equal(answer.status, 200, answer.text);
        ended.push(who);
    };
    const long = Array.from({ length: 8 }, () => say('greedy', 100));
    const queue = async () => (await daemon.get('/v1/status', as('operator'))).json.queue;
    await until(async () => (await queue()).waiting === 2, { what: 'six of eight slots to be taken, and the others to wait' });
    await say('small', 1);
    assert.deepEqual(ended, ['small']);
    await Promise.all(long);
});

test('a model is unloaded though it is asked for all the time, by as many as ask for that', async () => {
    const node = await nodeOf('quick');
    let isOver = false, answered = 0;
    const ask = async () => {
        while (!isOver) {
            const { status, text } = await daemon.infer(talk(node, 1), as('small'));
            assert.equal(status, 200, text);
            answered++;
        }
    };
    const asking = [ask(), ask(), ask()];
    const unload = () => daemon.post('/v2/repository/models/talker/unload', {}, as('operator'));
    for (let round = 0; round < 3; round++) {
        const before = answered;
        await until(() => answered > before, { what: 'the model to be loaded' });
        const { status, json, text } = await unload();
        assert.equal(status, 200, text);
        assert.deepEqual([json.name, json.state, json.nodes], ['talker', 'UNAVAILABLE', [node]]);
    }
    for (const { status, text } of await Promise.all(Array.from({ length: 12 }, unload))) assert.equal(status, 200, text);
    isOver = true;
    await Promise.all(asking);
    assert.equal((await unload()).status, 200);
    const { json } = await daemon.get(`/v1/nodes/${node}`, as('operator'));
    assert.deepEqual((json.models ?? []).filter(({ name }) => name === 'talker'), []);
});
