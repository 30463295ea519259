// tier: full
/** What a page says of an answer that is too large to be sent: once, at once, and it goes on. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['zeros'], config: {
        api: { max_body: '1M', max_answer: '1M' }, pool: { memory_budget: '4M' } } }).start();
});
after(() => daemon.stop());

const zeros = (count) => daemon.inferBinary({ model_name: 'zeros', platform: 'wasm' },
    [{ name: 'x', datatype: 'INT64', shape: [1], bytes: kserve.pack('INT64', [count]) }]);
const zerosInJson = (count) => daemon.infer({ model_name: 'zeros', platform: 'wasm',
    inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [count] }] });
const echo = (length) => daemon.infer({ model_name: 'builtin/echo', inputs: Array.from(
    { length: 200 }, (_, i) => ({ name: String(i).padStart(length, '\u00e4'), datatype: 'UINT8',
        shape: [0], data: [] })) });

test('an answer over max_answer is a 413 at the first attempt, and others are served', async () => {
    const resumed = async () => (await daemon.metric('webinfer_bridge_resumed_total')) ?? 0;
    const before = await resumed();
    const [{ id }] = (await daemon.status()).nodes;
    const calls = Array.from({ length: 6 }, (_, i) => zeros(i % 2 ? 1_000_000 : 10));
    for (const [i, answer] of (await Promise.all(calls)).entries()) {
        if (i % 2 === 0) {
            assert.equal(answer.status, 200, answer.text);
            assert.equal(kserve.decode(answer).outputs[0].values.length, 10);
            continue;
        }
        assert.equal(answer.status, 413, answer.text);
        assert.equal(answer.json.code, 'answer_too_large');
        assert.equal(answer.json.attempts, 1);
        assert.match(answer.json.detail, /a message of 4000\d{3} bytes, and the service takes 3145728/);
        assert.equal(answer.json.expected, 'at most 3145728 bytes');
    }
    assert.equal((await echo(100)).status, 200);
    assert.equal((await echo(500)).status, 200, 'characters of two bytes');
    const [node] = (await daemon.status()).nodes;
    assert.equal(node.id, id);
    assert.equal(await resumed(), before, 'it never lost its connection');
});

test('an answer whose JSON would never fit is a 413 that says to ask for binary', async () => {
    const answer = await zerosInJson(240_000);
    assert.equal(answer.status, 413, answer.text.slice(0, 300));
    assert.equal(answer.json.code, 'answer_too_large');
    assert.match(answer.json.detail, /memory_budget is 4194304: ask for binary/);
    assert.equal((await zeros(240_000)).status, 200, 'in binary it is no matter');
    assert.equal((await zerosInJson(1000)).status, 200);
});
