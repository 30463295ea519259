// tier: full
/** The console in Firefox, and once in WebKitGTK: every view is filled there, and nothing of the policy is violated. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chirp, disc } from '../lib/media.mjs';
import { builtPage } from './support/browser.mjs';
import { ConsoleService, HOSTILE } from './support/console_service.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { walk, WALKED } from './support/keyboard_walk.mjs';
import { findWebkit, launchWebkit } from './support/webkit.mjs';

const LIVE = 'body[data-state=live] main[data-state=filled]';
const VIEWS = { now: 'Ready, but 2 things are wrong: see the warnings.', models: 'A small chat model', 'models/org/chat': 'The next request would run in', nodes: '3 nodes, of which 2 take work', logs: 'line 449' };
/** Of a batch of vectors. */
const ROWS = [...Array(40).keys()];
const text = (value) => JSON.stringify(value);

/** @param {string | null} program @param {string} name what it is @param {(program: string) => Promise<any>} start */
function browserOf(program, name, start) {
    if (!program && process.env.CI) throw new Error(`there is no ${name}: ./dev setup installs it`);
    let browser, page;
    return {
        unless: program ? {} : { skip: `there is no ${name}` },
        begin: async () => {
            page = builtPage();
            browser = await start(program);
        },
        end: async () => {
            await browser?.close();
            page?.remove();
        },
        /** A console against a stand-in of its own. */
        async with(options, use) {
            const service = await new ConsoleService(path.join(page.folder, '../console'), options).start();
            const { tab, close } = await browser.openTab();
            try {
                await tab.goto('about:blank');
                await use({ service, tab, go: (hash, selector) => go(service, tab, hash, selector) });
                assert.deepEqual(service.violations, []);
            } finally {
                await close();
                await service.stop();
            }
        },
    };
}

async function go(service, tab, hash, selector = `${LIVE}[data-address=${text(`#/${hash}`)}]`) {
    await tab.goto(`${service.url}/#/${hash}`);
    await tab.waitForSelector(selector);
}

const reads = (tab, words) => tab.waitFor(`document.body.innerText.includes(${text(words)})`);
const click = (tab, selector) => tab.evaluate(`document.querySelector(${text(selector)}).click()`);

async function fillsEveryView({ service, tab, go: open }) {
    for (const [hash, words] of Object.entries(VIEWS)) {
        await open(hash);
        await reads(tab, words);
    }
    await open('now');
    await tab.waitForSelector('.plot canvas');
    service.change({ status: { ...service.objects.status, ready: false, problem: 'no browser runs' } });
    await reads(tab, 'Not ready: no browser runs');
    await open('vectors');
    await reads(tab, 'No vectors have come yet.');
    service.publish({ model: 'org/embed', dimensions: 3, jobs: ROWS.map((i) => `job-${i}`), labels: ROWS.map((i) => `text ${i}`), vectors: Float32Array.from({ length: 3 * ROWS.length }, (_, i) => Math.sin(i * i)) });
    await reads(tab, '30 of 30, settled');
    await tab.evaluate(`Object.assign(document.getElementById('vectors-view'), { value: 'cloud' }).dispatchEvent(new Event('change'))`);
    await reads(tab, 'Drawn by');
    await open('nowhere', 'main[data-view=nowhere]');
    await reads(tab, 'There is no view');
}

/** Drops a file on the form of a task, and waits until a table shows the answer, which is `result`. */
async function tries(service, tab, task, { name, type, bytes }, result) {
    service.objects[`model/${task}`] = { name: task, bytes: 1000, loaded: [], tasks: [task] };
    service.infer = ({ done }) => done({ result });
    await tab.evaluate(`location.hash = '#/try/${task}'`);
    await tab.waitForSelector('form.try .drop');
    await tab.evaluate(`{
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob('${bytes.toString('base64')}'), (sign) => sign.charCodeAt(0))], '${name}', { type: '${type}' }));
        document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }`);
    await tab.waitForSelector('.drop[data-state=ready]');
    await click(tab, 'form.try button:not([type])');
    await tab.waitForSelector('.run[data-state=done] .answer table');
}

const firefox = browserOf(findFirefox(), 'Firefox', launchFirefox);
describe('the console in Firefox', firefox.unless, () => {
    before(firefox.begin);
    after(firefox.end);

    test('fills every view', () => firefox.with({}, fillsEveryView));

    test('does what it is told, after it has asked', () => firefox.with({}, async ({ service, tab, go: open }) => {
        await open('models');
        await click(tab, 'button[aria-label="Unload org/chat"]');
        await tab.waitForSelector('dialog[open]');
        assert.deepEqual(service.asked('POST', /unload/), []);
        await click(tab, 'dialog .danger');
        await reads(tab, 'org/chat is being unloaded.');
        assert.equal(service.asked('POST', /unload/)[0].body, '{}');
        await open('nodes');
        await click(tab, 'section[aria-label="Join links"] form button');
        await tab.waitForSelector('#join-url');
        assert.deepEqual(JSON.parse(service.asked('POST', /join/)[0].body), { nodes: 1, seconds: 3600 });
    }));

    test('goes on after it was cut off, and begins anew after the daemon did', () => firefox.with({}, async ({ service, tab, go: open }) => {
        await open('now');
        service.cut();
        service.change({ 'job/job-8': { id: 'job-8', model_name: 'missed', state: 'queued', attempts: 0, accepted_at: Date.now() } });
        await reads(tab, 'missed');
        await tab.waitForSelector(LIVE);
        assert.equal(service.snapshots, 1);
        await service.stop();
        await tab.waitForSelector('body[data-state=stale] .banner');
        service.startedAt += 1;
        service.objects['job/job-9'] = { ...service.objects['job/job-8'], id: 'job-9', model_name: 'fresh' };
        await service.start();
        await reads(tab, 'fresh');
        await tab.waitForSelector(LIVE);
    }));

    test('asks for a token, and keeps it nowhere', () => firefox.with({ token: 'wi_secret' }, async ({ service, tab, go: open }) => {
        await open('now', 'body[data-state=token] #token');
        await tab.evaluate('document.getElementById("token").value = "wi_secret"');
        await click(tab, 'form.token button');
        await tab.waitForSelector(LIVE);
        assert.equal(await tab.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0);
        assert.ok(service.seen.every(({ path: asked }) => !asked.includes('wi_')));
    }));

    test('reaches every control by the keyboard, and shows focus there', () => firefox.with({}, async ({ tab, go: open }) => {
        for (const hash of WALKED) {
            await open(hash, `body[data-state=live] main[data-state=filled][data-address="#/${hash}"]`);
            if (hash === 'now') await tab.waitForSelector('.plot canvas');
            assert.deepEqual(await walk(tab), [[], []], hash);
        }
    }));

    test('shows text from outside as text, and its layout stands', () => firefox.with({ text: HOSTILE.slice(0, 100_000) }, async ({ tab, go: open }) => {
        for (const width of [1280, 400]) {
            await tab.resize(width, 800);
            for (const hash of ['now', 'models', 'models/digits', 'nodes', 'logs']) {
                await open(hash);
                await reads(tab, '<img src=x onerror');
                assert.deepEqual(await tab.evaluate('String([document.documentElement.scrollWidth <= innerWidth, document.querySelectorAll("main img, main script").length])'), 'true,0', `${hash} at ${width}`);
            }
        }
    }));

    test('draws boxes on a picture, and reads a sound', () => firefox.with({}, async ({ service, tab, go: open }) => {
        await open('now');
        await tab.evaluate("window.violations = 0; document.addEventListener('securitypolicyviolation', () => { window.violations++; }); 1");
        const label = HOSTILE.slice(0, 5000);
        await tries(service, tab, 'object-detection', { name: 'disc.png', type: 'image/png', bytes: disc(64).bytes }, { boxes: [
            { label, score: 0.9, box: { xmin: 4, ymin: 30, xmax: 40, ymax: 60 } }, { label: 'b', score: 0.5, box: { xmin: -5, ymin: -5, xmax: 900, ymax: 900 } }] });
        assert.equal(await tab.evaluate("document.querySelector('.run canvas').getContext('2d').getImageData(4, 45, 1, 1).data.join()"), '230,25,75,255', 'the first box is red');
        await tries(service, tab, 'automatic-speech-recognition', { name: 'chirp.wav', type: 'audio/wav', bytes: chirp().bytes },
            { text: label, language: label, duration: 0.9, segments: [{ start: 0, end: null, text: label }] });
        assert.equal(await tab.evaluate("document.querySelector('.given figcaption').textContent"), 'chirp.wav, 0.9 s');
        assert.equal(await tab.evaluate('window.violations'), 0);
    }));
});

const webkit = browserOf(findWebkit(), 'WebKitGTK with its driver and Xvfb', launchWebkit);
describe('the console in WebKitGTK', webkit.unless, () => {
    before(webkit.begin);
    after(webkit.end);

    test('fills every view', () => webkit.with({}, fillsEveryView));
});
