// tier: full
/** A clock that somebody sets while jobs are stored. The daemon is the shipped one: faketime does not go with a sanitizer. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { clear, guard } from '../../lib/cleanup.mjs';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { until } from '../../lib/wait.mjs';

const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-clock-'))), file = path.join(folder, 'ahead');
const faketime = fs.globSync?.('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
    ?? '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
/** Sets the daemon's wall clock by so much off. @param {string} by */
const set = (by) => {
    fs.writeFileSync(`${file}.new`, `${by}\n`);
    fs.renameSync(`${file}.new`, file);
};
/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);

before(async () => {
    assert.ok(fs.existsSync(faketime), `${faketime} is missing: install faketime`);
    set('+0');
    daemon = new Daemon({ env: { LD_PRELOAD: faketime, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    config: { pool: { min_connections: 0, job_retention: '1h' }, 'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon?.stop();
    clear(folder);
});

const store = async () => (await daemon.post('/v1/jobs', { model_name: 'builtin/count', platform: 'simulated', inputs: [],
    options: { count: 4, interval_ms: 250 }, timeout_ms: 120_000 })).json.id;
const job = async (id) => (await daemon.get(`/v1/jobs/${id}`)).json;

for (const by of ['+2h', '+400d', '-2h'])
    test(`set by ${by}, no stored job is late, and no result is old`, async () => {
        const ids = await Promise.all(Array.from({ length: 40 }, store));
        set(by);
        await until(async () => (await Promise.all(ids.map(job))).every(({ state }) => !['queued', 'running'].includes(state)),
            { what: 'all jobs to end', timeout: 90_000 });
        const states = (await Promise.all(ids.map(job))).map(({ state }) => state);
        assert.deepEqual(states, ids.map(() => 'done'));
        set('+0');
        assert.equal((await job(ids[0])).state, 'done');
    });
