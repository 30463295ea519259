/**
 * Prints the texts in page/src that do not have the form that page/src/engine/failure.js asks of a failure. All
 * texts of several words count, since many come to a failure through tables and helpers; what else there is has its
 * place in the lists below. Exits with 1 if it found any.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { textsOf } from './js-texts.mjs';

const ROOT = 'page/src';
/** With these a text may begin. */
const NAMES = new Set(['BERT', 'CLIP', 'Chromium', 'Firefox', 'GGUF', 'JSON', 'ONNX', 'PNG', 'RawImage', 'SpeechT5', 'WASM',
    'WAV', 'WebGL', 'WebGPU', 'WebKit', 'WebNN', 'Whisper']);
/** The names of browsers, the labels of the page, what its person sees, the console and the report, and how a model is told of its tools. */
const OTHER_FILES = /^(?:ui\/(?:browser|endpoints|view|volunteer)|chat\/formats|peers\/(?:peers|reach|swarm))\.js$|^(?:console|people|report)\//;
/** What models read, and a header. */
const OTHER_TEXTS = new Set(['This example is {}.', 'This is a photo of {}', 'This is a sound of {}.', 'Describe the picture.',
    'The function', 'Bearer …']);

/** @param {string} text @returns {string | undefined} what is wrong with it */
function faultOf(text) {
    if (!text.includes(' ') || OTHER_TEXTS.has(text)) return undefined;
    const [first] = /^[A-Z]\w*/.exec(text) ?? [];
    if (first && !NAMES.has(first)) return 'begins with a capital letter';
    if (text.endsWith('.')) return 'ends with a full stop';
    return /(?<!e\.g|i\.e)[.!?] [A-Z]/.test(text) ? 'has several sentences' : undefined;
}

for (const name of readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.js') || OTHER_FILES.test(name)) continue;
    for (const { text, line } of textsOf(readFileSync(`${ROOT}/${name}`, 'utf8'))) {
        const fault = faultOf(text);
        if (!fault) continue;
        console.log(`${ROOT}/${name}:${line}: ${fault}: ${text}`);
        process.exitCode = 1;
    }
}
