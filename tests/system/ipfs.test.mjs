/**
 * Models by their CID: DAGs that other code has made come from gateways that release each block when
 * the test says so, and that misbehave on order. What is asserted is who was asked for what.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { makeDag } from '../lib/ipfs.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {import('../lib/gateway.mjs').Gateway[]} */
let gateways = [];
const test = testsOf(() => daemon);
const quiet = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
const finch = (name) => fs.readFileSync(path.join(ownModels, 'finch', name));
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const textOf = (cid) => String(cid.toV1());

/** A model that chats, with so many bytes behind it that nobody has. */
const talker = (more = 0, name = 'finch-Q8_0.gguf') => Buffer.concat([finch(name), crypto.randomBytes(more + 16)]);

/** New gateways with all blocks, each a hub of its own: what is known of one is known by its address. */
async function serve(dag, names = ['one'], more = {}) {
    await leave();
    for (const key of Object.keys(daemon.config)) if (key.startsWith('hub.')) delete daemon.config[key];
    gateways = await Promise.all(names.map(() => startGateway(dag.blocks)));
    await daemon.reload({ 'hub.ipfs': { url: '' }, ...Object.fromEntries(names.map((name, index) =>
        [`hub.${name}`, { url: gateways[index].url, layout: 'ipfs' }])), ...more });
    return gateways;
}

async function leave() {
    for (const gateway of gateways) {
        gateway.heal();
        assert.deepEqual(gateway.odd, []);
        await gateway.close();
    }
    gateways = [];
}

const pull = (body) => daemon.post('/v1/models/pull', body);
const model = async (name) => (await daemon.get(`/v1/models/${name}`));
const cli = (...words) => webinfer(daemon, words);
const filesOf = (json) => json.files.map((one) => [one.path, one.hash]);

/** Waits until it is here, and gives what GET tells of it. */
const here = (name) => until(async () => {
    const { status, json, text } = await model(name);
    assert.ok(status === 200, text);
    return !json.pulling && json;
}, { what: `${name} to be here`, timeout: 30_000 });

/** Pulls it to the end: the model, or the problem. */
async function bring(body) {
    const answer = await pull({ ...body, stream: true });
    if (answer.status !== 200) return answer.json;
    const events = answer.text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => JSON.parse(line.slice(6)));
    return events.at(-1);
}

before(async () => {
    daemon = new Daemon({ config: { ...quiet, models: { pull_on_demand: 'ipfs/*' }, content: { stall: '300ms' }, 'hub.ipfs': { url: '' } } });
    await daemon.start({ ready: false });
});
after(async () => {
    await leave();
    await daemon.stop();
});

for (const shape of ['unixfs-v1-2025', 'unixfs-v0-2015', 'trickle', 'narrow'])
    test(`a folder of shape ${shape} comes by its CID, the files that a hub would give, each block once`, async () => {
        const bytes = talker(2_500_000), dag = await makeDag({ 'finch-Q8_0.gguf': bytes, 'README.md': '# finch', 'run.py': 'print()' }, shape);
        const [gateway] = await serve(dag), name = `ipfs/${textOf(dag.cid)}`;
        const { code, problems } = await cli('pull', `ipfs://${dag.cid}`);
        assert.equal(code, 0, problems);
        assert.match(problems, new RegExp(`${name}: 3.1 MB in 1 files, 3.1 MB fetched in \\d+ s\n$`));
        const { json } = await model(name);
        assert.deepEqual(filesOf(json), [['finch-Q8_0.gguf', sha256(bytes)]]);
        assert.deepEqual([json.source.hub, json.source.repository, json.source.commit, json.variant],
            ['ipfs', `ipfs://${textOf(dag.cid)}`, textOf(dag.cid), 'Q8_0']);
        assert.deepEqual(gateway.asked.filter((cid, index) => gateway.asked.indexOf(cid) !== index), [], 'nothing was asked for twice');
        gateway.heal();
        assert.equal((await cli('pull', `ipfs://${dag.cid}`)).code, 0);
        assert.ok(gateway.asked.length < 10, 'it was here');
    });
