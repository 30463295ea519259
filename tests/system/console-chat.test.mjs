// tier: full
/** The console's chat in Chromium against the real daemon, whose browser computes the answers: they are the API's, also where that browser dies. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

/** @type {Daemon} */
let daemon;
let browser;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'] });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    await daemon.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon.stop();
});

/** The playground open at an address. */
async function opened(hash) {
    const problems = [];
    const { tab, close } = await browser.openTab(problems);
    await noteViolations(tab);
    await tab.goto(`${daemon.url}/#/${hash}`);
    await tab.waitForSelector('body[data-state=live] main[data-state=filled]');
    return { tab, problems, close };
}

/** Sets options by their names. */
async function withOptions(tab, options) {
    await tab.locator('summary', { hasText: 'Options' }).first().click();
    for (const [name, value] of Object.entries(options)) await tab.fill(`#option-${name}`, String(value));
}

test('a chat goes on while its browser is killed, and its answers are those of the API', async () => {
    const options = { temperature: 0, max_tokens: 800 };
    const { tab, problems, close } = await opened('try/abc?at=chrome/wasm');
    await withOptions(tab, options);
    await tab.fill('#say', 'abc');
    await tab.keyboard.press('Enter');
    await tab.waitForFunction(() => document.querySelector('.run[data-state=running] .answer')?.textContent.length > 5);
    for (const { pid } of daemon.processes('renderer')) process.kill(pid, 'SIGKILL');
    await daemon.logs(/goes on in another attempt, behind \d+ parts/);
    await tab.waitForSelector('.run[data-state=done], .run[data-state=failed]');
    const first = await tab.textContent('.run[data-state=done] .answer');
    assert.equal(first.length, 800);
    const messages = [{ role: 'user', content: 'abc' }];
    const ask = async (about, most) => (await daemon.infer({ model_name: 'abc', inputs: { messages: about }, options: { ...options, max_tokens: most } })).json.result.text;
    assert.equal(first, await ask(messages, 800));
    await tab.fill('#option-max_tokens', '20');
    await tab.fill('#say', 'd');
    await tab.keyboard.press('Enter');
    await tab.waitForFunction(() => document.querySelectorAll('.run[data-state=done]').length === 2);
    const second = await tab.evaluate(() => document.querySelectorAll('.run .answer')[1].textContent);
    assert.equal(second, await ask([...messages, { role: 'assistant', content: first }, { role: 'user', content: 'd' }], 20));
    assert.match(await tab.textContent('.turn:last-child .live'), /^20 tokens, .* tokens\/s, the first after .*, .* in all, in chrome on wasm\./);
    assert.deepEqual(problems, []);
    await close();
});

test('a text is gone on with at a place, and what a place cannot do is told by its field', async () => {
    const options = { temperature: 0, max_tokens: 6 };
    const { tab, problems, close } = await opened('try/abc?task=complete&at=chrome/wasm&at=chrome/webnn');
    await withOptions(tab, options);
    await tab.fill('#text', 'abc');
    await tab.locator('form.try button').first().click();
    await tab.waitForFunction(() => document.querySelectorAll('.run[data-state=done], .run[data-state=failed]').length === 2);
    const { json } = await daemon.infer({ model_name: 'abc', inputs: 'abc', options });
    assert.equal(await tab.textContent('.run[data-state=done] .answer'), json.result.text);
    const { json: refused } = await daemon.infer({ model_name: 'abc', inputs: 'abc', options, platform: 'webnn', browser: 'chrome', fallback: false });
    const told = await tab.textContent('.run[data-state=failed] .failure');
    for (const said of [refused.detail.slice(1), refused.field, refused.code, 'req-']) assert.ok(told.includes(said), `${said} in ${told}`);
    assert.match(String(problems), /^[^,]* 422 [^,]*$/, 'which the browser notes');
    await close();
});
