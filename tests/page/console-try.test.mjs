// tier: full
/** The console's playground in Chromium, against a stand-in for the daemon's API: places, chat, commands and errors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import { keepsOut } from './support/axe.mjs';
import { consoles } from './support/console_tab.mjs';

const CHAT = 'try/org/chat', TEXT = 'try/org/chat?task=complete';
const tries = consoles('main');
const asked = (service) => service.seen.filter(({ path: at }) => at === '/v1/infer').map(({ body }) => body);
const states = (tab) => tab.evaluate(() => [...document.querySelectorAll('.run')].map(({ dataset }) => dataset.state));
const ended = (tab, runs = 1) => tab.waitForFunction((count) => document.querySelectorAll('.run[data-state=done], .run[data-state=failed], .run[data-state=stopped]').length === count, runs);
async function say(tab, text) {
    await tab.fill('#say', text);
    await tab.keyboard.press('Enter');
}
/** Answers that a test gives when it wants to. */
function held(service) {
    const waiting = [], wanting = [];
    service.infer = (one) => (wanting.length ? wanting.shift()(one) : waiting.push(one));
    return () => (waiting.length ? Promise.resolve(waiting.shift()) : new Promise((resolve) => { wanting.push(resolve); }));
}

test('a model is tried from the list of models, from its own view and from Try', () => tries({}, async ({ tab, go }) => {
    const open = `main[data-state=filled][data-address="#/${CHAT}"] #say`;
    for (const from of ['models', 'models/org/chat', 'try']) {
        await go(from);
        await tab.locator(`main a[href="#/${CHAT}"]`).click();
        await tab.waitForSelector(open);
    }
}));

test('the same input goes to up to four places, whose times and differences stand under each other', () => tries({}, async ({ tab, go, service, text, problems }) => {
    service.infer = ({ body, part, done, fail }) => {
        if (body.browser === 'edge') return fail(429, { code: 'queue_full', detail: 'the queue is full', field: 'model_name', expected: 'patience', request_id: 'req-9' }, { 'Retry-After': '7' });
        for (const said of body.browser === 'firefox' ? ['one two ', 'four five'] : ['one two ', 'three']) part(said);
        done({ performance: { total_ms: body.browser === 'firefox' ? 4321 : 123 }, executed_on: body.browser === 'firefox' ? { numerics: 'unchecked', simulated: true,
            fallbacks: [{ platform: 'webgpu', code: 'x', reason: 'no adapter' }] } : {} });
    };
    await go(`${TEXT}&at=chrome/webgpu&at=firefox/webgpu&at=edge/wasm&at=safari/wasm&at=more/wasm&at=none`);
    assert.equal(await tab.locator('.places input:checked').count(), 4);
    await tab.fill('#text', 'zero');
    await tab.locator('form.try button').first().click();
    await ended(tab, 4);
    assert.deepEqual(await states(tab), ['done', 'done', 'failed', 'done']);
    assert.deepEqual(asked(service)[1], { model_name: 'org/chat', task: 'complete', inputs: 'zero', browser: 'firefox', platform: 'webgpu', fallback: false });
    const shown = await text();
    for (const said of [/The queue is full\.\s+Field\s+model_name\s+Expected\s+patience\s+Ask again\s+in 7 s\s+Status\s+429 queue_full\s+Request\s+req-9/, /123 ms/, /4321 ms/,
        /Another text after 2 words: 4 words instead of 3\./, /The same text\./, /Nothing was computed/, /unchecked/, /Fallback from webgpu: no adapter/, /NVIDIA/])
        assert.match(shown, said);
    await tab.locator('.places input[value="chrome/webgpu"]').click();
    assert.equal(await tab.evaluate(() => location.hash), '#/try/org/chat?task=complete&at=firefox/webgpu&at=edge/wasm&at=safari/wasm');
    assert.equal(await tab.inputValue('#text'), 'zero', 'what was written stays');
    assert.match(String(problems.splice(0)), /^[^,]* 429 [^,]*$/, 'which the browser notes');
}));

test('an answer comes part by part, is told once it is whole, and can be stopped', () => tries({}, async ({ tab, go, service }) => {
    const next = held(service);
    await go(CHAT);
    await say(tab, 'hello');
    const one = await next();
    await tab.waitForSelector('.run[data-state=waiting]');
    one.event('progress', { phase: 'queued', queue_position: 3 });
    await tab.waitForFunction(() => /at position 3 of the queue/.test(document.querySelector('.run').innerText));
    one.part('Hel');
    one.part('lo **you**');
    await tab.waitForFunction(() => document.querySelector('.run[data-state=running] .answer strong')?.textContent === 'you');
    assert.match(await tab.textContent('.run .live'), /^2 tokens, .* tokens\/s, the first after \d+ ms\.$/);
    assert.equal(await tab.textContent('.heard'), '');
    one.done({ result: { finish_reason: 'length', usage: { completion_tokens: 2 }, timings: { predicted_per_second: 48.2 } } });
    await tab.waitForFunction(() => document.querySelector('.heard').textContent === 'Hello **you**');
    assert.match(await tab.textContent('.run .live'), /2 tokens, 48\.2 tokens\/s, the first after 30 ms, 321 ms in all, in chrome on webgpu\. The answer reached the token limit/);
    await say(tab, 'again');
    const two = await next();
    assert.deepEqual(two.body.inputs.messages, [{ role: 'user', content: 'hello' }, { role: 'assistant', content: 'Hello **you**' }, { role: 'user', content: 'again' }]);
    two.part('endless');
    await tab.waitForFunction(() => /endless/.test(document.querySelectorAll('.run')[1]?.innerText));
    const left = once(two.response, 'close');
    await tab.locator('.composer button', { hasText: 'Stop' }).click();
    await left;
    await tab.waitForSelector('.run[data-state=stopped]');
    assert.deepEqual(await states(tab), ['done', 'stopped']);
    assert.deepEqual(await keepsOut(tab), []);
}));

test('what is said in any script has its joiners and its direction', () => tries({}, async ({ tab, go, service }) => {
    const persian = 'می\u200cخواهم', hebrew = 'שלום עולם', hindi = 'क्\u200dष', family = '👩\u200d👩\u200d👧';
    service.infer = ({ part, done }) => {
        part(`${persian}\n\nin English ${hindi} ${family}\n\n- ${hebrew}\n\n\u202egnp.exe\u2066`);
        done({});
    };
    await go(CHAT);
    await say(tab, `${persian} ${family}`);
    await ended(tab);
    const said = await tab.textContent('.turn .answer');
    for (const one of [persian, hindi, family, hebrew, '⟨U+202E⟩gnp.exe⟨U+2066⟩']) assert.ok(said.includes(one), one);
    assert.equal(await tab.textContent('.asked .said'), `${persian} ${family}`);
    const [answer, asks, code] = await tab.evaluate(() => ['.turn .answer', '.asked .said', '.code'].map((one) => getComputedStyle(document.querySelector(one)).direction));
    assert.deepEqual([answer, asks, code], ['rtl', 'rtl', 'ltr']);
    // Where the first letters of a paragraph stand: at its right, or at its left.
    const sides = await tab.evaluate(() => [...document.querySelectorAll('.turn .answer p, .turn .answer li')].slice(0, 3).map((one) => {
        const range = document.createRange(), box = one.getBoundingClientRect();
        range.selectNodeContents(one);
        const letters = range.getBoundingClientRect();
        return letters.left - box.left < box.right - letters.right ? 'left' : 'right';
    }));
    assert.deepEqual(sides, ['right', 'left', 'right']);
    assert.ok((await tab.textContent('.heard')).startsWith(persian));
}));

test('options and the system message are sent as they were written, and a wrong one is told by its field', () => tries({}, async ({ tab, go, service, text }) => {
    await go(CHAT);
    await tab.locator('summary', { hasText: 'System message' }).click();
    await tab.fill('#system', 'Be brief.');
    await tab.locator('summary', { hasText: 'Options' }).first().click();
    await tab.fill('#option-temperature', '9');
    await say(tab, 'hello');
    await tab.waitForSelector('#wrong');
    assert.match(await text(), /temperature is a number, at least 0 and at most 2\./);
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'option-temperature');
    assert.deepEqual(asked(service), []);
    await tab.fill('#option-temperature', '0');
    await tab.fill('#option-stop', '["a", "b"]');
    await tab.locator('summary', { hasText: 'More options' }).click();
    await tab.selectOption('#option-deterministic', 'true');
    await tab.locator('.composer button').first().click();
    await ended(tab);
    assert.deepEqual(asked(service), [{ model_name: 'org/chat', task: 'chat', inputs: { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'hello' }] },
        options: { temperature: 0, stop: ['a', 'b'], deterministic: true } }]);
}));

test('the notice of an answer goes when the next request is refused', () => tries({}, async ({ tab, go, said }) => {
    await go(TEXT);
    await tab.fill('#text', 'zero');
    await tab.locator('form.try button').first().click();
    await ended(tab);
    await said(/^The answer has arrived\.$/);
    await tab.locator('summary', { hasText: 'Options' }).first().click();
    await tab.fill('#option-temperature', '9');
    await tab.locator('form.try button').first().click();
    await tab.waitForSelector('#wrong');
    assert.equal(await tab.evaluate(() => document.getElementById('said').textContent), '');
}));

test('the fields are filled with the service’s own sample, if it is for their task', () => tries({}, async ({ tab, go, service, said, problems }) => {
    const fill = () => tab.locator('form.try button', { hasText: 'Fill in a sample' }).click();
    await go(TEXT);
    await fill();
    await tab.waitForFunction(() => document.getElementById('text').value === 'A river');
    assert.deepEqual(service.asked('POST', /sample$/).map(({ path }) => path), ['/v1/models/org/chat/sample']);
    service.sample = { inputs: { messages: [] }, task: 'chat' };
    await tab.fill('#text', 'mine');
    await fill();
    await said(/^The sample is for another task, chat\.$/);
    service.refusal = { status: 404, detail: 'there is no such model' };
    await fill();
    await said(/^there is no such model$/);
    assert.equal(await tab.inputValue('#text'), 'mine');
    problems.splice(0); // the browser notes the 404
}));

test('a long answer grows at its end alone, and is shown whole', () => tries({}, async ({ tab, go, service }) => {
    const next = held(service), words = Array.from({ length: 10_000 }, (_, i) => (i % 100 === 99 ? '\n\n' : `w${i} `));
    await go(CHAT);
    await say(tab, 'go on');
    const one = await next();
    words.slice(0, 200).forEach(one.part);
    await tab.waitForFunction(() => document.querySelectorAll('.answer p').length === 2);
    await tab.evaluate(() => {
        window.first = document.querySelector('.answer p');
        window.changes = 0;
        new MutationObserver((list) => { window.changes += list.length; }).observe(window.first, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    words.slice(200).forEach(one.part);
    one.done();
    await ended(tab);
    assert.equal(await tab.evaluate(() => document.querySelector('.answer').textContent.replace(/\s/g, '')), words.join('').replace(/\s/g, ''));
    assert.deepEqual(await tab.evaluate(() => [window.first === document.querySelector('.answer p'), window.changes]), [true, 0]);
}));

test('an answer is text, whatever is in it', () => tries({}, async ({ tab, go, service, text }) => {
    const hostile = `<img src=x onerror=alert(1)> </script><script>alert(2)</script> [a](javascript:alert(3)) ![b](https://evil.example/x.png) \u202egnp ${'W'.repeat(200_000)}`;
    service.infer = ({ part, done }) => {
        part(`# ${hostile}\n\n- ${hostile}\n\n\`\`\`${hostile.slice(0, 80)}\n${hostile}\n\`\`\`\n\n`);
        part(hostile);
        done({ result: { finish_reason: 'stop', reasoning: hostile, tool_calls: [{ function: { name: hostile } }] }, executed_on: { browser: hostile, fallbacks: [{ platform: hostile, reason: hostile }] } });
    };
    await tab.setViewportSize({ width: 400, height: 800 });
    for (const task of ['', '?task=complete']) {
        await go(`${CHAT}${task}`);
        if (task) {
            await tab.fill('#text', 'x');
            await tab.locator('form.try button').first().click();
        } else {
            await say(tab, hostile.slice(0, 5000));
        }
        await ended(tab);
        assert.equal(await tab.locator('.run img, .run script, .run a, .run iframe').count(), 0);
        assert.match(await text(), /\[a\]\(javascript:alert\(3\)\) !\[b\]\(https:\/\/evil\.example\/x\.png\) ⟨U\+202E⟩gnp W{1000}/);
        assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it scrolls sideways');
        assert.equal(await tab.evaluate(() => document.querySelector('.answer').textContent.split('W').length - 1), 800_000, 'nothing is cut');
    }
}));

test('a conversation can be taken away, as JSON and as text', () => tries({}, async ({ tab, go }) => {
    await go(`${CHAT}?at=chrome/webgpu`);
    await say(tab, 'hello');
    await ended(tab);
    const saved = async (name) => {
        const [download] = await Promise.all([tab.waitForEvent('download'), tab.locator('button', { hasText: name }).click()]);
        return [download.suggestedFilename(), fs.readFileSync(await download.path(), 'utf8')];
    };
    const [name, json] = await saved('Export as JSON');
    assert.equal(name, 'org-chat.json');
    const { model, turns: [{ user, answers: [answer] }] } = JSON.parse(json);
    assert.deepEqual([model, user, answer.text, answer.executed_on.platform], ['org/chat', 'hello', 'Some words', 'webgpu']);
    assert.deepEqual(await saved('Export as text'), ['org-chat.txt', 'You:\nhello\n\norg/chat (chrome on webgpu):\nSome words\n']);
}));

test('the request is there to copy, without the token', () => tries({ token: 'wi_secret' }, async ({ tab, go, service, problems }) => {
    await tab.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: service.url });
    await go(CHAT, 'body[data-state=token] #token');
    await tab.fill('#token', 'wi_secret');
    await tab.keyboard.press('Enter');
    await tab.fill('#say', `it's $(x) !`);
    await tab.locator('details.code summary').click();
    await tab.locator('button[aria-label="Copy the curl"]').click();
    await tab.waitForFunction(() => /The curl is copied/.test(document.getElementById('said').textContent));
    assert.equal(await tab.evaluate(() => navigator.clipboard.readText()), String.raw`curl -sS '${service.url}/v1/infer' \
  -H "Authorization: Bearer $WEBINFER_TOKEN" \
  -H 'Content-Type: application/json' \
  -d '{"model_name":"org/chat","task":"chat","inputs":{"messages":[{"role":"user","content":"it\u0027s $(x) !"}]}}'`);
    assert.doesNotMatch(await tab.evaluate(() => document.body.innerHTML), /wi_secret/);
    assert.match(await tab.textContent('details.code'), /WEBINFER_TOKEN of your shell/);
    problems.splice(0); // that the first was refused
}));

test('what goes wrong in between is said: the model goes, the connection breaks, the daemon fails in the middle', () => tries({}, async ({ tab, go, service, text, problems }) => {
    const next = held(service);
    await go(CHAT);
    await say(tab, 'one');
    const one = await next();
    one.part('half');
    await tab.waitForSelector('.run[data-state=running]');
    one.response.destroy();
    await tab.waitForSelector('.run[data-state=failed]');
    assert.match(await text(), /The connection to the daemon broke before the answer was whole\./);
    await tab.locator('button', { hasText: 'Repeat the last message' }).click();
    const two = await next();
    assert.deepEqual(two.body.inputs.messages, [{ role: 'user', content: 'one' }]);
    two.part('half');
    two.event('error', { status: 502, code: 'attempts_exhausted', detail: 'four nodes broke at it', request_id: 'req-5' });
    two.response.end();
    await tab.waitForFunction(() => /Four nodes broke at it\.\s+Status\s+502 attempts_exhausted\s+Request\s+req-5/.test(document.querySelector('.run').innerText));
    const model = service.objects['model/org/chat'];
    service.change({ 'model/org/chat': null });
    await tab.waitForFunction(() => /has been removed from the store/.test(document.querySelector('main').innerText));
    assert.equal(await tab.locator('.composer button').first().isDisabled(), true);
    service.change({ 'model/org/chat': model });
    await tab.waitForFunction(() => !document.querySelector('.composer button').disabled);
    await service.stop();
    await tab.waitForSelector('body[data-state=stale]');
    await service.start();
    await tab.waitForSelector('body[data-state=live]');
    assert.equal(await tab.locator('.turn').count(), 1, 'the conversation stays');
    problems.splice(0); // which the browser notes
}));

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=';

test('pictures go to a model that sees, and too large ones are refused before they are read', () => tries({}, async ({ tab, go, service, text }) => {
    service.objects['model/org/chat'].type = 'multimodal';
    service.objects['model/org/chat'].tasks = ['chat', 'image-to-text'];
    await go(CHAT);
    await tab.evaluate(() => {
        const read = Blob.prototype.arrayBuffer;
        window.read = 0;
        Blob.prototype.arrayBuffer = function () {
            window.read += this.size;
            return read.call(this);
        };
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(33_000_000)], 'large.png', { type: 'image/png' }));
        transfer.items.add(new File(['x'], 'text.txt', { type: 'text/plain' }));
        document.getElementById('pictures').files = transfer.files;
        document.getElementById('pictures').dispatchEvent(new Event('change'));
    });
    await tab.waitForSelector('#wrong');
    assert.match(await text(), /The pictures of a message may have 32\.0 MB; with large\.png they would have 33\.0 MB\. text\.txt is no PNG, JPEG or WebP\./);
    assert.equal(await tab.evaluate(() => window.read), 0);
    await tab.setInputFiles('#pictures', { name: 'seven.png', mimeType: 'image/png', buffer: Buffer.from(PIXEL, 'base64') });
    await tab.waitForSelector('.pictures img[alt="seven.png"]');
    await say(tab, 'What is it?');
    await ended(tab);
    assert.deepEqual(asked(service)[0].inputs.messages, [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }] }]);
    assert.equal(await tab.evaluate(() => document.querySelector('.asked img').naturalWidth), 1);
}));
