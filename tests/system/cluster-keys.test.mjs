// tier: full, sanitized
/**
 * Requests with an Idempotency-Key in a cluster: the member that was asked gives the answer, whichever member has computed it,
 * and each member knows the key. Nodes are simulated.
 */
import assert from 'node:assert/strict';
import { putGguf } from '../lib/gguf.mjs';
import { echo, instanceOf, keyed, ready, recordOf, withNats, withRoom } from '../lib/shared-jobs.mjs';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** @typedef {import('../lib/daemon.mjs').Daemon} Daemon */
/** @typedef {{where: string, body: object, other: object, refusal: number, check: (json: any) => void}} Form */

/** Gives a member the model of the second form. @param {Daemon} daemon */
const prepare = (daemon) => putGguf(daemon.store, 'me/talker', { arch: 'llama' });
const chat = (/** @type {string} */ content) => ({ model: 'me/talker@simulated', messages: [{ role: 'user', content }] });

/** What is asked, natively and in a dialect: `other` is something else, which is refused with that status. @type {Form[]} */
const FORMS = [
    { where: '/v1/infer', body: echo(7), other: echo(8), refusal: 422, check: ({ outputs }) => assert.deepEqual(outputs[0].data, [7, -7]) },
    { where: '/v1/chat/completions', body: chat('keep this'), other: chat('keep that'), refusal: 400, check: ({ choices }) => assert.equal(choices[0].message.content, 'keep this') },
];

describe('requests with a key', { concurrency: 2, ...withNats }, () => {
    for (const [i, { where, body, other, refusal, check }] of FORMS.entries())
        test(`${where} is answered where it was asked, and run where the node is`, () => withRoom([{ name: 'a', prepare }, { name: 'b', nodes: 1, prepare }], async ({ server, members: [a, b] }) => {
            const first = await a.post(where, body, keyed('k'));
            assert.equal(first.status, 200, first.text);
            assert.equal(first.headers['idempotency-replayed'], undefined);
            check(first.json);
            const id = first.headers['x-job-id'];
            assert.equal((await recordOf(server, id)).holder, await instanceOf(b));
            for (const one of [b, a]) {
                const again = await one.post(where, body, keyed('k'));
                assert.deepEqual([again.status, again.text, again.headers['x-job-id'], again.headers['idempotency-replayed']], [200, first.text, id, 'true']);
                const mismatch = await one.post(where, other, keyed('k'));
                assert.equal(mismatch.status, refusal, mismatch.text);
                assert.match(mismatch.text, /"idempotency_mismatch"/);
            }
            const form = FORMS[1 - i], next = await b.post(form.where, form.body, keyed('k')); // the two share their keys
            assert.equal(next.status, form.refusal, next.text);
        }));

    test('a key is forgotten after an answer of 5xx', () => withRoom(['a', 'b'].map((name) => ({ name, more: { pool: { max_retries: 0 } } })), async ({ server, members: [a, b], simulate }) => {
        const ids = new Set();
        const asked = async (/** @type {number} */ status, /** @type {string | undefined} */ code) => {
            const answer = await a.infer(echo(1), keyed('k'));
            assert.deepEqual([answer.status, answer.json.code, answer.headers['idempotency-replayed']], [status, code, undefined], answer.text);
            ids.add(answer.headers['x-job-id']);
            return answer;
        };
        const { headers } = await asked(503, 'unavailable'), { unable, holder } = await recordOf(server, headers['x-job-id']);
        assert.deepEqual([...unable, holder].sort(), (await Promise.all([a, b].map(instanceOf))).sort()); // one could not run it, then the other
        const failing = await simulate(b, { nodes: 1, failRate: 1 });
        await asked(502, 'attempts_exhausted');
        await failing.stop();
        await simulate(b, { nodes: 1 });
        const { text } = await asked(200, undefined);
        assert.equal(ids.size, 3);
        const again = await b.infer(echo(1), keyed('k'));
        assert.deepEqual([again.text, again.headers['idempotency-replayed']], [text, 'true']);
    }));

    test('while NATS is away they are refused, and then the same key is a new one', () => withRoom([{ name: 'a', nodes: 1, prepare }], async ({ server, members: [a] }) => {
        await server.kill();
        for (const { where, body } of FORMS) {
            const refused = await until(async () => {
                const answer = await a.post(where, body, keyed(where));
                return answer.status !== 200 && answer;
            }, { what: 'a refusal' });
            assert.equal(refused.status, 503, refused.text);
            assert.match(refused.text, /"cluster_unavailable"/);
            assert.ok(Number(refused.headers['retry-after']) >= 1);
        }
        await server.run();
        await ready(a);
        for (const { where, body, check } of FORMS) {
            const { status, text, json, headers } = await a.post(where, body, keyed(where));
            assert.equal(status, 200, text);
            assert.equal(headers['idempotency-replayed'], undefined);
            check(json);
        }
    }));
});
