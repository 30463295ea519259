// tier: full
/** Of 250 models and 250 nodes the console counts and shows all, page by page, and a list without an end is told as an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoles } from './support/console_tab.mjs';

const withConsole = consoles();
const COUNT = 250;
const rows = (tab, caption) => tab.locator(`div[aria-label=${JSON.stringify(caption)}] tbody tr`);
const named = (prefix) => Array.from({ length: COUNT }, (_, i) => `${prefix}-${String(i).padStart(3, '0')}`);

/** Many more nodes than are told of one by one. */
function listMany(service) {
    service.listed = named('many').map((id) => ({ ...service.objects['node/node-1'], id }));
    service.objects.status = { ...service.objects.status, nodes: { ...service.objects.status.nodes, count: COUNT, open: COUNT } };
}

test('all models are counted, and shown as they are asked for', () => withConsole({}, async ({ tab, go, service, press, reads }) => {
    for (const key of Object.keys(service.objects).filter((one) => one.startsWith('model/'))) delete service.objects[key];
    for (const name of named('many')) service.objects[`model/${name}`] = { name, type: 'vision', format: 'onnx', bytes: 1000 };
    await go('models');
    await reads(/250 of 250 models/);
    await press('Show 50 more');
    await rows(tab, 'Models of the store').nth(COUNT - 1).waitFor();
    assert.equal(await rows(tab, 'Models of the store').count(), COUNT);
    service.change({ 'model/many-007': null, 'model/many-1000': { name: 'many-1000' }, 'model/many-1001': { name: 'many-1001' } });
    await reads(/251 of 251 models/);
}));

test('all nodes are counted, and each is on one of the pages', () => withConsole({}, async ({ tab, go, service, reads }) => {
    listMany(service);
    await go('nodes');
    await reads(/250 nodes, of which/);
    const seen = [];
    for (const count of [100, 100, 50]) {
        assert.equal(await rows(tab, 'Nodes').count(), count);
        seen.push(...await rows(tab, 'Nodes').locator('td:first-child code').allTextContents());
        if (count === 50) break;
        await tab.locator('a', { hasText: 'Next page' }).click();
        await reads(new RegExp(named('many')[seen.length]));
    }
    assert.deepEqual(seen, named('many'));
    assert.equal(await tab.locator('a', { hasText: 'Next page' }).count(), 0);
}));

test('the page before one that was opened by its address is found', () => withConsole({}, async ({ tab, go, service, reads }) => {
    listMany(service);
    await go('nodes?after=many-199');
    await reads(/many-200/);
    await tab.locator('a', { hasText: 'Previous page' }).click();
    await reads(/many-100/);
    assert.equal(await rows(tab, 'Nodes').first().locator('code').textContent(), 'many-100');
    assert.ok(service.asked('GET', /^\/v1\/nodes$/).length < 12);
}));

test('a list of nodes without an end is told, and ended', () => withConsole({}, async ({ tab, go, service, reads }) => {
    listMany(service);
    service.endless = 'many-003';
    await go('nodes?after=many-210');
    await reads(/does not end: the daemon named the same next page twice/);
    assert.equal(await rows(tab, 'Nodes').count(), 39);
    assert.ok(service.asked('GET', /^\/v1\/nodes$/).length < 12);
}));

test('a pull that has failed is under way no more', () => withConsole({}, async ({ tab, go, service, reads }) => {
    service.change({ 'pull/gone': { ...service.objects['pull/gone'], state: 'downloading', problem: undefined } });
    await go('models');
    const under = (caption) => rows(tab, caption).allTextContents();
    assert.equal((await under('Models that are being pulled')).length, 2);
    service.change({ 'pull/gone': { ...service.objects['pull/gone'], state: 'failed', problem: { code: 'hub_not_found', detail: 'the hub has no such model' } } });
    await reads(/Failed pulls/);
    assert.deepEqual((await under('Models that are being pulled')).filter((text) => text.includes('gone')), []);
    const [failed, ...others] = await under('Models that could not be pulled');
    assert.match(failed, /gone.*the hub has no such model/s);
    assert.deepEqual(others, []);
}));
