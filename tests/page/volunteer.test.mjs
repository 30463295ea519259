// tier: full
/** What a person sees who opens a join link: the page asks first, says what it does, pauses, goes on and is left. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keepsOut } from './support/axe.mjs';
import { builtPage, launch } from './support/browser.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { withPerson as withPersonAt } from './support/person.mjs';
import { TOKEN } from './support/service.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');
const HOSTILE = `<img src=x onerror="alert(1)"></script>\u202egnp.exe${'W'.repeat(200)}`;
const OTHERS = 11;

let page;
before(() => { page = builtPage(); });
after(() => page?.remove());

/** @param {() => any} browser @param {(person: any, problems: string[]) => Promise<void>} run */
const withPerson = (browser, run) => withPersonAt(browser(), page.folder, {}, run);

/** Holds the files of models back. @returns {() => void} lets them go */
function holdModels(service) {
    const { serve } = service, held = [];
    service.serve = (request, response) => (request.url.startsWith('/models/') ? held.push([request, response]) : serve.call(service, request, response));
    return () => {
        service.serve = serve;
        for (const [request, response] of held) serve.call(service, request, response);
    };
}

/** The first runs, and the others wait behind it. */
async function begin({ service, tab }, found, name = 'sum') {
    const release = holdModels(service), model = service.addModel(name, found.onnx);
    const first = service.request(model, found.inputs);
    await tab.waitFor("document.documentElement.dataset.running === '1'");
    const others = Array.from({ length: OTHERS }, () => service.request(model, found.inputs));
    await tab.waitFor(`document.documentElement.dataset.queued === '${OTHERS}'`);
    return { first, others, release, model };
}

const isPaused = (m) => m.data.paused === true;
const heartbeats = (service, since) => service.messages.slice(since).filter(({ type }) => type === 'heartbeat');

for (const [name, start, unless] of [['Chromium', launch, needsCases],
    ['Firefox', () => launchFirefox(firefox), firefox ? needsCases : { skip: 'there is no Firefox' }]]) {
    describe(`a page that is lent, in ${name}`, unless, () => {
        let browser;
        before(async () => { browser = await start(); });
        after(() => browser?.close());
        const personTest = (what, run) => test(what, () => withPerson(() => browser, run));

        personTest('asks before it does anything', async (person) => {
            const { service, tab } = person;
            await person.open();
            await person.is('asking');
            assert.match(await person.text('ask'), new RegExp(`The service at ${new URL(service.url).host} asks you`));
            await tab.waitFor("/^No memory for models\\. [1-9][\\d.]* [kM]B of traffic/.test(document.getElementById('ask-spent').textContent)");
            const spent = await person.text('ask-spent');
            await tab.evaluate("fetch(document.querySelector('script[src]').src, { cache: 'reload' }).then((answer) => answer.text())");
            await tab.waitFor(`document.getElementById('ask-spent').textContent !== ${JSON.stringify(spent)}`);
            await tab.waitFor("/no text and no sound/.test(document.getElementById('ask-work').textContent)");
            assert.equal(await person.seen('start', 'pause', 'stop', 'lent', 'platforms'), 'start');
            assert.equal(await tab.evaluate('location.hash'), '');
            // What would connect, probe or compute is in scripts of its own.
            assert.deepEqual(service.served.filter((path) => /link|engine|ort|llama/.test(path)), []);
            assert.deepEqual(service.messages, []);
            await person.press('start');
            await person.is('connected');
            await service.seen('node_announcement', (m) => m.data.token === TOKEN);
            await tab.waitFor("!document.getElementById('verbs').hidden");
            assert.equal(await person.seen('start', 'pause', 'stop', 'lent', 'platforms'), 'pause,stop,lent,platforms');
        });

        personTest('pauses, goes on and is left', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open();
            await person.is('asking');
            await person.press('start');
            await person.is('connected');
            const { first, others, release, model } = await begin(person, found);
            await tab.waitFor(`document.getElementById('doing').textContent === 'sumwasm: 1 task runs, ${OTHERS} wait'`);
            let since = service.messages.length;
            await person.press('pause');
            for (const attempt of others) {
                const { data } = await service.answer(attempt);
                assert.deepEqual([data.ok, data.error.code, data.retryable], [false, 'node_paused', true]);
            }
            const told = service.messages.slice(since).filter(({ type }) => ['heartbeat', 'task_response'].includes(type));
            // A heartbeat may have gone before the button was pressed.
            assert.ok(isPaused(told.find((message) => message.type === 'task_response' || isPaused(message))),
                'it says so before it gives anything back');
            await person.is('paused');
            assert.match(await person.text('state'), /^Paused\. Running work finishes/);
            assert.equal(await person.text('pause'), 'Continue');
            assert.equal(service.answers.has(first), false);
            // What was on its way comes back too, whole or in pieces.
            const late = service.request(model, found.inputs);
            const { error } = (await service.answer(late)).data;
            const outline = [{ name: 'x', datatype: 'FP32', shape: [4], byte_length: 16 }];
            const pieces = await service.answer(service.request(model, [], { outline }));
            assert.deepEqual([error.code, pieces.data.error.code], ['node_paused', 'node_paused']);
            release();
            check(found, await service.answer(first));
            await tab.waitFor("/^Paused\\. Nothing runs here/.test(document.getElementById('state').textContent)");
            assert.match(await tab.evaluate("document.getElementById('counts').textContent"), /^1 answered, 0 failed/);

            // A connection that breaks, and a page that is loaded again, stay paused.
            since = service.messages.length;
            service.socket.terminate();
            await service.seen('heartbeat', isPaused, since);
            await person.is('paused');
            since = service.messages.length;
            await tab.waitFor("sessionStorage.getItem('webinfer.fragment').includes('paused')");
            await tab.evaluate('location.reload()');
            await service.seen('node_announcement', (m) => m.data.token === TOKEN, since);
            await service.seen('heartbeat', isPaused, since);
            await person.is('paused');
            const again = service.request(model, found.inputs);
            assert.equal((await service.answer(again)).data.error.code, 'node_paused');

            since = service.messages.length;
            await person.press('pause');
            await service.seen('heartbeat', (m) => !isPaused(m), since);
            await person.is('connected');
            check(found, await service.run(model, found.inputs));
            await tab.waitFor("/^\\d+ kB for 1 model$/.test(document.querySelector('#spent dd').textContent)");
            await tab.waitFor("/MB of files came$/.test(document.getElementById('spent').textContent)");

            since = service.messages.length;
            await person.press('stop');
            await service.seen('bye', (m) => m.data.reason === 'its person stopped it', since);
            await service.seen('close', (m) => m.code === 1000, since);
            await person.is('stopped');
            assert.match(await person.text('state'), /^You have left/);
            assert.equal(await person.seen('pause', 'stop', 'lent'), '');
            assert.equal(await tab.evaluate("sessionStorage.length"), 0);
            if (person.playwright.workers) await until(() => person.playwright.workers().length === 0, tab);
        });

        personTest('goes on with what a broken connection kept from the service', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open('&start');
            await person.is('connected');
            const { first, others, release } = await begin(person, found);
            service.refuse = true;
            service.socket.terminate();
            await person.is('reconnecting');
            const since = service.messages.length;
            await person.press('pause');
            await tab.waitFor("document.documentElement.dataset.queued === '0'");
            await person.press('pause');
            service.refuse = false;
            for (const attempt of others) assert.equal((await service.answer(attempt)).data.error.code, 'node_paused');
            await service.caughtUp();
            const last = service.messages.findLastIndex(({ type }) => type === 'task_response');
            assert.ok(heartbeats(service, last).length > 0, 'what is given back late does not leave it paused');
            assert.ok(!heartbeats(service, since).some(isPaused));
            release();
            check(found, await service.answer(first));
        });
    });
}

/** Asked for in the page's own pace. */
async function until(holds, tab) {
    while (!holds()) await tab.evaluate('new Promise((resolve) => setTimeout(resolve, 20))');
}

describe('a page that is lent', needsCases, () => {
    let browser;
    before(async () => { browser = await launch(); });
    after(() => browser?.close());

    test('can be used by keyboard alone, in the dark, on a small screen, and has nothing that axe finds', () => withPerson(() => browser, async (person, problems) => {
        const { service, playwright: tab } = person, found = readCase('op_add');
        const inspect = async (what) => {
            for (const colorScheme of ['light', 'dark']) {
                await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                for (const width of [1280, 400]) {
                    await tab.setViewportSize({ width, height: 800 });
                    assert.equal(await tab.evaluate('document.documentElement.scrollWidth > innerWidth'), false, `${what} at ${width} scrolls sideways`);
                }
                assert.deepEqual(await keepsOut(tab), [], `${what}, ${colorScheme}`);
            }
        };
        const focus = () => tab.evaluate('document.activeElement.id');
        service.work = '<b>'; // what the page does not know it does not say
        await person.open();
        await person.is('asking');
        assert.match(await person.text('ask-work'), /If the service's\s+operator allows it/);
        await inspect('asking');
        await tab.keyboard.press('Tab');
        assert.equal(await focus(), 'start');
        await tab.keyboard.press('Enter');
        assert.equal(await focus(), 'state');
        await person.is('connected');
        const { first, release } = await begin(person, found, HOSTILE);
        await person.tab.waitFor("document.querySelector('#doing dt') !== null && document.querySelector('#models dt') !== null");
        assert.equal(await person.tab.evaluate("document.querySelector('#doing dt').textContent"), HOSTILE);
        await inspect('connected');
        await tab.keyboard.press('Tab');
        assert.equal(await focus(), 'pause');
        assert.notEqual(await tab.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
        await tab.keyboard.press('Space');
        await person.is('paused');
        assert.equal(await focus(), 'pause', 'the button stays where it is');
        await inspect('paused');
        release();
        check(found, await service.answer(first));
        await tab.keyboard.press('Tab');
        assert.equal(await focus(), 'stop');
        await tab.keyboard.press('Enter');
        await person.is('stopped');
        assert.equal(await focus(), 'state');
        await inspect('stopped');
        assert.equal(await tab.locator('main img, main iframe, main script').count(), 0);
        assert.deepEqual(problems, []);
    }));

    test('shows a session of the service no verbs, and nothing of lending', () => withPerson(() => browser, async (person) => {
        person.service.welcome = {};
        await person.open('&start');
        await person.is('connected');
        assert.equal(await person.seen('ask', 'verbs', 'lent'), '');
        assert.equal(await person.tab.evaluate('sessionStorage.length'), 0);
    }));
});
