/**
 * The texts that the pictures in docs/pictures show, in the form that they have in the sources of the console, the report
 * and the overview: "…" is what a template puts in. Texts that come from data are left out.
 *
 *     node scripts/pictures/texts.mjs [TREE]          prints what is out of date; if there is something, the exit status is 1
 *     node scripts/pictures/texts.mjs --write SHOWN   writes docs/pictures/pictures.json; the file SHOWN contains the texts
 *                                                     that each picture shows, as {"NAME.png": ["text"]}
 */
import fs from 'node:fs';
import path from 'node:path';
import { textsOf } from '../js-texts.mjs';

const FOLDER = 'docs/pictures', LIST = `${FOLDER}/pictures.json`;
const SOURCES = ['page/src/console', 'page/src/report', 'scripts/pictures'];
const MOST_BYTES = 200_000;
/** Without these a text says nothing: two letters in a row. */
const WORD = /\p{L}{2}/u;

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

/** The texts between the tags of a document. */
const textsOfHtml = (html) => html.replace(/<(style|script)\b[^]*?<\/\1>/g, '').split(/<[^>]*>/);

/** Every text in the sources that says something. @param {string} tree @returns {Set<string>} */
function sourceTexts(tree) {
    const files = SOURCES.map((folder) => path.join(tree, folder)).flatMap((folder) =>
        fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)));
    const found = files.flatMap((file) => {
        if (file.endsWith('.js')) return [...textsOf(fs.readFileSync(file, 'utf8'))].map(({ text }) => text);
        return file.endsWith('.html') ? textsOfHtml(fs.readFileSync(file, 'utf8')) : [];
    });
    return new Set(found.map(tidy).filter((text) => WORD.test(text)));
}

/** Finds the text in the sources that a shown text was made from, if there is one. Of several, it is the one with the
 * fewest characters put in. @param {Set<string>} sources @returns {(shown: string) => string | undefined} */
function matcherOf(sources) {
    const patterns = [...sources].sort((a, b) => fixedIn(b) - fixedIn(a)).map((text) =>
        ({ text, pattern: new RegExp(`^${text.split('…').map(escaped).join('.+')}$`, 'su') }));
    return (shown) => patterns.find(({ pattern }) => pattern.test(tidy(shown)))?.text;
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const fixedIn = (text) => text.replaceAll('…', '').length;

/** @param {string} file a PNG file (https://www.w3.org/TR/png/#11IHDR) @returns {{width: number, height: number, bytes: number}} */
function sizeOf(file) {
    const png = fs.readFileSync(file);
    return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), bytes: png.length };
}

/** The titles of the console's views. Only a cluster's members have the view Cluster, and the pictures show none of them. */
function viewsOf(tree) {
    const [, list] = /^const VIEWS = (.*);$/m.exec(fs.readFileSync(path.join(tree, 'page/src/console/main.js'), 'utf8')) ?? [];
    return JSON.parse(list.replaceAll("'", '"')).map(([, title]) => title).filter((title) => title !== 'Cluster');
}

const picturesIn = (tree) => fs.readdirSync(path.join(tree, FOLDER)).filter((name) => name.endsWith('.png')).sort();

/** @param {string} file with the texts that each picture shows */
function write(file) {
    const shown = JSON.parse(fs.readFileSync(file, 'utf8')), match = matcherOf(sourceTexts('.'));
    const list = Object.fromEntries(picturesIn('.').map((name) => {
        const { width, height } = sizeOf(path.join(FOLDER, name));
        return [name, { width, height, texts: [...new Set(shown[name].map(match))].filter(Boolean) }];
    }));
    fs.writeFileSync(LIST, `${JSON.stringify(list, null, 4)}\n`);
}

/** @param {string} tree @returns {string[]} */
function problemsOf(tree) {
    const list = JSON.parse(fs.readFileSync(path.join(tree, LIST), 'utf8')), sources = sourceTexts(tree), names = picturesIn(tree), views = viewsOf(tree);
    const missing = Object.keys(list).filter((name) => !names.includes(name)).map((name) => `${FOLDER}/${name} is missing`);
    return [...missing, ...names.flatMap((name) => {
        const { width, height, bytes } = sizeOf(path.join(tree, FOLDER, name)), said = list[name];
        if (!said) return [`${FOLDER}/${name} is not in ${LIST}`];
        return [
            ...(width === said.width && height === said.height ? [] : [`${FOLDER}/${name} is ${width} × ${height} pixels, not ${said.width} × ${said.height}`]),
            ...(bytes <= MOST_BYTES ? [] : [`${FOLDER}/${name} has ${bytes} bytes, and ${MOST_BYTES} are allowed`]),
            ...views.filter((view) => said.texts.includes('Documentation') && !said.texts.includes(view)).map((view) => `${FOLDER}/${name} shows the console without its view ${view}`),
            ...said.texts.filter((text) => !sources.has(text)).map((text) => `${FOLDER}/${name} shows "${text}", which the sources no longer contain`),
        ];
    })];
}

const [first, second] = process.argv.slice(2);
if (first === '--write') {
    write(second);
} else {
    const problems = problemsOf(first ?? '.');
    for (const problem of problems) console.log(problem);
    if (problems.length > 0) console.log('run: ./dev pictures');
    process.exitCode = problems.length > 0 ? 1 : 0;
}
