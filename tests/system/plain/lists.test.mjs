// tier: full
/** What a request for a list costs among many models: a page, and not all of them. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf } from '../../lib/daemon.mjs';
import { cpuSeconds } from '../../lib/processes.mjs';
import { until } from '../../lib/wait.mjs';

const FEW = 150, MANY = 9900; // beside those that are built in, of which no list has more than 10,000
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

function putModels(from, to) {
    for (let i = from; i < to; i++) {
        const folder = path.join(daemon.store, `m-${String(i).padStart(5, '0')}`);
        fs.mkdirSync(folder);
        fs.writeFileSync(path.join(folder, 'x-Q8_0.gguf'), 'GGUF');
    }
}

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 } } });
    putModels(0, FEW);
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const countOf = async () => (await daemon.get('/v1/models')).json.data.length;

/** CPU seconds of the daemon for one such request. */
async function costOf(where, times) {
    const ask = () => daemon.get(where);
    for (let i = 0; i < 5; i++) assert.equal((await ask()).status, 200);
    const start = cpuSeconds(daemon.pid);
    for (let i = 0; i < times; i++) await ask();
    return (cpuSeconds(daemon.pid) - start) / times;
}

test('a page of models and the status cost among 9,900 about what they cost among 150',
    { timeout: 300_000 * patience }, async (context) => {
    const asked = ['/v1/status', '/v1/models?limit=100', '/v1/models?limit=100&after=m-00020'];
    const costs = async () => {
        const found = {};
        for (const where of asked) found[where] = await costOf(where, 60);
        return found;
    };
    await until(async () => await countOf() >= FEW, { what: 'the first models' });
    const few = await costs();
    putModels(FEW, MANY);
    await until(async () => await countOf() >= MANY, { what: 'all models' });
    const many = await costs();
    for (const where of asked) {
        context.diagnostic(`${where}: ${(few[where] * 1e6).toFixed(0)} and ${(many[where] * 1e6).toFixed(0)} µs`);
        // In proportion to the models it would be 66 times as much; the folder is read again now and then.
        assert.ok(many[where] < 8 * few[where], where);
    }
});
