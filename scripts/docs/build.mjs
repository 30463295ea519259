/**
 * Builds the documentation's site: eleventy frames the pages, pagefind indexes them, and the result is checked. The
 * larger files get compressed copies, as the page's have.
 *
 *     node scripts/docs/build.mjs OUT [TREE]
 *
 * What OUT has is replaced. TREE is the folder with README.md, docs/ and man/; the default is this source tree. The
 * build needs mandoc, and the packages of scripts/docs/package-lock.json (scripts/setup.sh), but no network. The
 * exit status is 1 if a link is dead, a document has no row in contents.mjs, or a page is not as check.mjs says.
 */
import Eleventy from '@11ty/eleventy';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as pagefind from 'pagefind';
import { compress } from '../../page/compress.mjs';
import { filesIn, problemsOf } from './check.mjs';
import { Site } from './pages.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
/** What a document shows, such as "{% generation %}", is not taken for a template's language. */
const PLAIN = { layout: 'page.11ty.js', templateEngineOverride: 'html' };

/** What search.js needs of what pagefind makes; the rest is an interface of its own, which sets styles. */
const NEEDED = /^(?:pagefind(?:-worker)?\.js|pagefind-entry\.json|wasm\.[\w-]+\.pagefind|.*\.pf_\w+)$/;

const [out, tree] = [process.argv[2], process.argv[3] ?? ROOT].map((one) => one && path.resolve(one));
if (!out) {
    process.stderr.write('usage: node scripts/docs/build.mjs OUT [TREE]\n');
    process.exit(2);
}
process.chdir(HERE);
process.exitCode = await buildSite() ? 0 : 1;

async function buildSite() {
    const site = new Site(tree);
    if (!isRight(site.problems)) return false;
    fs.rmSync(out, { recursive: true, force: true });
    await writePages(site);
    for (const source of site.copies) copyTo(`files/${source}`, path.join(tree, source));
    for (const name of ['style.css', 'search.js']) copyTo(name, path.join(HERE, 'site', name));
    await writeIndex();
    if (!isRight(problemsOf(out))) return false;
    await compress(out, filesIn(out).filter((name) => /\.(?:html|js|css)$/.test(name)));
    const count = [...site.pages.values()].filter(({ indexed }) => indexed).length;
    const others = site.pages.size - count;
    process.stdout.write(`${count} documents and manuals, ${others} files and folders that they link to\n`);
    return true;
}

function isRight(problems) {
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return problems.length === 0;
}

function copyTo(name, from) {
    fs.mkdirSync(path.dirname(path.join(out, name)), { recursive: true });
    fs.copyFileSync(from, path.join(out, name));
}

async function writePages(site) {
    const configure = fs.readFileSync(path.join(ROOT, 'configure.ac'), 'utf8');
    const version = /AC_INIT\(\[(\w+)\], \[([^\]]*)\]/.exec(configure).slice(1).join(' ');
    const search = { source: 'scripts/docs/site/search.html', address: 'search.html', title: 'Search', indexed: false,
        html: fs.readFileSync('site/search.html', 'utf8') };
    const eleventy = new Eleventy('site', out, {
        quietMode: true,
        config(config) {
            config.setUseGitIgnore(false);
            config.ignores.add('site/search.html'); // it is one of the templates below
            config.addGlobalData('sections', site.sections);
            config.addGlobalData('version', version);
            for (const { html, address, ...page } of [...site.pages.values(), search])
                config.addTemplate(address, html, { ...page, address, ...PLAIN, permalink: `/${address}` });
        },
    });
    await eleventy.write();
}

async function writeIndex() {
    const options = { forceLanguage: 'en', keepIndexUrl: true, includeCharacters: '_-/.' };
    const { index } = await pagefind.createIndex(options);
    await index.addDirectory({ path: out });
    const { files } = await index.getFiles();
    await pagefind.close();
    copyTo('pagefind/LICENSE', path.join(fileURLToPath(import.meta.resolve('pagefind')), '../../LICENSE/LICENSE'));
    for (const { path: name, content } of files.filter((file) => NEEDED.test(file.path))) {
        const to = path.join(out, 'pagefind', name);
        fs.mkdirSync(path.dirname(to), { recursive: true });
        fs.writeFileSync(to, content);
    }
}
