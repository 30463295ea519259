// tier: full
/**
 * The guard and the accelerators that there are: none is called wrong that computes the tests' models as
 * the oracle does: each model, and one of each kind of graph with all weights, on each accelerated platform.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { edge } from '../lib/browsers.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { cases, nameOf, optionsOf } from '../lib/task-cases.mjs';
import { describe } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** A model is checked by the first task that is asked of it. */
const all = cases.filter(({ model }, index) => cases.findIndex((one) => one.model === model) === index);
const varied = cases.filter(({ first }) => first)
    .map((one) => one.model === 'bert' ? one : { ...one, model: `${one.model}-variants` });

/** @type {[string, object, string][]} */
const places = [
    ['chrome', { max_connections: 1 }, 'webgpu'],
    ['firefox', { max_connections: 1 }, 'webgpu'],
    ['edge', edge(), 'webnn'],
];

for (const [kind, keys, platform] of places)
    describe(`${platform} in ${kind}`, () => {
        /** @type {Daemon} */
        let daemon;
        const test = testsOf(() => daemon);
        before(async () => {
            daemon = new Daemon({ config: { pool: { exploration: '0%', recheck: '0%' },
                'browser.chrome': { max_connections: 0 }, [`browser.${kind}`]: keys } });
            putFamilies(daemon.store, [...new Set([...all, ...varied].map(({ model }) => model))]);
            await daemon.start();
        });
        after(() => daemon.stop());

        /** What a check says; a verdict that is open has its reason. */
        const found = (model) => until(async () => {
            const { json } = await daemon.get(`/v1/models/${model}`);
            return json.numerics.verdicts.find((one) => one.platform === platform
                && (one.verdict !== 'unknown' || one.detail));
        }, { what: `a verdict on ${model}`, timeout: 300_000 * patience, every: 200 });

        /** Asks for it there, unless the platform does not take it, which is said. */
        async function isComputed({ model, task, inputs, ...one }, precision) {
            const { status, json, text } = await daemon.infer({ model_name: model, task, inputs, platform,
                fallback: false, options: optionsOf({ task, ...one }), ...(precision && { precision }) });
            if (status === 422) assert.match(json.code, /^(platform|operator)_unsupported$/);
            else assert.equal(status, 200, text);
            return status === 200;
        }

        for (const [list, precisions] of /** @type {const} */ ([[all, [undefined]], [varied, ['fp16', 'q8', 'q4']]]))
            for (const one of list)
                for (const precision of precisions)
                    test(`is right about ${nameOf(one)}${precision ? ` in ${precision}` : ''}`, { timeout: 600_000 * patience }, async (t) => {
                        if (!await isComputed(one, precision)) return t.skip('it does not run there');
                        const { verdict, error_ratio: ratio, detail } =
                            await found(precision ? `${one.model}:${precision}` : one.model);
                        t.diagnostic(`${verdict}, ${ratio.toPrecision(3)} of the tolerance: ${detail}`);
                        assert.equal(verdict, 'trusted', detail);
                    });
    });
