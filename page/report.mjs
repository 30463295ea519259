/** Builds the document that shows a run of the laboratory: one file, with its script and its style sheet in it, and a
 * Content-Security-Policy that allows these two by their hashes and nothing else. The writer of a report inserts the run's JSON. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compile, here } from './bundle.mjs';
import { ANY_LANGUAGE } from './console.mjs';

/** The marks that the answer and the run replace; src/terms/lab/report.h has them too. */
const MARKS = ['%ANSWER%', '%RUN%'];

const hashOf = (/** @type {string} */ text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;

/** @param {string} file @param {Set<string>} [bundled] gets the packages in it */
export async function buildReport(file, bundled = new Set()) {
    const text = async (/** @type {string} */ source, /** @type {object} */ options) =>
        (await compile(source, { minifyIdentifiers: true, ...options }, bundled)).text.trim();
    const script = await text('src/report/main.js', { format: 'iife', plugins: [ANY_LANGUAGE] });
    const style = await text('src/report/style.css', {});
    if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style) || MARKS.some((mark) => (script + style).includes(mark)))
        throw new Error('the report’s script or style sheet contains an end tag, “<!--” or a mark');
    const parts = /** @type {Record<string, string>} */ ({ SCRIPT_HASH: hashOf(script), STYLE_HASH: hashOf(style), SCRIPT: script, STYLE: style });
    const html = fs.readFileSync(path.join(here, 'src/report/index.html'), 'utf8')
        .replace(/%(SCRIPT_HASH|STYLE_HASH|SCRIPT|STYLE)%/g, (_, name) => parts[name]);
    fs.writeFileSync(file, html);
}
