// tier: full
/** Kinds of browser that nobody asked for, or that are switched off: no warning, no long sentence. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { findProgram } from '../lib/paths.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** Chromium alone is in PATH; the configuration says nothing of edge and firefox. */
before(async () => {
    daemon = new Daemon({ models: ['twice'] });
    const programs = path.join(daemon.folder, 'bin');
    fs.mkdirSync(programs);
    for (const one of ['chromedriver', 'chromium'])
        fs.symlinkSync(findProgram(one), path.join(programs, one));
    daemon.options.env = { PATH: programs };
    // Chromium is a shell script here and there, which takes a shell's programs.
    for (const one of ['sh', 'dirname', 'readlink', 'uname', 'cat', 'grep', 'ls', 'which', 'expr'])
        if (findProgram(one)) fs.symlinkSync(findProgram(one), path.join(programs, one));
    delete daemon.config['browser.edge'];
    delete daemon.config['browser.firefox'];
    daemon.writeConfig();
    await daemon.start();
});
after(() => daemon.stop());

test('the log has one line for those that are not installed, and it is no warning', () => {
    const lines = daemon.log.split('\n').filter((line) => /edge|firefox|safari/.test(line));
    assert.equal(lines.length, 1, daemon.log);
    assert.match(lines[0], / info +pool: not installed: (edge, firefox|firefox, edge);/);
});

test('status, its table and the judgement of hardware do not explain them', async () => {
    const { kinds, warnings } = await daemon.status();
    assert.equal(kinds.edge.installed, false);
    assert.equal(kinds.edge.problem, null);
    assert.equal(kinds.safari.problem, null, 'switched off');
    assert.ok(!/edge|firefox|safari/.test(JSON.stringify(warnings)), JSON.stringify(warnings));
    const { code, out } = await webinfer(daemon, ['status']);
    assert.equal(code, 0);
    assert.match(out, /^chrome +yes +closed/m);
    assert.ok(!/edge|firefox|safari/.test(out), out);
    const { json } = await daemon.get('/v1/hardware?model_name=twice');
    assert.equal(json.passed_over.find(({ browser }) => browser === 'edge').why,
        'it is not installed');
});

test('a request that names one is told how to install it', async () => {
    const { status, json } = await daemon.infer({ model_name: 'builtin/echo', browser: 'edge',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    assert.equal(status, 503);
    assert.match(json.detail, /install Microsoft Edge/);
});

test('that a sandbox is off is said once, for the kinds that run', async () => {
    const { warnings } = await daemon.status();
    const told = warnings.filter((one) => /sandbox/.test(one));
    if (process.geteuid() === 0)
        assert.deepEqual(told, ['the browser\'s own sandbox is off, because the daemon runs as ' +
            'root; run it as another user to have it: chrome']);
    else
        assert.deepEqual(told, []);
    assert.equal(daemon.log.match(/sandbox is off/g)?.length ?? 0, told.length);
});
