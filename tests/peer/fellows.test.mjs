// tier: quick
/** The other webinfer-peers of a service: when this one looks for them. */
import assert from 'node:assert/strict';
import { meetFellows } from '../../peer/fellows.js';
import { test } from '../lib/tier.mjs';

/** A peer that asks the service, which answers when it is told to. @param {any} t */
function begin(t) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const around = { asked: 0, joined: 0, answer: () => {} }, node = { status: 'started' };
    const certificates = { addresses: [], ask: () => new Promise((resolve) => {
        around.asked++;
        around.answer = async () => {
            resolve();
            await new Promise(setImmediate);
        };
    }) };
    const end = meetFellows(/** @type {any} */ (node), /** @type {any} */ (certificates), /** @type {any} */ ({ join: () => around.joined++ }));
    t.mock.timers.tick(1);
    return { around, node, end };
}

test('a peer asks its service again in five seconds, and is in its network from then on', async (t) => {
    const { around, end } = begin(t);
    await around.answer();
    t.mock.timers.tick(4999);
    assert.deepEqual([around.asked, around.joined], [1, 1]);
    t.mock.timers.tick(1);
    await around.answer();
    assert.deepEqual([around.asked, around.joined], [2, 2]);
    end();
    t.mock.timers.tick(60_000);
    assert.equal(around.asked, 2);
});

test('one that is stopped before the answer joins nothing, and asks no more', async (t) => {
    const { around, node, end } = begin(t);
    node.status = 'stopping';
    end();
    await around.answer();
    t.mock.timers.tick(60_000);
    assert.deepEqual([around.asked, around.joined], [1, 0]);
});
