// tier: full
/**
 * `auto` over several kinds of browsers at once: whatever each of them computes wrong, every case
 * comes back right, and not because only WASM is used.
 */
import assert from 'node:assert/strict';
import { after, before, test as plainTest } from 'node:test';
import { edge } from '../../lib/browsers.mjs';
import * as cases from '../../lib/cases.mjs';
import { Daemon, patience, testsOf } from '../../lib/daemon.mjs';
import { count, elementSize } from '../../lib/kserve.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import { until } from '../../lib/wait.mjs';

const skip = !sharedModels && 'the shared model cases are not beside this checkout';
const names = skip ? [] : cases.names();
/** Where WebNN measured faster than WASM on an idle machine (bare-engine-results.json): for speed, and
 * for numbers that depend on the input too. */
const fasterOnWebnn = ['light_resnet50', 'cnn_squeezenet_randw'];
/** So many requests, and so long, until measurements beside other load have evened out. */
const REQUESTS = 300, EVENED_OUT_MS = 120_000;
/** What WebNN computes wrong, by the same measurements. */
const wrongOnWebnn = ['op_averagepool_2d_pads', 'op_convtranspose_pads'];
/** What each case ran on, by kind/platform. */
const places = new Map();
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    if (skip) return;
    const one = { min_connections: 1, max_connections: 1 };
    daemon = await new Daemon({ models: names, config: {
        // What was slow when it was checked, beside all else, is measured again.
        pool: { min_connections: 3, max_connections: 3, exploration: '20%' },
        'browser.chrome': one, 'browser.firefox': one,
        // Its software adapter takes twelve seconds for one try, in which it could answer by WebNN.
        'browser.edge': edge({ ...one, platforms: 'webnn, wasm' }),
    } }).start();
    await until(async () => (await daemon.status()).sessions
        .filter(({ state }) => ['ready', 'busy'].includes(state)).length === 3,
    { what: 'a session of each kind', timeout: 120_000 * patience, every: 250 });
});
after(() => daemon?.stop());

if (skip) plainTest('the cases on several kinds', { skip }, () => {});

/** Zeros for a case that brings no inputs, as the model declares them if it can be read at all. */
async function someInputs(name) {
    const { inputs = [] } = (await daemon.get(`/v1/models/${name}`)).json;
    return inputs.map(({ name: input, datatype, shape }) => ({ name: input, datatype, shape,
        bytes: Buffer.alloc(elementSize(datatype) * count(shape)) }));
}

async function refused(one) {
    const inputs = one.inputs.length ? one.inputs : await someInputs(one.name);
    const answer = await daemon.inferBinary({ model_name: one.name }, inputs);
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.json.code, /^(model_invalid|operator_unsupported|input_unknown)$/);
}

/** One request that leaves everything else to the service; its answer must be right. */
async function isRight(name, head = {}) {
    const one = cases.load(name);
    if (one.mustFail) return refused(one);
    const { answer, problem } = await daemon.tryCase(one, { timeout_ms: 120_000, ...head });
    const { browser, platform, numerics } = answer.executed_on;
    const place = `${browser}/${platform}`;
    assert.equal(problem, null, `on ${place}`);
    assert.equal(numerics, 'ok', `on ${place}`);
    places.set(place, (places.get(place) ?? 0) + 1);
    return place;
}

for (const name of names)
    test(`${name} is right`, () => isRight(name));

if (!skip) {
    test('all are still right once their checks are done', { timeout: 600_000 * patience },
        async () => {
            for (const name of names) await isRight(name);
        });

    /** Asks until the check of that platform is done; every answer on the way must be right. */
    const verdict = (name, platform) => until(async () => {
        await isRight(name);
        const { numerics } = (await daemon.get(`/v1/models/${name}`)).json;
        return numerics.verdicts
            .find((one) => one.platform === platform && one.verdict !== 'unknown');
    }, { what: `a verdict on ${name}`, timeout: 200_000 * patience, every: 500 });

    /** What the service expects of that model, on WebNN and where it would run a request now. */
    async function expected(name) {
        const { options } = (await daemon.get(`/v1/hardware?model_name=${name}`)).json;
        const webnn = options.find((one) => `${one.browser}/${one.platform}` === 'edge/webnn');
        return { webnn, chosen: options.find((one) => one.chosen) };
    }

    for (const name of fasterOnWebnn.filter((one) => names.includes(one)))
        test(`${name} comes to be answered by WebNN unless that measures slower, and right`,
            { timeout: 4 * EVENED_OUT_MS * patience },
            async (context) => {
                assert.equal((await verdict(name, 'webnn')).verdict, 'trusted');
                assert.equal(await isRight(name, { platform: 'webnn' }), 'edge/webnn');
                const end = performance.now() + EVENED_OUT_MS * patience;
                for (let i = 0; i < REQUESTS && performance.now() < end; i++)
                    if (await isRight(name) === 'edge/webnn') return;
                // On a machine with little time to spare WASM may well be as fast.
                const { webnn, chosen } = await expected(name);
                context.diagnostic(`WebNN ${webnn.estimate.run_ms} ms, chosen ${chosen.estimate.run_ms} ms`);
                assert.ok(webnn.measured && webnn.expected_ms >= chosen.expected_ms,
                    JSON.stringify({ webnn, chosen }));
            });

    for (const name of wrongOnWebnn.filter((one) => names.includes(one)))
        test(`${name} is found wrong on WebNN, and no client sees it`,
            { timeout: 240_000 * patience }, async () => {
                const { verdict: found, error_ratio: ratio } = await verdict(name, 'webnn');
                assert.equal(found, 'wrong');
                assert.ok(ratio > 100, `only ${ratio} times the tolerance`);
                for (let i = 0; i < 5; i++) await isRight(name);
            });

    test('accelerated answers were among those', (context) => {
        const counts = JSON.stringify(Object.fromEntries(places));
        context.diagnostic(counts);
        assert.ok(places.get('edge/webnn') >= 2, counts);
    });
}
