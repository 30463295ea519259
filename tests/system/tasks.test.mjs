/**
 * Hugging Face folders by task, in real browsers behind the daemon, against the oracle: the same files
 * under transformers.js in Node.
 */
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { makeFamilies, putFamilies } from '../lib/families.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { assertServed, cases, nameOf } from '../lib/task-cases.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Oracle} */
let oracle;
const test = testsOf(() => daemon);

before(async () => {
    oracle = new Oracle(makeFamilies());
    daemon = new Daemon();
    putFamilies(daemon.store, [...new Set(cases.map(({ model }) => model))]);
    await daemon.start();
});
after(async () => {
    await oracle?.close();
    await daemon.stop();
});

for (const one of cases)
    test(`on WASM: ${nameOf(one)}`, () => assertServed(daemon, oracle, one, { platform: 'wasm' }));
