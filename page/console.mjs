/** Builds the console: index.html, and its script and style sheet, whose names contain their hashes. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { bundle, finish, here } from './bundle.mjs';
import { replaceOnce } from './changes.mjs';

/** The most gzipped bytes of the console, so that it opens quickly over a slow line. */
const MOST_BYTES = 150_000;
/** It runs in the audio thread, so it is a separate file. */
const RECORDER = 'src/console/playground/recorder_worklet.js';

/** uPlot formats figures in the browser's language, and fails if that is not a language, such as WebKitGTK's "C"; the
 * console formats all its figures itself. */
export const ANY_LANGUAGE = { name: 'any-language', setup: (/** @type {any} */ build) => build.onLoad({ filter: /uPlot\.esm\.js$/ },
    (/** @type {{path: string}} */ { path: file }) => ({ contents: replaceOnce(fs.readFileSync(file, 'utf8'), [["domEnv ? nav.language : 'en-US'", "'en-US'"]], 'uplot') })) };

/** @param {string} out folder @param {Set<string>} [bundled] gets the packages in it */
export async function buildConsole(out, bundled = new Set()) {
    fs.mkdirSync(out, { recursive: true });
    const recorder = await bundle(out, 'recorder.js', RECORDER, { minifyIdentifiers: true }, bundled);
    const script = await bundle(out, 'console.js', 'src/console/main.js',
        { minifyIdentifiers: true, plugins: [ANY_LANGUAGE], define: { RECORDER: JSON.stringify(`./console/${recorder}`) } }, bundled);
    const style = await bundle(out, 'console.css', 'src/console/style.css', {}, bundled);
    const html = fs.readFileSync(path.join(here, 'src/console/index.html'), 'utf8');
    fs.writeFileSync(path.join(out, 'index.html'), html.replace('%STYLE%', style).replace('%MAIN%', script));
    const bytes = ['index.html', script, style, recorder].reduce((sum, name) =>
        sum + zlib.gzipSync(fs.readFileSync(path.join(out, name)), { level: 9 }).length, 0);
    if (bytes > MOST_BYTES) throw new Error(`the console has ${bytes} bytes gzipped, and ${MOST_BYTES} is the most`);
    await finish(out);
    return bytes;
}
