// tier: full
/**
 * Helia and the daemon bring each other models on this machine: it fetches from the daemon's gateway, the daemon
 * from a small one over its blocks, and a CAR that it writes is read. Neither knows the other's code.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { Helia, skipHelia } from '../lib/helia.mjs';
import { sha256 } from '../lib/hub.mjs';
import { ownModels } from '../lib/paths.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const cli = (...words) => webinfer(daemon, words);
/** @type {Helia} */
let helia;
let source, cars, roots;

/** Each file below the folder, by its path, with its SHA-256. */
const filesIn = (folder) => Object.fromEntries(fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .map((file) => [path.relative(folder, file), sha256(fs.readFileSync(file))]).sort());

const modelFiles = async (name) => {
    const { status, json, text } = await daemon.get(`/v1/models/${name}`);
    assert.equal(status, 200, text);
    return Object.fromEntries(json.files.map((file) => [file.path, file.hash]).sort());
};

before(async () => {
    if (skipHelia) return;
    daemon = new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, content: { serve: 'published' }, 'hub.ipfs': { url: '' } } });
    const started = daemon.start({ ready: false });
    source = path.join(daemon.folder, 'source');
    cars = path.join(daemon.folder, 'cars');
    fs.mkdirSync(source);
    fs.mkdirSync(cars);
    const weights = fs.readFileSync(path.join(ownModels, 'finch', 'finch-Q8_0.gguf'));
    /* Of its chunks some are equal, and the last is short. */
    fs.writeFileSync(path.join(source, 'finch-Q8_0.gguf'), Buffer.concat([weights, Buffer.alloc(3 << 20), crypto.randomBytes((1 << 20) + 5)]));
    helia = new Helia();
    const [added] = await Promise.all([helia.serve(source, cars), started]);
    roots = added.roots;
    await daemon.reload({ 'hub.helia': { url: added.url, layout: 'ipfs' } });
});
after(async () => {
    try {
        await helia?.close();
    } finally {
        await daemon?.stop();
    }
});

test('the daemon pulls what Helia has added, in each shape', { skip: skipHelia }, async () => {
    assert.equal(roots.default, roots['unixfs-v1-2025']);
    for (const shape of ['default', 'old']) {
        const cid = roots[shape];
        const { code, problems } = await cli('pull', `ipfs://${cid}`, '--as', `helia/${shape}`);
        assert.equal(code, 0, `${shape}: ${problems}`);
        assert.deepEqual(await modelFiles(`helia/${shape}`), filesIn(source), shape);
    }
});

test('CARs that Helia writes are added', { skip: skipHelia }, async () => {
    for (const shape of ['default', 'old']) {
        const { code, problems } = await cli('add', path.join(cars, `${shape}.car`), '--name', `car/${shape}`);
        assert.equal(code, 0, `${shape}: ${problems}`);
        assert.deepEqual(await modelFiles(`car/${shape}`), filesIn(source), shape);
    }
});

test('Helia fetches what the daemon has published, under the CID that it gives the same files', { skip: skipHelia }, async () => {
    const { code, out, problems } = await cli('publish', 'car/default');
    assert.deepEqual([code, out], [0, `ipfs://${roots.default}\n`], problems);
    const fetched = path.join(daemon.folder, 'fetched');
    await helia.fetch(daemon.bridgeUrl, roots.default, fetched);
    assert.deepEqual(filesIn(fetched), filesIn(source));
});
