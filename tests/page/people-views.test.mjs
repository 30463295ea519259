// tier: full
/** What else a person finds on the page: the log, a link for others, a field for a link, the test of the device, an icon; and for
 * whom all of it is usable. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keepsOut } from './support/axe.mjs';
import { builtPage, findWebnnChromium, launch } from './support/browser.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { withPerson } from './support/person.mjs';
import { TOKEN } from './support/service.mjs';
import { findWebkit, launchWebkit } from './support/webkit.mjs';

const firefox = findFirefox(), webkit = findWebkit();
if (process.env.CI && !(firefox && webkit)) throw new Error('Firefox or WebKitGTK is missing: ./dev setup installs them');
const INPUT = 'an input that nobody may read';
/** Keeps what the page has the browser save, and what it copies. */
const SAVED = `globalThis.saved = [];
{
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => { blob.text().then((text) => saved.push(text)); return make.call(URL, blob); };
}
globalThis.copied = [];
Object.defineProperty(Navigator.prototype, 'clipboard', { configurable: true, get: () => ({ writeText: async (text) => void copied.push(text) }) });`;
const UNCOPIED = "Object.defineProperty(Navigator.prototype, 'clipboard', { configurable: true, get: () => undefined });";
/** The results of the test of a device. */
const ROWS = "JSON.stringify([...document.querySelectorAll('#device tbody tr')].map((row) => [...row.cells].map(({ textContent }) => textContent)))";
const ALL = ['Sum of vectors', 'Product of matrices', 'ReLU', 'Small perceptron', 'Small transformer'];
/** What a platform has right. */
const rightOf = (rows, wanted) => rows.filter(([platform, , result]) => platform === wanted && result === 'right').map(([, what]) => what);
/** As a text would have it that quotes a tensor. @param {Uint8Array} bytes */
const firstNumber = (bytes) => {
    const text = String(new Float32Array(bytes.slice(0, 4).buffer)[0]);
    assert.ok(text.length > 5, `${text} could be anything`);
    return text;
};
const first = (script) => (name, content) => (name.startsWith('main-') ? `${script}\n${content}` : content);
/** A page that takes something else for the perceptron's right answer. */
function mistaken(name, content) {
    if (!name.startsWith('people-')) return content;
    const text = String(content), changed = text.replace(/\bmlp:\s*\[/, '$&9,');
    assert.notEqual(changed, text, 'the answer was found');
    return changed;
}

let page;
before(() => { page = builtPage(); });
after(() => page?.remove());

/** A service that remembers devices. */
const REMEMBERS = { welcome: { device: { remembered: true } } };
const seesRemember = ({ tab }) => tab.waitFor("document.getElementById('remember')?.checkVisibility() === true");
const stored = (tab) => tab.evaluate("localStorage.getItem('webinfer.settings')");

for (const [name, start, unless] of [['Chromium', launch, needsCases],
    ['Firefox', () => launchFirefox(firefox), firefox ? needsCases : { skip: 'there is no Firefox' }],
    ['WebKitGTK', () => launchWebkit(webkit), webkit ? needsCases : { skip: 'there is no WebKitGTK' }]]) {
    describe(`a person's page, in ${name}`, unless, () => {
        let browser;
        before(async () => { browser = await start(); });
        after(() => browser?.close());
        const personTest = (what, run, options = {}) => test(what, () => withPerson(browser, page.folder, options, run));

        personTest('has a log that tells what happened, and neither tokens nor inputs nor answers', async (person) => {
            const { service, tab } = person, found = readCase('op_add');
            await person.open('&start');
            await person.is('connected');
            await person.says('log', /Log/);
            const answer = await service.run(service.addModel('sum', found.onnx), found.inputs);
            check(found, answer);
            // A request that fails with its own text in the error.
            const wrong = await service.run({ name: 'builtin/count', hash: '', engine: 'builtin', files: [] }, [], { options: { count: INPUT } });
            assert.equal(wrong.data.ok, false);
            await tab.evaluate("document.getElementById('log-details').open = true");
            await person.says('log-entries', /sum is loaded on wasm\.[^]*/);
            await person.says('log-entries', /1 task has failed\./);
            await person.says('log-entries', /task was done\.|tasks were done\./);
            const all = await tab.evaluate("document.querySelectorAll('#log-entries li').length");
            await tab.evaluate("(() => { const level = document.getElementById('log-level'); level.value = 'warn'; level.dispatchEvent(new Event('change')); })()");
            const warnings = await tab.evaluate("[...document.querySelectorAll('#log-entries li')].map(({ className }) => className).join()");
            assert.match(warnings, /^(warn|error)(,(warn|error))*$/);
            await tab.evaluate("(() => { const level = document.getElementById('log-level'), text = document.getElementById('log-text'); level.value = 'info'; text.value = 'SUM IS'; text.dispatchEvent(new Event('input')); })()");
            const named = await tab.evaluate("[...document.querySelectorAll('#log-entries li')].map(({ textContent }) => textContent.slice(9)).join()");
            assert.match(named, /^info: sum is loaded on wasm\.(,info: sum is loading on wasm\.)?$/);
            await person.press('log-save');
            await tab.waitFor('saved.length === 1');
            const saved = await tab.evaluate('saved[0]'), entries = saved.trimEnd().split('\n').map((line) => JSON.parse(line));
            assert.ok(entries.length >= all && entries.every(({ at, level, message }) => at && level && message));
            const numbers = [...found.inputs.map(({ bytes }) => bytes), ...answer.bytes].map(firstNumber);
            for (const secret of [TOKEN, INPUT, 'model-credential', 'resume-1', ...numbers]) assert.equal(saved.includes(secret), false, secret);
        }, { alter: first(SAVED) });

        personTest('copies a link whose maker allows that', async (person) => {
            const { service, tab } = person;
            await person.open('&start&memoryLimit=1048576');
            await person.is('connected');
            await person.says('share', /allows you to pass it on/);
            await person.press('share-copy');
            await person.says('share', /The link is copied\./);
            assert.equal(await tab.evaluate('copied.join()'), `${service.url}/#token=${TOKEN}`);
        }, { alter: first(SAVED), welcome: { shareable: true } });

        personTest('shows the link where the browser copies nothing', async (person) => {
            const { service, tab } = person;
            await person.open('&start');
            await person.is('connected');
            await person.says('share', /allows you to pass it on/);
            await person.press('share-copy');
            await tab.waitFor("!document.getElementById('share-link').hidden");
            assert.equal(await tab.evaluate("document.getElementById('share-link').value"), `${service.url}/#token=${TOKEN}`);
        }, { alter: first(UNCOPIED), welcome: { shareable: true } });

        personTest('says who can give a link where its own is not for others', async (person) => {
            const { service } = person;
            await person.open('&start');
            await person.is('connected');
            await person.says('share', new RegExp(`for you alone\\. The operator of ${new URL(service.url).host} can make others`));
            assert.equal(await person.seen('share-copy'), '');
        });

        personTest('has a field for a link, and goes nowhere else', async (person) => {
            const { service, tab } = person;
            await tab.goto(service.url);
            await person.is('no-token');
            await person.says('have-link', /Join link/);
            for (const [link, problem] of [['http://10.9.9.9:1/#token=t', /^This link is for http:\/\/10\.9\.9\.9:1, and this page belongs to/],
                ['javascript:alert(1)', /^This is not a join link/], [`${service.url}/#start`, /^The link has no token/]]) {
                await tab.evaluate(`document.getElementById('link').value = ${JSON.stringify(link)}`);
                await person.press('link-open');
                await person.says('link-problem', problem);
            }
            assert.deepEqual(service.messages, []);
            await tab.evaluate(`document.getElementById('link').value = ${JSON.stringify(`${service.url}/#token=${TOKEN}`)}`);
            await person.press('link-open');
            await person.is('asking');
            await person.press('start');
            await person.is('connected');
            assert.equal((await service.seen('node_announcement')).data.token, TOKEN);
        });

        personTest('tests its device without the service, while nothing else runs', async (person) => {
            const { service, tab } = person;
            await person.open();
            await person.is('asking');
            await person.says('device', /Test this device/);
            await person.press('test');
            await person.says('test-says', /^\d+ of \d+ answers are right\.$/);
            const [, right, all] = /^(\d+) of (\d+)/.exec(await person.text('test-says'));
            assert.equal(right, all);
            const rows = JSON.parse(await tab.evaluate(ROWS));
            assert.deepEqual(rightOf(rows, 'wasm'), ALL);
            // Where there is certainly a WebGPU and a WebGL, these have it right as well, and their adapters are named.
            for (const platform of name === 'Chromium' ? ['webgpu', 'webgl'] : []) {
                assert.deepEqual(rightOf(rows, platform), ALL, JSON.stringify(rows));
                assert.match(rows.find(([one]) => one === platform)[4], platform === 'webgpu' ? /swiftshader/i : /\w/, JSON.stringify(rows));
            }
            assert.match(rows.find(([platform]) => platform === 'webnn')[2], /^not available: this browser has no navigator\.ml here$/);
            for (const [, , result, time] of rows) if (result === 'right') assert.match(time, /^[\d.]+ ms$/);
            assert.deepEqual(service.messages, [], 'nothing is sent');
            await person.press('measure');
            await person.says('test-says', /^The times are measured\.$/);
            await person.press('measured-copy');
            await tab.waitFor('copied.length === 1');
            const { measured, by } = JSON.parse(await tab.evaluate('copied[0]'));
            assert.equal(by, 'a person');
            const wasm = measured.find(({ platform }) => platform === 'wasm');
            assert.deepEqual([wasm.test, wasm.right, wasm.ms > 0], ['matmul 256', true, true]);
        }, { alter: first(SAVED) });

        personTest('sends what it has measured when its person wants it, and says what becomes of it', async (person) => {
            const { service, tab } = person;
            await person.open();
            await person.is('asking');
            await person.says('device', /Test this device/);
            await person.press('measure');
            await person.says('test-says', /^The times are measured\.$/);
            assert.equal(await person.seen('measured-copy', 'measured-send'), 'measured-copy', 'it has no service yet');
            await person.press('start');
            await person.is('connected');
            await tab.waitFor("document.getElementById('measured-send').checkVisibility()");
            await person.press('measured-send');
            const { id, data } = await service.seen('result');
            assert.equal(data.test, 'matmul 256');
            const wasm = data.cells.find(({ platform }) => platform === 'wasm');
            assert.deepEqual([wasm.outcome, wasm.samples_ms.length], ['ok', 11]);
            assert.deepEqual([...new Set(data.cells.flatMap((cell) => Object.keys(cell)))].sort(), ['outcome', 'platform', 'samples_ms']);
            await person.says('test-says', /^The times are on their way to the service\.$/);
            service.send('result_kept', { reply_to: id, run: 'run-7' });
            await person.says('test-says', /^The service keeps the times as run-7, marked as a person’s\.$/);
            await person.press('measured-send');
            const again = await service.seen('result', (m) => m.id !== id);
            service.send('result_kept', { reply_to: again.id, code: 'client_share_used', reason: 'a page may send one result in 10 minutes' });
            await person.says('test-says', /^The service does not keep the times: a page may send one result in 10 minutes\.$/);
        });

        personTest('is not tested while something runs, and takes nothing while it is tested', async (person) => {
            const { service, tab } = person;
            await person.open('&start');
            await person.is('connected');
            await person.says('device', /Test this device/);
            const busy = service.request({ name: 'builtin/count', hash: '', engine: 'builtin', files: [] }, [], { options: { count: 100, interval_ms: 50 } });
            await tab.waitFor("document.documentElement.dataset.running === '1'");
            await person.press('test');
            await person.says('test-says', /^Something runs here now\./);
            await service.answer(busy);
            await tab.waitFor("document.documentElement.dataset.running === '0'");
            const since = service.messages.length;
            await person.press('test');
            await service.seen('heartbeat', (m) => m.data.paused === true, since);
            await person.says('test-says', /answers are right\.$/);
            await service.seen('heartbeat', (m) => !m.data.paused, since + 1);
            await person.is('connected');
        });

        personTest('can be installed', async (person) => {
            const { tab } = person;
            await person.open();
            await person.is('asking');
            await tab.waitFor("document.querySelector('link[rel=manifest]') !== null");
            const read = `fetch(document.querySelector('link[rel=manifest]').href).then((response) => response.text())`;
            const { start_url: address, display, icons, id } = JSON.parse(await tab.evaluate(read));
            assert.deepEqual([address, display, id], ['/', 'standalone', '/']);
            assert.equal(await tab.evaluate('navigator.serviceWorker?.getRegistrations().then(({ length }) => length) ?? 0'), 0, 'a page that is kept would meet a newer service');
            for (const { src, sizes } of icons) {
                const size = await tab.evaluate(`fetch(${JSON.stringify(`/${src}`)}).then((response) => response.blob()).then((blob) => createImageBitmap(blob)).then(({ width, height }) => width + 'x' + height)`);
                assert.equal(size, sizes);
            }
        });
    });
}

describe('the test of a device', needsCases, () => {
    let browser;
    before(async () => { browser = await launch({ webnn: findWebnnChromium() }); });
    after(() => browser?.close());

    test('has WebNN compute the same', () => withPerson(browser, page.folder, {}, async (person, problems) => {
        const { tab } = person;
        await person.open();
        await person.is('asking');
        await person.says('device', /Test this device/);
        await person.press('test');
        await person.says('test-says', /answers are right\.$/);
        const rows = JSON.parse(await tab.evaluate(ROWS));
        assert.deepEqual(rightOf(rows, 'webnn'), ALL, JSON.stringify(rows));
        assert.deepEqual(problems, []);
    }));

    test('says what is wrong', () => withPerson(browser, page.folder, { alter: mistaken }, async (person, problems) => {
        const { tab } = person;
        await person.open();
        await person.is('asking');
        await person.says('device', /Test this device/);
        await person.press('test');
        await person.says('test-says', /^\d+ of \d+ answers are right\.$/);
        const [, right, all] = /^(\d+) of (\d+)/.exec(await person.text('test-says')), rows = JSON.parse(await tab.evaluate(ROWS));
        assert.deepEqual(rightOf(rows, 'wasm'), ALL.filter((what) => what !== 'Small perceptron'), JSON.stringify(rows));
        const wrong = rows.filter(([, what]) => what === 'Small perceptron').map(([, , result]) => result);
        assert.deepEqual([...new Set(wrong)], ['wrong']);
        assert.equal(Number(all) - Number(right), wrong.length);
        assert.deepEqual(problems, []);
    }));
});

describe('the page of a person', needsCases, () => {
    let browser;
    before(async () => { browser = await launch(); });
    after(() => browser?.close());

    test('keeps nobody out: small and large, dark and light, from right to left', () => withPerson(browser, page.folder, REMEMBERS, async (person, problems) => {
        const { playwright: tab, service } = person;
        service.devices = 'yes';
        const views = {
            'no-token': async () => {
                await tab.goto(person.service.url);
                await person.says('have-link', /Join link/);
            },
            asking: async () => {
                await person.open('&memoryLimit=5');
                await person.is('asking');
                await person.says('settings-problems', /memoryLimit=5/);
                await seesRemember(person);
                await person.choose('remember', true);
            },
            connected: async () => {
                await person.press('start');
                await person.is('connected');
                await person.says('figure-answered', /0/);
                await person.tab.waitFor('indexedDB.databases().then(({ length }) => length === 1)');
                await seesRemember(person);
            },
            tested: async () => {
                for (const [button, says] of [['test', /answers are right\.$/], ['measure', /^The times are measured\.$/]]) {
                    await person.press(button);
                    await person.says('test-says', says);
                }
            },
            paused: async () => {
                await person.press('pause');
                await person.is('paused');
            },
            left: async () => {
                await person.press('stop');
                await person.is('stopped');
            },
            known: async () => {
                await tab.goto('about:blank');
                await tab.goto(person.service.url);
                await person.is('asking');
                await person.says('state', /^The service remembers this browser/);
                await seesRemember(person);
            },
            unremembered: async () => {
                service.welcome = { joined: true, device: { remembered: false, reason: 'this service remembers no devices' } };
                await person.open('&start');
                await person.is('connected');
                await person.says('remember-problem', /^This device is not remembered: this service remembers no devices\.$/);
            },
            refused: async () => {
                service.socket.close(1008, 'the token is unknown, spent or expired');
                await person.is('refused');
                assert.equal(await person.text('state'), 'The service refused this page. (the token is unknown, spent or expired)');
            },
        };
        for (const [state, reach] of Object.entries(views)) {
            await reach();
            await tab.evaluate(() => { document.getElementById('log-details').open = true; });
            for (const colorScheme of ['light', 'dark']) {
                await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
                for (const [width, dir] of [[1280, 'ltr'], [360, 'ltr'], [360, 'rtl']]) {
                    await tab.setViewportSize({ width, height: 800 });
                    await tab.evaluate((to) => { document.documentElement.dir = to; }, dir);
                    assert.equal(await tab.evaluate('document.documentElement.scrollWidth > innerWidth'), false, `${state} at ${width}, ${dir}, scrolls sideways`);
                    if (process.env.WEBINFER_SHOTS) await tab.screenshot({ path: `${process.env.WEBINFER_SHOTS}/${state}-${colorScheme}-${width}-${dir}.png`, fullPage: true });
                }
                assert.deepEqual(await keepsOut(tab), [], `${state}, ${colorScheme}`);
            }
            const small = await tab.evaluate(() => [...document.querySelectorAll('button, input, select, summary, label.switch')]
                .filter((one) => one.checkVisibility() && !one.closest('label.switch input, label.switch > *'))
                .map((one) => [one.id || one.textContent, one.getBoundingClientRect().width, one.getBoundingClientRect().height])
                .filter(([, width, height]) => Math.min(width, height) < 44));
            assert.deepEqual(small, [], 'what is pressed is 44 pixels wide and high');
        }
        assert.deepEqual(problems, []);
    }));

    test('is set by keyboard alone', () => withPerson(browser, page.folder, REMEMBERS, async (person) => {
        const { playwright: tab, service } = person;
        service.devices = 'yes';
        await person.open();
        await person.is('asking');
        await seesRemember(person);
        const reached = [];
        for (let i = 0; i < 16; i++) {
            await tab.keyboard.press('Tab');
            reached.push(await tab.evaluate('document.activeElement.id'));
            if (['remember', 'pauseWhileHidden'].includes(reached.at(-1))) await tab.keyboard.press('Space');
        }
        assert.deepEqual(reached, ['start', 'preferredDevice', 'memoryLimit', 'storageLimit', 'remember',
            'maxPeers', 'discoveryInterval', 'carryOthers', 'carryLimit', 'carryMinutes',
            'pauseOnBattery', 'pauseWhileHidden', 'wakeLock', 'minutesPerHour', 'test', 'measure']);
        assert.deepEqual(JSON.parse(await stored(tab)), { pauseWhileHidden: 'yes' });
        await person.tab.waitFor("document.getElementById('remember').checked");
    }));
});
