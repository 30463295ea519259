// tier: full
/**
 * One impossible request over Chromium and Firefox, of which one at a time may run: each is tried
 * once at most, what others ask is answered all the time, and the next such request costs nothing.
 */
import assert from 'node:assert/strict';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const config = { pool: { max_connections: 1, min_connections: 1, connection_timeout: '90s' },
    'browser.firefox': { max_connections: 1 } };
const begun = async () => (await daemon.status()).counters.sessions.started;
const ask = (more) => daemon.infer({ model_name: 'twice', timeout_ms: 120_000, ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] });
const impossible = () => ask({ platform: 'webnn', fallback: false });

/** @param {any} answer */
function assertRefused({ status, json, text }) {
    assert.equal(status, 422, text);
    assert.equal(json.code, 'platform_unsupported');
    assert.equal(json.field, 'platform');
}

test('WebNN that neither has', { timeout: 400_000 * patience }, () => withDaemon({ models: ['twice'], config }, async (started) => {
    daemon = started;
    assert.equal((await ask({ platform: 'wasm' })).status, 200);
    let over = false;
    const work = (async () => {
        while (!over) {
            const answer = await ask({ platform: 'wasm' });
            assert.equal(answer.status, 200, answer.text);
        }
    })();
    work.catch(() => {}); // it is awaited below: what fails here first is told, and not its end
    for (const answer of await Promise.all(Array.from({ length: 20 }, impossible))) assertRefused(answer);
    const first = await begun();
    assert.ok(first <= 3, `each kind was started once, and one of them again at most: ${first}`);
    for (let count = 0; count < 20; count++) assertRefused(await impossible());
    assert.equal(await begun(), first);
    over = true;
    await work;
}));
