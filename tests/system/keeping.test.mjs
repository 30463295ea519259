// tier: full
/**
 * Copies: four daemons without browsers, neighbours of each other, see to it that what one of them
 * has published is there twice. What is waited for is what they say themselves.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

const names = ['anna', 'bert', 'carl', 'dora'];
/** @type {Record<string, Daemon>} */
const daemons = {};
/** Those that run. @type {Set<string>} */
const alive = new Set(names);
let cid;
const test = testsOf(() => daemons.anna);

const content = async (name) => {
    const answer = await fetch(`${daemons[name].bridgeUrl}/content`);
    assert.equal(answer.status, 200);
    return answer.json();
};
/** Who has it, by what each says of itself. */
const holders = async () => (await Promise.all(names.filter((name) => alive.has(name)).map(async (name) =>
    (await content(name)).content.some((row) => row.cid === cid) && name))).filter(Boolean);
const held = (count, what) => until(async () => (await holders()).length === count && holders(), { what, timeout: 60_000 });

async function kill(name) {
    alive.delete(name);
    const { child, exit } = daemons[name];
    child.kill('SIGKILL');
    await exit;
}

/** The others find it where it was. */
async function revive(name) {
    const daemon = daemons[name];
    daemon.writeConfig({ bridge: { listen: new URL(daemon.bridgeUrl).host } });
    await daemon.start({ ready: false });
    alive.add(name);
}

/** One more neighbour, which has nothing and takes nothing, and counts how often each has asked it. */
const asked = {};
const counter = http.createServer((request, answer) => {
    const [, name, what] = request.url.split('/');
    if (what !== 'content') {
        answer.writeHead(404).end();
        return;
    }
    asked[name] = (asked[name] ?? 0) + 1;
    answer.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"counter","version":1,"content":[]}');
});

/** Waits until all that run have looked around so many times more. */
function rounds(count) {
    const before = { ...asked };
    return until(() => [...alive].every((name) => asked[name] >= (before[name] ?? 0) + count),
        { what: `${count} looks of each`, timeout: 60_000 });
}

before(async () => {
    await new Promise((resolve) => counter.listen(0, '127.0.0.1', resolve));
    for (const name of names) {
        daemons[name] = new Daemon({ models: name === 'anna' ? ['digits'] : [], config: {
            pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, 'hub.ipfs': { url: '' },
            content: { serve: 'published', replicas: 2, interval: '1s' } } });
        await daemons[name].start({ ready: false });
    }
    for (const name of names)
        await daemons[name].reload({ 'hub.counter': { url: `http://127.0.0.1:${counter.address().port}/${name}`, layout: 'webinfer' },
            ...Object.fromEntries(names.filter((other) => other !== name).map((other) =>
                [`hub.${other}`, { url: daemons[other].bridgeUrl, layout: 'webinfer' }])) });
});
after(async () => {
    await Promise.all(names.map((name) => alive.has(name) ? daemons[name].stop() : daemons[name].abandon()));
    counter.close();
});

test('of what is published there are two copies', async () => {
    ({ cid } = (await daemons.anna.post('/v1/models/digits/publish')).json);
    const [, second] = await held(2, 'a second copy');
    const [row] = (await content(second)).content;
    const { id } = await content('anna');
    assert.deepEqual([row.name, row.published, row.origin], [`ipfs/${cid}`, false, id]);
    const said = await until(async () => {
        const { models: [one] } = (await daemons[second].get('/v1/content')).json;
        return one.copies === 2 && one;
    }, { what: 'the copies to be told' });
    assert.deepEqual([said.here, said.copy, said.stale, said.where], [true, true, false, ['anna']]);
    assert.deepEqual((await daemons[second].get('/v1/models')).json.published, [], 'what is a copy was not published here');
});

test('a daemon that is back within two intervals was not missed', async () => {
    for (const name of names) await daemons[name].reload({ content: { interval: '3s' } });
    const both = await holders();
    for (const name of both) {
        await kill(name);
        await revive(name);
    }
    await rounds(4);
    assert.deepEqual(await holders(), both, 'no third copy was made');
    for (const name of names) await daemons[name].reload({ content: { interval: '1s' } });
});

test('of one that is gone for good another copy is made', async () => {
    const [, second] = await holders();
    await kill(second);
    const now = await held(2, 'another second copy');
    assert.deepEqual([now[0], now.includes(second)], ['anna', false]);
    await rounds(3);
    assert.deepEqual(await holders(), now);
});

test('and likewise when the publisher is', async () => {
    await kill('anna');
    const now = await held(2, 'two without the publisher');
    const lists = await Promise.all(now.map(content));
    assert.deepEqual(lists.map(({ content: [row] }) => row.published), [false, false]);
});

test('what is published no longer is kept no longer', async () => {
    await revive('anna');
    await held(3, 'the first to be back');
    await rounds(3);
    assert.equal((await holders()).length, 3, 'what is there is not thrown away');
    // What somebody wants is no copy any more.
    const [, keeper] = await holders(), wanted = `/v1/models/ipfs/${cid}`;
    assert.equal((await daemons[keeper].post('/v1/models/pull', { model: `ipfs://${cid}` })).status, 202);
    await until(async () => (await daemons[keeper].get('/v1/content')).json.models[0]?.copy === true &&
        /held as a copy of/.test(daemons[keeper].log.slice(daemons[keeper].log.lastIndexOf('is here'))), { what: 'the copy to be adopted' });
    assert.equal((await daemons.anna.post('/v1/models/digits/unpublish')).status, 200);
    await held(0, 'the copies to go');
    for (const name of alive)
        if (name !== keeper)
            await until(async () => (await daemons[name].get(wanted)).status === 404, { what: `the model to go from ${name}` });
    await rounds(2);
    assert.equal((await daemons[keeper].get(wanted)).status, 200, 'somebody wants it');
    assert.equal((await daemons.anna.get('/v1/models/digits')).status, 200, 'it was not a copy');
});
