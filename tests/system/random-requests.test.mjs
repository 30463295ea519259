// tier: quick, sanitized
/**
 * The API's description, held to the truth by requests at random that are made from it: what it allows is
 * answered as it says and never by a fault of the service, what it does not allow is refused with the
 * name of the member at fault, and the service is as well afterwards as before.
 *
 * In the long tier ten minutes with a new seed, else a number of cases, always the same ones, however
 * quick the machine is. WEBINFER_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before } from 'node:test';
import { patience, testsOf } from '../lib/daemon.mjs';
import { Ground } from '../lib/random-ground.mjs';
import { changes, Description } from '../lib/random-requests.mjs';
import { Asker } from '../lib/random-asker.mjs';
import { tier } from '../lib/tier.mjs';

const isLong = tier === 'long';
/** Cases of a round; after the least rounds there are more until everything has succeeded and was refused. */
const CASES = 1000, ROUNDS = { least: 3, most: 16 };
const SECONDS = Number(process.env.WEBINFER_SECONDS ?? (isLong ? 600 : 0)); // 0: as long as the rounds take
const SEED = Number(process.env.WEBINFER_SEED ?? (isLong ? Date.now() % 2 ** 31 : 29));

/** Operations that never succeed here, each with the reason. */
const NEVER = {
    'POST /v1/sessions/{id}/recycle': 'there are no sessions: every node is a simulated one',
    'POST /v1/kinds/{id}/retest': 'no list has the names of kinds; abilities.test.mjs has one tested again',
    'PUT /v1/uploads/{id}': 'no list has the ids of uploads; model-uploads.test.mjs sends, publishes and removes them',
    'POST /v1/uploads/{id}/publish': 'likewise',
    'DELETE /v1/uploads/{id}': 'likewise',
    'POST /v1/audio/streams/{id}': 'no list has the ids of live sound; sound_streams.test.mjs sends, ends and hears it',
    'POST /v1/audio/streams/{id}/end': 'likewise',
    'DELETE /v1/audio/streams/{id}': 'likewise',
    'GET /v1/audio/streams/{id}/events': 'likewise',
    'POST /v1/compute': 'simulated nodes have no kernels; compute.test.mjs runs them',
    'DELETE /v1/admin/quarantine/{id}': 'nobody is under quarantine; quarantine.test.mjs lifts it',
    'DELETE /v1/devices/{id}': 'no device is remembered; devices.test.mjs removes some',
    'GET /readyz': 'it asks for a node that serves everybody, which simulated ones do not',
    'GET /v2/health/ready': 'likewise',
    'GET /v2/models/{model}/ready': 'likewise',
    'GET /v2/models/{model}/versions/{version}/ready': 'likewise',
    'POST /v2/repository/models/{model}/load': 'likewise',
};

/** Operations that seldom succeed, mostly since what they are about is over before they come. */
const SELDOM = {
    'DELETE /v1/jobs/{id}': 'jobs of simulated nodes are done at once',
    'POST /v1/models/{model}/cancel': 'pulls from the hub of the tests are done at once',
    'POST /v1/models/{model}/quantize': 'few numbers are bits, and few models have graphs',
    'POST /v1/models/{model}/unload': 'the model has to be in a node at the time',
    'POST /v1/results': 'few values at random are a run of the laboratory; results.test.mjs keeps and removes some',
    'GET /v1/results/{id}': 'likewise',
    'GET /v1/results/{id}/figures': 'likewise',
    'GET /v1/results/{id}/comparison': 'likewise',
    'DELETE /v1/results/{id}': 'likewise',
    'GET /docs': 'a redirect is no success; docs-served.test.mjs follows it',
    'GET /docs/{path}': 'the site is there only if ./dev docs has built it; docs-served.test.mjs has one',
};

/** @type {Ground} */
let ground;
let description;
const test = testsOf(() => ground?.daemon);
before(async () => {
    ground = await new Ground().start();
    description = new Description((await ground.daemon.get('/v1/openapi.json')).json);
});
after(() => ground?.stop());

const echo = async () => {
    const { status, json, text } = await ground.daemon.infer({ model_name: 'builtin/echo',
        platform: 'simulated', inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [7, 8] }] });
    assert.equal(status, 200, text);
    assert.deepEqual(json.outputs[0].data, [7, 8]);
};

test('every request is answered as the description says', { timeout: (SECONDS * 2 + 900) * 1000 * patience },
    async (context) => {
        context.diagnostic(`WEBINFER_SEED=${SEED}`);
        const asker = new Asker(description, ground);
        const cases = fc.array(fc.oneof(...description.operations.map((one) => ({
            arbitrary: asker.cases(one), weight: Object.keys(one.contents).length > 0 && !changes(one) ? 4 : 1 }))),
            { minLength: 1, maxLength: 3 });
        const never = () => asker.never().filter((id) => !(id in SELDOM)).sort();
        const unbroken = () => description.operations.filter((one) => asker.canSpoil(one) &&
            !(one.id in NEVER) && !(one.id in SELDOM) && asker.count(one, 'refused') === 0).map(({ id }) => id);
        const isDone = (round) => (SECONDS > 0 ? round > 0 : round >= ROUNDS.most ||
            (round >= ROUNDS.least && unbroken().length === 0 && never().every((id) => id in NEVER)));
        await asker.begin(SEED);
        for (let round = 0; !isDone(round); round++) {
            const { errorInstance } = await fc.check(
                fc.asyncProperty(cases, (several) => asker.askAll(several)), { seed: SEED + round, endOnFailure: true,
                    ...(SECONDS > 0 ? { numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false }
                        : { numRuns: CASES }) });
            if (errorInstance) throw errorInstance; // it shows what was sent, which is shorter than the case
        }
        await echo();
        context.diagnostic(asker.table());
        assert.deepEqual(never(), Object.keys(NEVER).sort(), `these never succeeded:\n${never().join('\n')}`);
        assert.deepEqual(unbroken(), [], 'nothing wrong was sent to these');
    });
