// tier: full
/** Text that others wrote, a megabyte of it in every place: it is shown as text, and the layout stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOSTILE } from './support/console_service.mjs';
import { consoles, seesJobs } from './support/console_tab.mjs';

const withConsole = consoles();
const BEGIN = ' <img src=x onerror="alert(1)"></script><script>alert(2)</script>⟨U+202E⟩gnp.exe⟨U+2066⟩';
/** In each view: what stands before the text in each place that it may come from. */
const PLACES = {
    now: ['The database cannot be written: no room on the disk', 'it ended before it was ready', '147.0.7727.0', 'it has run for a day', 'the page is opened', 'org/chat', 'ada', 'mine', 'the node node-3 is away', 'kept', 'own', 'the deadline passed'],
    models: ['org/chat', 'A small chat model', 'Q4_K_M', 'model.onnx ends in the middle of a tensor', 'whisper', 'onnx-community/whisper-tiny', 'hf', 'the hub answered 503', 'the hub has no such model', 'chrome'],
    'models/digits': ['slow in WebAssembly', 'llama', 'org/chat', 'digits.gguf', 'it is loaded there and the quickest', 'its answers are wrong', 'excluded', 'it is not installed', 'logits differ', 'q4', 'NVIDIA'],
    nodes: ['chrome', 'Mozilla/5.0 (X11; Linux x86_64)', 'org/chat'],
    results: ['nightly 3', 'nightly 2'],
    'results/run-3?before=run-2': ['nightly 3', '6.1.0', 'digits', '156.0.1', 'attempts_exhausted: it ended', 'digits chrome/wasm fp32', 'it ended', 'fastest: chrome/wasm, 2 ms.', 'y at 3: 5 where WASM gives 4'],
    'results?history=digits': ['digits chrome/wasm fp32', '156.0.1', 'firefox'],
    logs: ['line 450', 'line 449', 'path=/field'],
};

const stands = (tab) => tab.evaluate(() => [document.documentElement.scrollWidth <= innerWidth, document.querySelectorAll('img, main script, iframe, object').length]);

test('text from outside is shown as text in every place, and the layout stands', () => withConsole({ text: HOSTILE }, async ({ tab, go, text }) => {
    for (const width of [1280, 400]) {
        await tab.setViewportSize({ width, height: 800 });
        for (const [hash, places] of Object.entries(PLACES)) {
            await go(hash);
            if (hash === 'now') await seesJobs(tab);
            const shown = (await text()).replaceAll(/\s+/g, ' ');
            assert.deepEqual(places.filter((place) => !shown.includes(place + BEGIN) && !shown.includes(place + BEGIN.trim())), [], hash);
            assert.deepEqual(await stands(tab), [true, 0], `${hash} at ${width}`);
            const tall = await tab.evaluate(() => Math.max(...[...document.querySelectorAll('main tr, main li, main dd, main p')].map((one) => one.getBoundingClientRect().height)));
            assert.ok(tall < 700, `${hash} at ${width}: ${tall} px high`);
        }
    }
}));

test('so it is in questions, in what is said, and in answers that are errors', () => withConsole({ text: HOSTILE.slice(0, 3000) }, async ({ tab, go, service, problems }) => {
    await tab.setViewportSize({ width: 400, height: 700 });
    await go('models');
    service.refusal = { status: 409, detail: `refused ${HOSTILE}`, field: HOSTILE };
    const verb = tab.locator('button', { hasText: 'Remove' }).last();
    await verb.scrollIntoViewIfNeeded();
    await verb.click();
    await tab.waitForSelector('dialog[open]');
    assert.match(await tab.evaluate(() => document.querySelector('dialog').innerText), /^Remove org\/chat <img src=x/);
    assert.ok(await tab.evaluate(() => document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth));
    const agrees = tab.locator('dialog .danger');
    assert.ok((await agrees.boundingBox()).y < 700, 'its verbs are in sight');
    await agrees.click();
    await tab.waitForFunction(() => /^refused <img/.test(document.getElementById('said').textContent));
    assert.deepEqual(await stands(tab), [true, 0]);
    service.change({ 'pull/gone': null, 'pull/new': { ...service.objects['pull/gone'], name: 'new' } });
    await tab.waitForFunction(() => /^Pulling new has failed: the hub has no such model <img/.test(document.getElementById('said').textContent));
    await tab.goto(`${service.url}/#/nobody${encodeURIComponent(HOSTILE.slice(0, 2000))}`);
    await tab.waitForFunction(() => /There is no view “nobody<img/.test(document.querySelector('main').innerText));
    assert.deepEqual(await stands(tab), [true, 0]);
    await tab.goto(`${service.url}/#/models/gone`);
    await tab.waitForSelector('main[data-state=failed]');
    assert.match(await tab.evaluate(() => document.querySelector('.problem').textContent), /^there is nothing at that path <img/);
    assert.deepEqual(await stands(tab), [true, 0]);
    problems.splice(0); // the browser notes the 409 and the 404
}));

test('a name of marks and of what turns text around leads to its model', () => withConsole({ text: HOSTILE.slice(0, 110) }, async ({ tab, go }) => {
    await go('models');
    await tab.locator('tbody a', { hasText: 'org/chat' }).click();
    await tab.waitForSelector('body[data-state=live] main[data-view=models][data-state=filled] dl');
    assert.equal(await tab.evaluate(() => document.querySelector('h1').textContent), `org/chat${BEGIN} ${'W'.repeat(110 - HOSTILE.indexOf('W'))}`);
    assert.deepEqual(await stands(tab), [true, 0]);
    assert.match(await tab.title(), /^org\/chat <img/);
}));
