// tier: full
/**
 * SIGKILL of webinfer bench and of its daemon in every phase of a run, which a proxy between them tells by the requests: what is
 * left goes on, each cell is there once, what was kept stays as it was, and in the end nothing else is left.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { HttpProxy } from '../../lib/http-proxy.mjs';
import { twice } from '../../lib/onnx.mjs';
import { cliPath } from '../../lib/paths.mjs';
import * as processes from '../../lib/processes.mjs';
import { until } from '../../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ config: { pool: { min_connections: 0 }, store: { results_keep: 50 } } }).start({ ready: false });
});
after(() => daemon.stop());

/** The phases in their order, by the request with which each begins. @type {Record<string, RegExp>} */
const PHASES = {
    'sending the file': /^PUT \/v1\/uploads\//,
    'making it a model': /^POST \/v1\/uploads\/[^/]+\/publish/,
    'asking for a sample': /^POST \/v1\/models\/bench\/[^/]+\/sample/,
    'starting a browser': /^POST \/v1\/infer .*"builtin\/echo"/,
    'planning': /^GET \/v1\/hardware\?.*platform=/,
    'beginning the run': /^POST \/v1\/results .*"began_at"/,
    'a yardstick': /^POST \/v1\/benchmark .*"builtin\/mlp"/,
    'the answer that others are compared with': /^POST \/v1\/infer .*"bench\//,
    'unloading': /^POST \/v1\/models\/bench\/[^/]+\/unload/,
    'a cold run': /^POST \/v1\/benchmark .*"bench\/.*"warmup":0/,
    'a warm run': /^POST \/v1\/benchmark .*"bench\/.*"warmup":1/,
    'keeping a cell': /^POST \/v1\/results .*"cells":\[\{/,
    'ending the run': /^POST \/v1\/results .*"ended_at"/,
    'removing the model': /^DELETE \/v1\/models\/bench\//,
};
/** Those in which the daemon writes something down: it is killed when it has, and the command does not know. */
const WRITTEN = ['making it a model', 'beginning the run', 'keeping a cell', 'ending the run', 'removing the model'];
/** Those in which the command ends without its daemon; in all others it waits for the next. */
const FRAGILE = ['sending the file', 'making it a model'];
/** Commands that may end, one after the other, before the next phase comes: each has lost its daemon. */
const COMMANDS_MAX = 3;

/** A run that is begun, killed and taken up again: the proxy before its daemon, what it has kept, and what is to be left of it. */
class Ordeal {
    id = '';
    /** Cells that were run, by their number. @type {Map<number, object>} */
    kept = new Map();
    /** How often it was begun. */
    commands = 0;
    /** What the command has said that runs now, and how it ends. */
    said = '';
    ended = Promise.resolve(0);
    /** @type {{phase: RegExp, when: string, spring: () => unknown} | null} */
    #trap = null;

    constructor() {
        const tell = (when) => async ({ method, path: where, asked }) => {
            const trap = this.#trap;
            if (trap?.when !== when || !trap.phase.test(`${method} ${where} ${asked}`)) return;
            this.#trap = null;
            await trap.spring();
            return false;
        };
        this.proxy = new HttpProxy({ asked: tell('asked'), handed: tell('handed'), answered: tell('answered') });
        this.folder = fs.mkdtempSync(path.join(daemon.folder, 'bench-'));
        this.file = path.join(this.folder, 'model.onnx');
        fs.writeFileSync(this.file, twice());
    }

    /** Begins the run, or takes it up. */
    begin() {
        const words = ['bench', this.file, '--browser', 'chrome', '--platform', 'wasm', '--threads', '1', '--runs', '8', '--test-type', 'page',
            '--optimization', 'none,all', ...this.id ? ['--resume', this.id] : []];
        this.said = '';
        this.commands++;
        this.child = spawn(cliPath, words, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'],
            env: { PATH: process.env.PATH, WEBINFER_URL: this.proxy.url, HOME: this.folder, TMPDIR: daemon.temporary } });
        this.child.stderr.on('data', (text) => (this.said += text));
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
    }

    /** Has `spring` done as soon as a request of the phase is asked for, handed on or answered. A command that ends before is begun again. */
    async trap(phase, when, spring) {
        let isSprung = false;
        const sprung = new Promise((resolve, reject) => {
            this.#trap = { phase: PHASES[phase], when, spring: () => {
                isSprung = true;
                return Promise.resolve(spring()).then(resolve, reject);
            } };
        });
        for (let commands = 0; !isSprung; commands++) {
            if (this.child.exitCode !== null || this.child.signalCode) this.begin();
            await Promise.race([sprung, this.ended]);
            assert.ok(isSprung || commands < COMMANDS_MAX, `it does not come to ${phase}: ${this.said}`);
            if (!isSprung) await this.look();
        }
        await sprung;
    }

    /** Whether what was kept before is there as it was. */
    async look() {
        this.id ||= /run (run-[0-9a-f]{16}):/.exec(this.said)?.[1] ?? '';
        if (!this.id) return;
        const { json, status } = await daemon.get(`/v1/results/${this.id}`);
        assert.equal(status, 200);
        for (const [index, cell] of this.kept) assert.deepEqual(json.cells.find((one) => one.index === index), cell);
        for (const cell of json.cells.filter(({ outcome }) => outcome !== 'not run')) this.kept.set(cell.index, cell);
    }

    /** Takes it up until it has ended, and holds it against what is to be: each cell once, and nothing else left. */
    async check() {
        this.begin();
        const code = await this.ended;
        await this.look();
        // Where the end was kept there is nothing to take up, but what was sent is removed as well.
        assert.ok(code === 0 || (code === 2 && this.said.includes('has ended: there is nothing left of it')), this.said);
        const { json: { cells, ended_at: ended, began_at: began } } = await daemon.get(`/v1/results/${this.id}`);
        assert.ok(ended >= began);
        assert.deepEqual(cells.map(({ index, model, optimization, yardstick, outcome }) => [index, model, optimization ?? yardstick, outcome]), [
            [0, 'model.onnx', 'none', 'ok'], [1, 'model.onnx', 'all', 'ok'],
            [2, 'builtin/mlp', 'before', 'ok'], [3, 'builtin/mlp', 'between', 'ok'], [4, 'builtin/mlp', 'after', 'ok']]);
        assert.deepEqual((await daemon.get('/v1/models')).json.models.filter(({ name }) => name.startsWith('bench/')), []);
        // What was sent in part is kept for a day, for whoever sends the rest, or until it is removed.
        const uploads = path.join(daemon.store, '.staging');
        for (const id of fs.readdirSync(uploads)) assert.equal((await daemon.request(`/v1/uploads/${id}`, { method: 'DELETE' })).status, 200, id);
        await until(() => fs.readdirSync(daemon.store, { recursive: true }).sort().join() === '.blobs,.staging,.versions', { what: 'nothing of the model to be left' });
        assert.deepEqual(fs.readdirSync(this.folder), ['model.onnx']);
        assert.deepEqual(processes.mentioning(this.folder), []);
    }
}

/** A run that is killed in each phase by `kill`, which comes back when there is a daemon again to go on with. */
async function suffer(kill) {
    const ordeal = new Ordeal();
    await ordeal.proxy.listen(daemon.url);
    try {
        ordeal.begin();
        for (const phase of Object.keys(PHASES)) {
            await kill(ordeal, phase);
            await ordeal.look();
        }
        ordeal.child.kill('SIGKILL');
        await ordeal.ended;
        await ordeal.check();
    } finally {
        ordeal.child.kill('SIGKILL');
        ordeal.proxy.close();
    }
}

for (const when of ['asked', 'answered'])
    test(`webinfer bench is killed in every phase, with a request that is ${when}`, { timeout: 400_000 }, () => suffer((ordeal, phase) =>
        ordeal.trap(phase, when, () => ordeal.child.kill('SIGKILL') && ordeal.ended)));

test('the daemon is killed in every phase', { timeout: 400_000 }, () => suffer(async (ordeal, phase) => {
    await ordeal.trap(phase, WRITTEN.includes(phase) ? 'answered' : 'handed', async () => {
        daemon.signal('SIGKILL');
        await daemon.waitEnd();
        ordeal.proxy.to(null);
    });
    if (FRAGILE.includes(phase)) assert.notEqual(await ordeal.ended, 0, ordeal.said);
    else assert.equal(ordeal.commands, 1 + FRAGILE.length, `it has not waited: ${ordeal.said}`);
    assert.ok((ordeal.said.match(/no answer from/g) ?? []).length <= 1, `it complains twice: ${ordeal.said}`);
    await daemon.start({ ready: false });
    ordeal.proxy.to(daemon.url);
}));
