// tier: long
/** What `webinfer check` says of the operators of ONNX's own tests, against what Chromium does with each of them. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { addModels, compared, testNames } from '../../lib/operators.mjs';

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
        const { rows, tests } = await compared(daemon, names, { browser: 'chrome', platform });
        const wrong = rows.filter(({ said, support }) => said !== support)
            .map(({ operator, opset, said, support }) => `${operator} of opset ${opset} is "${support}", and not "${said}"`);
        t.diagnostic(`${tests} of ${names.length} tests tell of ${rows.length} operators; wrong: ${wrong.length}`);
        for (const one of wrong) t.diagnostic(one);
        for (const { operator, opset, support, others } of rows.filter((row) => row.others.length > 0))
            t.diagnostic(`${operator} of opset ${opset} is "${support}", but not with ${others.join(', ')}`);
        assert.ok(tests > names.length / 3, `only ${tests} tests tell anything`);
        assert.ok(rows.length - wrong.length >= RIGHT * rows.length, `run: node tools/observe-operators.mjs; ${wrong.join('\n')}`);
    });
}
