// `./dev pictures`: the pictures in docs/pictures, of a real daemon with Chromium, Firefox and WebKitGTK: a report of the
// laboratory, two views of the console, and an overview of both. What the pictures show as text is written to the file that
// is named, for scripts/pictures/texts.mjs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { safari } from '../tests/lib/browsers.mjs';
import { webinfer } from '../tests/lib/cli.mjs';
import { Daemon } from '../tests/lib/daemon.mjs';
import { root } from '../tests/lib/paths.mjs';
import { delay } from '../tests/lib/wait.mjs';
import { launch } from '../tests/page/support/browser.mjs';
import { WORK_MS, digits, keepAtWork, showView } from './pictures/scene.mjs';

const OUT = path.join(root, 'docs/pictures');
const WIDTH = 1280, HEIGHT = 900;
const PLACES = [{ browser: 'chrome', platform: 'wasm' }, { browser: 'chrome', platform: 'webgpu' }, { browser: 'firefox', platform: 'wasm' },
    { browser: 'firefox', platform: 'webgpu' }, { browser: 'safari', platform: 'wasm' }];
/** One row for each browser and platform. */
const MEASURED = ['bench', 'digits', '--browser', 'chrome,firefox,safari', '--platform', 'both', '--test-type', 'page', '--threads', '1',
    '--name', 'digits in three browsers'];

const startDaemon = () => new Daemon({ models: ['digits', 'finch'], config: {
    pool: { max_connections: 3 }, 'browser.chrome': { max_connections: 1 }, 'browser.firefox': { max_connections: 1 }, 'browser.safari': safari(),
} }).start({ ready: false });

/** A report of the laboratory. @param {Daemon} daemon @returns {Promise<string>} its file */
async function measure(daemon) {
    const file = path.join(daemon.folder, 'report.html');
    const { code, problems } = await webinfer(daemon, [...MEASURED, '--html', file], { timeout: 300_000 });
    if (code !== 0) throw new Error(`webinfer bench: ${problems}`);
    return file;
}

/** A request for each place in turn, and sometimes one for text. @param {number} count */
function bodyOf(count) {
    if (count % 20 === 0) return { model_name: 'finch', inputs: { messages: [{ role: 'user', content: 'Tell me a story.' }] } };
    return { model_name: 'digits', inputs: { image: digits[count % digits.length] }, ...PLACES[count % PLACES.length] };
}

/** In a page: the texts that can be seen in its uppermost `height` pixels, and where scrolling elements do not hide them.
 * @param {number} height */
function seenTexts(height) {
    const isSeen = (/** @type {Text} */ text) => {
        const range = document.createRange();
        range.selectNodeContents(text);
        let { left, top, right, bottom } = range.getBoundingClientRect();
        for (let element = text.parentElement; element; element = element.parentElement) {
            if (getComputedStyle(element).overflow === 'visible') continue;
            const box = element.getBoundingClientRect();
            [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
        }
        return Math.min(right, innerWidth) - left > 2 && Math.min(bottom, height) - top > 2;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) if (isSeen(/** @type {Text} */ (walker.currentNode))) texts.push(walker.currentNode.nodeValue);
    return texts;
}

/** @typedef {{png: Buffer, texts: string[]}} Picture */

/** What the tab shows. @param {any} tab @param {string} [last] the element with which the picture ends; without it, the page's end
 * @returns {Promise<Picture>} */
async function pictureOf(tab, last) {
    const bottom = last ? await tab.evaluate((selector) => Math.ceil(document.querySelector(selector).getBoundingClientRect().bottom) + 6, last) : Infinity;
    const height = Math.min(bottom, await tab.evaluate(() => document.documentElement.scrollHeight));
    const png = await tab.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: await tab.evaluate(() => innerWidth), height } });
    return { png, texts: await tab.evaluate(seenTexts, height) };
}

/** The report's answer: a sentence, and a table of the places. @param {any} tab @param {string} file @returns {Promise<Picture>} */
async function reportPicture(tab, file) {
    await tab.goto(pathToFileURL(file).href);
    return pictureOf(tab, '.answer > .scroll');
}

/** The report and the console in one picture. @param {any} tab @param {Picture} report @param {Picture} view @returns {Promise<Picture>} */
async function overviewOf(tab, report, view) {
    const data = (/** @type {Picture} */ { png }) => `data:image/png;base64,${png.toString('base64')}`;
    const html = fs.readFileSync(path.join(root, 'scripts/pictures/overview.html'), 'utf8').replace('%REPORT%', data(report)).replace('%CONSOLE%', data(view));
    await tab.setViewportSize({ width: WIDTH + 34, height: HEIGHT }); // with the page's padding and the figures' borders
    await tab.goto('about:blank'); // the report's policy would hold here too
    await tab.setContent(html, { waitUntil: 'load' });
    const { png, texts } = await pictureOf(tab);
    return { png, texts: [...texts, ...report.texts, ...view.texts] };
}

/** @param {Daemon} daemon @param {string} report @param {any} tab @returns {Promise<Record<string, Picture>>} */
async function takePictures(daemon, report, tab) {
    await tab.setViewportSize({ width: WIDTH, height: HEIGHT });
    await tab.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await showView(tab, daemon.url, 'now');
    const now = await pictureOf(tab);
    await showView(tab, daemon.url, 'models/digits');
    const model = await pictureOf(tab), why = await pictureOf(tab, 'section[aria-label^=Why] p');
    const overview = await overviewOf(tab, await reportPicture(tab, report), why);
    return { 'model.png': model, 'now.png': now, 'overview.png': overview };
}

/** @param {Record<string, Picture>} pictures @param {string} shown the file for their texts */
function write(pictures, shown) {
    for (const [name, { png }] of Object.entries(pictures)) {
        const file = path.join(OUT, name);
        fs.writeFileSync(file, png);
        execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--output', file, '256', file]);
        console.log(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes`);
    }
    fs.writeFileSync(shown, JSON.stringify(Object.fromEntries(Object.entries(pictures).map(([name, { texts }]) => [name, texts]))));
}

const problems = [], ends = [];
try {
    const daemon = await startDaemon();
    ends.push(() => daemon.stop());
    await daemon.ready(); // the measurement starts the other browsers
    const report = await measure(daemon);
    const browser = await launch();
    ends.push(() => browser.close());
    ends.push(keepAtWork(daemon, bodyOf));
    console.log(`${daemon.url} is at work; the pictures are taken after ${WORK_MS / 1000} s`);
    await delay(WORK_MS);
    const { tab } = await browser.openTab(problems, {});
    write(await takePictures(daemon, report, tab), process.argv[2]);
} finally {
    for (const end of ends.reverse()) await end();
}
for (const problem of problems) console.error(`pictures: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
