// tier: long
/** What `webinfer check` says of the operators of ONNX's own tests, against what Chromium does with each of them. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { addModels, observed, predicted, testNames } from '../../lib/operators.mjs';

/** The share of the predictions that have to be right. */
const RIGHT = 0.98;

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const names = testNames();
before(async () => {
    daemon = new Daemon({ config: { pool: { max_connections: 1 } } });
    addModels(daemon, names);
    await daemon.start();
});
after(() => daemon.stop());

for (const platform of ['wasm', 'webgpu']) {
    test(`${RIGHT * 100} % of what is said of operators on ${platform} is what happens`, { timeout: 1_800_000 }, async (t) => {
        const wrong = [];
        let told = 0;
        for (const name of names) {
            const said = await predicted(daemon, name);
            if (!said || said[platform] === 'unknown') continue;
            const seen = await observed(daemon, name, said.operator, { browser: 'chrome', platform });
            if (seen === null) continue;
            told++;
            if (seen !== said[platform]) wrong.push(`${name}: ${said.operator} of opset ${said.opset} is "${seen}", and not "${said[platform]}"`);
        }
        t.diagnostic(`${told} of ${names.length} tests tell; wrong: ${wrong.length}`);
        for (const one of wrong) t.diagnostic(one);
        assert.ok(told > names.length / 3, `only ${told} tests tell anything`);
        assert.ok(told - wrong.length >= RIGHT * told, `run: node tools/observe-operators.mjs; ${wrong.join('\n')}`);
    });
}
