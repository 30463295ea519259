// tier: full
/** The console's view of vectors in Chromium, against a stand-in for the daemon's API: what comes is learnt, seen, found and taken away. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { randomOf } from '../../page/src/console/playground/random.js';
import { readNpy } from '../../page/src/console/playground/npy.js';
import { keepsOut } from './support/axe.mjs';
import { consoles } from './support/console_tab.mjs';
import { HOSTILE } from './support/console_service.mjs';
import { walk } from './support/keyboard_walk.mjs';

const withConsole = consoles('main');
const DIMENSIONS = 6;
const FILLED = 'main[data-view=vectors][data-state=filled]';

/** Rows of four clusters. */
function planted(count, more = {}) {
    const random = randomOf(count);
    return { model: 'org/embed', dimensions: DIMENSIONS, jobs: Array.from({ length: count }, (_, i) => `job-${i}`), labels: Array.from({ length: count }, (_, i) => `text ${i} of ${i % 4}`),
        vectors: Float32Array.from({ length: count * DIMENSIONS }, (_, i) => (Math.floor(i / DIMENSIONS) % 4 === i % DIMENSIONS ? 9 : 0) + random()), ...more };
}

/** The map has learnt all that is there. */
const learnt = (tab) => tab.waitForFunction(() => /Step\s+30 of 30, settled/.test(document.querySelector('main').innerText));

async function opened({ tab, go, service }, hash = 'vectors', batches = [planted(200)]) {
    service.recent = batches;
    await go(hash, FILLED);
    await tab.waitForSelector('canvas.map, canvas.cloud');
    await learnt(tab);
}

test('vectors that are kept and those that come are learnt, and both errors and the variance are shown', () => withConsole({}, async (on) => {
    const { tab, go, reads, service, text } = on, scripts = () => service.asked('GET', /^\/console\/vectors-/).length;
    await go('now');
    assert.equal(scripts(), 0, 'the script of the view is loaded when that is opened');
    await opened(on);
    assert.equal(scripts(), 1);
    for (const said of [/200 vectors of 6 numbers\./, /Quantisation error\s+[\d.]+/, /Topographic error\s+[\d.]+/, /Variance of 1, 2, 3\s+[\d.]+ %, [\d.]+ %, [\d.]+ %/, /Computed by JavaScript, because .+ is software\./]) assert.match(await text(), said);
    service.publish(planted(60));
    await reads(/260 vectors of 6 numbers\./);
    await learnt(tab);
    service.miss(7);
    await reads(/7 rows did not come: this page reads too slowly, or one answer had too many\./);
    service.publish(planted(3, { vectors: Float32Array.from({ length: 3 * DIMENSIONS }, () => NaN) }));
    await reads(/3 rows were left out: not all numbers are finite\./);
    assert.match(service.asked('GET', /^\/v1\/channels/)[0].path, /names=vector_updates&recent=4096$/);
}));

test('nothing has come yet, and a daemon without channels, are said', () => withConsole({}, async ({ go, reads, service, problems }) => {
    service.recent = [];
    await go('vectors', FILLED);
    await reads(/No vectors have come yet\./);
    service.recent = null;
    await go('vectors?again', FILLED);
    await reads(/No vectors come: .*there is nothing at that path.* The console keeps trying\./);
    await go('now'); // it asks no more
    assert.match(String(problems.splice(0)), /404/, 'which the browser notes');
}));

test('after a loss what came meanwhile is there, and nothing twice', () => withConsole({}, async (on) => {
    const { tab, reads, service, text, problems } = on;
    await opened(on);
    service.cut();
    service.publish(planted(20));
    await reads(/220 vectors of 6 numbers\./);
    service.publish(planted(10));
    await reads(/230 vectors of 6 numbers\./);
    await learnt(tab);
    assert.doesNotMatch(await text(), /No vectors come/);
    problems.splice(0); // that it was cut
}));

test('vectors are asked for with the token, and not before there is one', () => withConsole({ token: 'wi_secret' }, async ({ tab, go, reads, service, problems }) => {
    service.recent = [planted(8)];
    await go('vectors', 'body[data-state=token] #token');
    await tab.fill('#token', 'wi_secret');
    await tab.keyboard.press('Enter');
    await reads(/8 vectors of 6 numbers\./);
    assert.deepEqual(service.asked('GET', /^\/v1\/channels/).map(({ authorization }) => authorization), ['Bearer wi_secret']);
    assert.ok(problems.splice(0).every((problem) => problem.includes('401')));
}));

test('a cell is chosen by pointer and keys, its rows, jobs and nearest rows are shown, and a row from there', () => withConsole({}, async (on) => {
    const { tab, reads, text } = on;
    await opened(on);
    await tab.locator('canvas.map').click({ position: { x: 5, y: 5 } });
    await reads(/Cell 1, 1: \d+ rows?/);
    await tab.locator('canvas.map').focus();
    await tab.evaluate(() => { // faster than the map is drawn
        for (const key of ['ArrowRight', 'ArrowDown']) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    });
    await reads(/Cell 2, 2: \d+ rows?/);
    await tab.keyboard.press('ArrowDown');
    await reads(/Cell 2, 3: \d+ rows?/);
    await tab.keyboard.press('End');
    await reads(/Cell 16, 16: \d+ rows?/);
    await tab.locator('summary', { hasText: 'The map as a table' }).click();
    await tab.locator('button[aria-label^="Show cell"]').first().click();
    await reads(/Cell \d+, \d+: [1-9]\d* rows?/);
    await tab.locator('div[aria-label="The nearest rows"] button').first().click();
    await reads(/Row: text \d+ of \d/);
    assert.match(await text(), /Job\s+job-\d+\s+Cell\s+\d+, \d+/);
    assert.equal(await tab.locator('div[aria-label="The nearest rows"] tbody tr').count(), 10);
}));

test('the cloud is turned by mouse and keys, comes closer by the wheel, and a point is chosen', () => withConsole({}, async (on) => {
    const { tab, reads, text } = on;
    await opened(on, 'vectors?compute=webgl');
    await tab.selectOption('#vectors-view', 'cloud');
    await reads(/Drawn by\s+WebGL/);
    for (const said of [/Computed by WebGL, because the address asks for it\./, /Vertex buffer\s+4\.1 kB, made once/, /Buffers of the kernels\s+\d+, [\d.]+ [kM]B/, /GPU memory\s+[\d.]+ MB/]) assert.match(await text(), said);
    const camera = () => tab.evaluate(() => JSON.parse(localStorage.getItem('webinfer.vectors'))?.camera);
    const canvas = tab.locator('canvas.cloud'), { x, y, width, height } = await canvas.boundingBox();
    await tab.mouse.move(x + width / 2, y + height / 2);
    await tab.mouse.down();
    await tab.mouse.move(x + width / 2 + 60, y + height / 2 + 20, { steps: 3 });
    await tab.mouse.up();
    const dragged = await camera();
    assert.ok(dragged.turn > 0.9 && dragged.tilt > 0.5, JSON.stringify(dragged));
    await tab.mouse.wheel(0, -400);
    await tab.waitForFunction((zoom) => JSON.parse(localStorage.getItem('webinfer.vectors')).camera.zoom > zoom, dragged.zoom * 1.2);
    await canvas.focus();
    for (const key of ['ArrowLeft', 'ArrowUp', '-']) await tab.keyboard.press(key);
    const keyed = await camera();
    assert.ok(keyed.turn < dragged.turn && keyed.tilt < dragged.tilt);
    await tab.keyboard.press('Home');
    assert.deepEqual(await camera(), { turn: 0.6, tilt: 0.4, zoom: 1 });
    await tab.locator('summary', { hasText: 'The cloud as a table' }).click();
    await tab.locator('button[aria-label="Show row 5"]').click();
    await reads(/Row: text 4 of 0/);
}));

test('the built script computes the map by WebGPU, too', () => withConsole({}, async (on) => {
    await opened(on, 'vectors?compute=webgpu');
    assert.match(await on.text(), /Computed by WebGPU, because the address asks for it\./);
}));

test('where WebGL is lost, a canvas draws the cloud, and points are still chosen', () => withConsole({}, async (on) => {
    const { tab, reads } = on;
    await opened(on);
    await tab.selectOption('#vectors-view', 'cloud');
    await reads(/Drawn by\s+WebGL/);
    await tab.evaluate(() => document.querySelector('canvas.cloud').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext());
    await reads(/Drawn by\s+a canvas without a GPU/);
    const position = await tab.waitForFunction(() => { // of a point: what is first drawn in another colour than the ground
        const canvas = document.querySelector('canvas.cloud'), { width, height } = canvas, colours = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer);
        const at = colours.findIndex((colour) => colour !== colours[0]), scale = canvas.clientWidth / width;
        return at > 0 && { x: (at % width) * scale + 1, y: Math.floor(at / width) * scale + 1 };
    }).then((found) => found.jsonValue());
    await tab.locator('canvas.cloud').click({ position });
    await reads(/Row: text \d+ of \d/);
}));

test('a finger turns the cloud, and the page stays where it is', () => withConsole({}, async (on) => {
    const { tab } = on, touch = await tab.context().newCDPSession(tab), send = (type, ...touchPoints) => touch.send('Input.dispatchTouchEvent', { type, touchPoints });
    await opened(on, 'vectors?draw=2d');
    await tab.selectOption('#vectors-view', 'cloud');
    await touch.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const { x, y } = await tab.locator('canvas.cloud').evaluate((canvas) => {
        canvas.scrollIntoView({ block: 'center' });
        const { left, top, width, height } = canvas.getBoundingClientRect();
        return { x: left + width / 2, y: top + height / 2 };
    }), before = await tab.evaluate(() => scrollY);
    await send('touchStart', { x, y });
    for (const far of [30, 60, 90]) await send('touchMove', { x: x + far, y: y - far });
    await send('touchEnd');
    await tab.waitForFunction(() => JSON.parse(localStorage.getItem('webinfer.vectors'))?.camera.turn > 0.9);
    const { camera, now } = await tab.evaluate(() => ({ camera: JSON.parse(localStorage.getItem('webinfer.vectors')).camera, now: scrollY }));
    assert.ok(camera.tilt < 0.1, JSON.stringify(camera));
    assert.equal(now, before);
}));

test('two fingers bring the cloud closer', () => withConsole({}, async (on) => {
    const { tab } = on;
    await opened(on, 'vectors?draw=2d');
    await tab.selectOption('#vectors-view', 'cloud');
    await tab.waitForSelector('canvas.cloud');
    const zoom = await tab.evaluate(() => {
        const canvas = document.querySelector('canvas.cloud');
        canvas.setPointerCapture = () => {};
        const send = (type, pointerId, clientX) => canvas.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 100, pointerType: 'touch' }));
        send('pointerdown', 1, 100);
        send('pointerdown', 2, 200);
        send('pointermove', 2, 300);
        send('pointerup', 1, 100);
        send('pointerup', 2, 300);
        return JSON.parse(localStorage.getItem('webinfer.vectors')).camera.zoom;
    });
    assert.ok(Math.abs(zoom - 2) < 0.01, String(zoom));
}));

test('a text is embedded by the same model and found; a refusal is said', () => withConsole({}, async (on) => {
    const { tab, reads, service, press, problems } = on;
    await opened(on);
    const embedded = (data) => {
        service.infer = ({ response }) => {
            response.writeHead(200, { 'Content-Type': 'application/json' });
            response.end(JSON.stringify({ outputs: [{ name: 'embeddings', datatype: 'FP32', shape: [1, data.length], data }] }));
        };
    };
    embedded([9, 0.5, 0.5, 0.5, 0.5, 0.5]);
    await tab.fill('#vectors-text', 'a question');
    await press('Find');
    await reads(/Text: a question/);
    assert.deepEqual(service.asked('POST', /^\/v1\/infer$/)[0].body, { model_name: 'org/embed', inputs: ['a question'] });
    const labels = await tab.locator('div[aria-label="The nearest rows"] tbody td:first-child').allInnerTexts();
    assert.ok(labels.length === 10 && labels.every((label) => / of 0$/.test(label)), String(labels));
    embedded([1, 2]);
    await press('Find');
    await reads(/The model's vector has 2 numbers, and those here have 6\./);
    embedded([1, 2, 3, 4, 'NaN', 6]);
    await press('Find');
    await reads(/The model's vector has numbers that are not finite\./);
    service.infer = ({ fail }) => fail(404, { code: 'model_not_found', detail: 'the model is gone' });
    await press('Find');
    await reads(/the model is gone/);
    problems.splice(0);
}));

test('the answer to an earlier text comes too late', () => withConsole({}, async (on) => {
    const { tab, reads, service, press } = on, answers = [];
    await opened(on);
    service.infer = ({ response }) => answers.push(() => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ outputs: [{ name: 'embeddings', datatype: 'FP32', shape: [1, DIMENSIONS], data: Array(DIMENSIONS).fill(1) }] }));
    });
    await tab.evaluate(() => {
        const main = document.querySelector('main');
        window.seen = '';
        new MutationObserver(() => { window.seen += main.innerText; }).observe(main, { subtree: true, childList: true, characterData: true });
    });
    const ask = async (asked) => {
        const { length } = answers;
        await tab.fill('#vectors-text', asked);
        await press('Find');
        while (answers.length === length) await tab.evaluate(() => new Promise(requestAnimationFrame));
    };
    await ask('first');
    await ask('second');
    answers[1]();
    await reads(/Text: second/);
    answers[0]();
    await ask('third');
    answers[2]();
    await reads(/Text: third/);
    assert.doesNotMatch(await tab.evaluate(() => window.seen), /Text: first/);
}));

test('labels, jobs and places are saved as CSV, the vectors as NPY, the map as a picture', () => withConsole({}, async (on) => {
    const { tab } = on, batch = planted(200);
    await opened(on, 'vectors', [batch]);
    const saved = async (name) => {
        const [download] = await Promise.all([tab.waitForEvent('download'), tab.locator('button', { hasText: name }).last().click()]);
        return [download.suggestedFilename(), fs.readFileSync(await download.path())];
    };
    const [csvName, csv] = await saved('CSV'), lines = csv.toString().split('\r\n');
    assert.deepEqual([csvName, lines.length, lines[0]], ['org-embed.csv', 202, 'row,label,job,column,line,component_1,component_2,component_3']);
    assert.match(lines[1], /^0,text 0 of 0,job-0,\d+,\d+,-?[\d.e-]+,-?[\d.e-]+,-?[\d.e-]+$/);
    const [npyName, npy] = await saved('NPY'), { shape, values } = readNpy(npy);
    assert.deepEqual([npyName, shape, values], ['org-embed.npy', [200, DIMENSIONS], [...batch.vectors]]);
    const [pictureName, picture] = await saved('Picture');
    assert.deepEqual([pictureName, [...picture.subarray(1, 4)], picture.readUInt32BE(16), picture.readUInt32BE(20)], ['org-embed.png', [0x50, 0x4e, 0x47], 1024, 1024]);
}));

test('size, seed and view are kept, and the same seed gives the same map', () => withConsole({}, async (on) => {
    const { tab, go, reads } = on;
    await opened(on);
    const map = () => tab.evaluate(() => document.querySelector('canvas.map').toDataURL());
    const seeded = async (seed) => {
        await tab.fill('#vectors-seed', String(seed));
        await tab.keyboard.press('Tab');
        await reads(new RegExp(`seed ${seed}\\s`));
        await learnt(tab);
        return map();
    };
    await tab.selectOption('#vectors-side', '12');
    await reads(/12 × 12/);
    const one = await seeded(5), other = await seeded(6);
    assert.notEqual(other, one);
    assert.equal(await seeded(5), one);
    await tab.selectOption('#vectors-view', 'cloud');
    await go('now');
    await go('vectors', FILLED);
    await tab.waitForSelector('canvas.cloud');
    assert.deepEqual(await tab.evaluate(() => ['view', 'side', 'seed'].map((name) => document.getElementById(`vectors-${name}`).value)), ['cloud', '12', '5']);
}));

test('what is hostile is text, and models are chosen', () => withConsole({}, async (on) => {
    const { tab, reads } = on;
    await opened(on, 'vectors', [planted(40, { labels: Array(40).fill(HOSTILE.slice(0, 200)), jobs: Array(40).fill(HOSTILE.slice(0, 100)) }), planted(30, { model: HOSTILE.slice(0, 120) })]);
    await tab.locator('canvas.map').click({ position: { x: 5, y: 5 } });
    assert.equal(await tab.locator('main img, main script').count(), 0);
    await tab.selectOption('#vectors-view', 'cloud');
    await reads(/Drawn by\s+WebGL/);
    await tab.selectOption('#vectors-model', { index: 1 });
    await reads(/30 vectors of 6/);
    await learnt(tab);
    await reads(/Drawn by\s+WebGL/);
    await tab.selectOption('#vectors-model', { index: 0 });
    await reads(/40 vectors of 6/);
    await learnt(tab);
}));

for (const [colorScheme, width] of [['light', 1280], ['dark', 360]])
    test(`nobody is kept out, and the keyboard reaches all: ${colorScheme}, ${width} px`, () => withConsole({}, async (on) => {
        const { tab } = on;
        await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await tab.setViewportSize({ width, height: 900 });
        await opened(on);
        for (const view of ['map', 'cloud']) {
            await tab.selectOption('#vectors-view', view);
            await tab.waitForSelector(`canvas.${view}`);
            const table = tab.locator('details summary').last();
            if (view === 'map') await table.click();
            await tab.locator('button[aria-label^="Show "]').first().click();
            await tab.waitForSelector('section[aria-label=Chosen]');
            assert.deepEqual(await keepsOut(tab), [], view);
            assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${view} scrolls sideways`);
            if (process.env.WEBINFER_PICTURES) await tab.screenshot({ path: `${process.env.WEBINFER_PICTURES}/${view}-${width}.png`, fullPage: true, clip: { x: 0, y: 0, width, height: 2000 } });
        }
        await tab.locator('details summary').last().click();
        assert.deepEqual(await walk(tab), [[], []]);
    }));
