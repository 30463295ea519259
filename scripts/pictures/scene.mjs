/** What is done for all pictures of the console: a daemon gets requests, and a tab shows a view. */
import fs from 'node:fs';
import path from 'node:path';
import { ownModels } from '../../tests/lib/paths.mjs';
import { delay } from '../../tests/lib/wait.mjs';
import { shows } from '../../tests/page/support/console_tab.mjs';

/** The first picture is taken after the daemon has worked for this long, so that there are figures of the last hour. */
export const WORK_MS = 65_000;

const SAMPLES = path.join(ownModels, 'digits/samples');
/** The sample pictures of digits, in base64. */
export const digits = fs.readdirSync(SAMPLES).filter((name) => name.endsWith('.png'))
    .map((name) => fs.readFileSync(path.join(SAMPLES, name)).toString('base64'));

/** Sends requests, four at a time, until the function that it returns is called. That function waits for the last answers.
 * @param {import('../../tests/lib/daemon.mjs').Daemon} daemon @param {(count: number) => object} bodyOf the request with this number
 * @param {object} [options] of each request */
export function keepAtWork(daemon, bodyOf, options) {
    let isOver = false, count = 0;
    const worker = async () => {
        while (!isOver) {
            await daemon.infer(bodyOf(++count), options).catch(() => {});
            await delay(40 + 160 * Math.abs(Math.sin(count / 50)));
        }
    };
    const workers = Array.from({ length: 4 }, worker);
    return async () => {
        isOver = true;
        await Promise.all(workers);
    };
}

/** @param {any} tab @param {string} url of the daemon @param {string} view its address in the console, such as models/digits */
export async function showView(tab, url, view) {
    await tab.goto(`${url}/#/${view}`);
    await tab.waitForSelector(shows(view));
    if (view === 'now') await tab.waitForSelector('.plot canvas');
    await delay(500); // what is read beside the events
}
