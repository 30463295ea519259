// tier: full
/** The keyboard alone reaches all that there is to press, type or scroll, focus is seen there, and nothing moves for who wants none of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consoles, LIVE, seesJobs } from './support/console_tab.mjs';
import { walk, WALKED } from './support/keyboard_walk.mjs';

const withConsole = consoles();

for (const width of [1280, 360])
    test(`every control is reached by the keyboard, and focus is seen there: ${width} px`, () => withConsole({}, async ({ tab, go }) => {
        await tab.setViewportSize({ width, height: 800 });
        for (const hash of WALKED) {
            await go(hash, `body[data-state=live] main[data-state=filled][data-address="#/${hash}"]`);
            if (hash === 'now') await tab.waitForSelector(`${LIVE} .plot canvas`).then(() => seesJobs(tab));
            assert.deepEqual(await walk(tab), [[], []], hash);
        }
    }));

test('a question is answered by the keyboard, and nothing behind it is reached', () => withConsole({}, async ({ tab, go, service, said }) => {
    await go('models');
    await tab.locator('button[aria-label="Remove broken"]').focus();
    await tab.keyboard.press('Enter');
    await tab.waitForSelector('dialog[open]');
    const inside = [];
    for (let i = 0; i < 4; i++) {
        inside.push(await tab.evaluate(() => document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)));
        await tab.keyboard.press('Tab');
    }
    assert.deepEqual(inside, [true, true, true, true]);
    await tab.locator('dialog .danger').focus();
    await tab.keyboard.press('Space');
    await said(/^broken is removed\.$/);
    assert.equal(service.asked('DELETE', /./).length, 1);
    assert.equal(await tab.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Remove broken');
}));

test('focus, what is typed and what is marked stay when things change', () => withConsole({}, async ({ tab, go, service, reads }) => {
    await go('models');
    await tab.fill('#pull-model', 'org/half');
    await tab.evaluate(() => document.getElementById('pull-model').setSelectionRange(1, 3));
    service.change({ 'model/aaa': { name: 'aaa' }, 'pull/zzz': { ...service.objects['pull/gone'], name: 'zzz' } });
    await reads(/aaa/);
    assert.deepEqual(await tab.evaluate(() => [document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart, document.activeElement.selectionEnd]), ['pull-model', 'org/half', 1, 3]);
    await tab.locator('button[aria-label="Load broken"]').focus();
    service.change({ 'model/aab': { name: 'aab' } });
    await reads(/aab/);
    assert.equal(await tab.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Load broken');
}));

test('nothing moves by itself for who wants it so', () => withConsole({}, async ({ tab, go }) => {
    await tab.emulateMedia({ reducedMotion: 'reduce' });
    for (const hash of WALKED) {
        await go(hash);
        const moving = await tab.evaluate(() => [...document.getAnimations().map(String), ...[...document.querySelectorAll('body *')].filter((one) => {
            const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
            return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior !== 'auto';
        }).map((one) => one.outerHTML.slice(0, 100))]);
        assert.deepEqual(moving, [], hash);
    }
}));
