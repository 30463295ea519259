/**
 * Neighbours: daemons that bring each other what a hub lists. The hub's SHA-256 has the last word,
 * whatever a neighbour says and sends, and what no neighbour brings comes from the hub.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import * as onnx from '../lib/onnx.mjs';
import { content, sha256, startHub } from '../lib/hub.mjs';

const MIB = 1 << 20, LARGE = 9 * MIB + 17;
const idle = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };

/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
/** The first of them, which has pulled and published. @type {Daemon} */
let first;
/** Its one weight lies beside it. */
const graph = onnx.model(onnx.graph('beside', {
    nodes: [onnx.node('Identity', ['w'], ['y'])], inputs: [], outputs: [onnx.value('y', onnx.FLOAT, [1])],
    initializers: [onnx.externalTensor('w', onnx.FLOAT, [1], { location: 'model.onnx_data', offset: 0, length: 4 })],
}));
const test = testsOf(() => first);

/** A large file, and a small one that the hub knows by git's hash alone. */
function push(name) {
    const files = { 'model.onnx': graph, 'model.onnx_data': content(LARGE, name), 'model.json': '{}\n' };
    hub.push(name, files);
    return files;
}

const configOf = (more = {}) => ({ ...idle, models: { hub: 'local' }, 'hub.local': { url: hub.url }, ...more });

/** With these as its neighbours: name → URL. */
const beside = (neighbours, more = {}) => configOf({ ...more,
    ...Object.fromEntries(Object.entries(neighbours).map(([name, url]) => [`hub.${name}`, { url, layout: 'webinfer' }])) });

/** Pulls to the end; the last event, which is an error's where it failed. */
async function pull(daemon, model, more = {}) {
    const client = await openEvents(`${daemon.url}/v1/models/pull`, { body: { stream: true, model, ...more } });
    if (client.status !== 200) return client.problem;
    await client.ended(60_000);
    return client.last.json;
}

async function publish(daemon, name) {
    const { status, json, text } = await daemon.request(`/v1/models/${name}/publish`, { method: 'POST' });
    assert.equal(status, 200, text);
    return json;
}

/** All files of a model, those that begin with a dot too, but what says where it came from. */
function look(daemon, name, files) {
    const place = path.join(daemon.store, name);
    const found = fs.readdirSync(place, { recursive: true }).filter((one) =>
        !['.source.json', '.used'].includes(one) && fs.statSync(path.join(place, one)).isFile());
    assert.deepEqual(found.sort(), Object.keys(files).sort());
    for (const [file, right] of Object.entries(files))
        assert.equal(sha256(fs.readFileSync(path.join(place, file))), sha256(Buffer.from(right)), file);
}

/** Bytes of large files that the hub has sent of a repository. */
const sentOf = (name) => hub.requests.filter(({ phase, url }) => phase === 'content' && url.includes(name))
    .reduce((sum, { sent }) => sum + sent, 0);

const broughtBy = ({ sources }, name) => sources?.find((one) => one.name === name)?.bytes ?? 0;

before(async () => {
    hub = await startHub();
    first = new Daemon({ config: configOf({ content: { serve: 'published' } }) });
    await first.start({ ready: false });
});
after(async () => {
    await first.stop();
    await hub?.close();
});

test('what a neighbour has does not come from the hub', async () => {
    const files = push('org/near');
    assert.equal((await pull(first, 'org/near')).name, 'org/near');
    await publish(first, 'org/near');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl }) }, async (second) => {
        const before = sentOf('org/near');
        const end = await pull(second, 'org/near');
        assert.equal(end.name, 'org/near', JSON.stringify(end));
        assert.equal(sentOf('org/near'), before);
        look(second, 'org/near', files);
        console.log(JSON.stringify(end));
        assert.ok(broughtBy(end, 'a') >= LARGE, JSON.stringify(end));
    });
});
