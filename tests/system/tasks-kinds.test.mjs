/**
 * One model of each family in the other kinds of browser, and on their accelerators as far as software
 * adapters are quick: the answers are the oracle's everywhere. All of them on all platforms: --full.
 */
import { after, before, describe } from 'node:test';
import { edge, safari } from '../lib/browsers.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { makeFamilies, putFamilies } from '../lib/families.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { assertServed, cases, nameOf } from '../lib/task-cases.mjs';

const full = process.env.WEBINFER_FULL === '1';
/** Tokens of an answer where each takes long. */
const FEW = 6;
const family = cases.filter(({ first }) => first);
/** What is quick on an adapter that a processor plays. */
const quick = family.filter(({ model }) => model === 'bert');

/** @type {[string, object, Record<string, import('../lib/task-cases.mjs').Case[]>][]} */
const kinds = [
    ['firefox', { max_connections: 1 }, { wasm: family, webgpu: full ? family : [] }],
    ['safari', safari(), { wasm: family }],
    ['edge', edge(), { webnn: full ? family : quick, wasm: full ? family : [] }],
    ['chrome', { max_connections: 1 }, { webgpu: full ? family : quick }],
];

/** @type {Oracle} */
let oracle;
before(() => { oracle = new Oracle(makeFamilies()); });
after(() => oracle.close());

for (const [kind, keys, platforms] of kinds)
    describe(kind, () => {
        /** @type {Daemon} */
        let daemon;
        const test = testsOf(() => daemon);
        before(async () => {
            daemon = new Daemon({ config: {
                'browser.chrome': { max_connections: 0 }, [`browser.${kind}`]: keys } });
            putFamilies(daemon.store, [...new Set(family.map(({ model }) => model))]);
            await daemon.start();
        });
        after(() => daemon.stop());

        for (const [platform, list] of Object.entries(platforms))
            for (const one of list)
                test(`on ${platform}: ${nameOf(one)}`, () => assertServed(daemon, oracle, one,
                    { platform, browser: kind }, platform === 'wasm' ? undefined : FEW));
    });
