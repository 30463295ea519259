// tier: quick
// full: the search finds words in a browser, and its policy refuses nothing
// full: the pages are light or dark, as their reader's system is
// full: a second build is the same, bit for bit
/** The documentation's site: what it has, what its build refuses, and its search. It is built without a network. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { clear, guard } from '../lib/cleanup.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build, builtPage, root } from '../lib/paths.mjs';
import { test } from '../lib/tier.mjs';

const MODULES = path.join(build, 'node/scripts/docs/node_modules');
const LOADER = pathToFileURL(path.join(root, 'scripts/node/modules.mjs'));
const ALONE = ['--net', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])];

let folder, site;
/** With the site next to its page. @type {Daemon} */
let daemon;
/** The pages by their addresses. @type {Map<string, string>} */
let pages;

/** Builds a site where there is no network. */
function buildSite(out, tree = root) {
    const words = [...ALONE, process.execPath, path.join(root, 'scripts/docs/build.mjs'), out, tree];
    return spawnSync('unshare', words, { encoding: 'utf8',
        env: { ...process.env, WEBINFER_NODE_MODULES: MODULES, NODE_OPTIONS: `--import=${LOADER}` } });
}

/** Every file of the site, by its path in it. */
function filesOf(place) {
    return fs.readdirSync(place, { recursive: true }).filter((name) => fs.statSync(path.join(place, name)).isFile());
}

before(async () => {
    folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-docs-')));
    site = path.join(folder, 'share/docs');
    fs.mkdirSync(path.dirname(site));
    fs.symlinkSync(builtPage, path.join(folder, 'share/page'));
    const { status, stderr } = buildSite(site);
    assert.equal(status, 0, stderr);
    pages = new Map(filesOf(site).filter((name) => name.endsWith('.html'))
        .map((name) => [name, fs.readFileSync(path.join(site, name), 'utf8')]));
    daemon = new Daemon({ config: { pool: { min_connections: 0 }, bridge: { page: path.join(folder, 'share/page') } } });
    await daemon.start({ ready: false });
});
after(async () => {
    await daemon?.stop();
    clear(folder);
});

test('each document and manual has a page, which names it, and a place in the side bar', () => {
    const sourceOf = (html) => /made from <code>([^<]*)<\/code>/.exec(html)?.[1];
    const sources = new Map([...pages].map(([name, html]) => [sourceOf(html), name]));
    const namesIn = (place) => fs.readdirSync(path.join(root, place)).map((name) => `${place}/${name}`);
    const wanted = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md',
        ...['docs', 'docs/tutorials', 'man'].flatMap(namesIn).filter((name) => /^docs\/.*\.md$|^man\/.*\.[1-8]$/.test(name))];
    assert.ok(wanted.length > 25, 'the tree has documents');
    const [menu] = /<nav id="page-menu"[^]*<\/nav>/.exec(pages.get('index.html'));
    for (const source of wanted) assert.ok(menu.includes(`href="${sources.get(source)}"`), source);
    assert.ok(!sources.has(undefined), 'every page names its source');
    assert.deepEqual([...menu.matchAll(/<h2>(\w+)<\/h2>/g)].map(([, title]) => title),
        ['Start', 'Tutorials', 'Use', 'Operate', 'Understand', 'Reference', 'Contribute']);
});

test('manuals and documents link to each other, and manuals of other programs are no links', () => {
    assert.match(pages.get('man/webinferd.8.html'), /<a class="Xr" href="webinferd\.conf\.5\.html">webinferd\.conf/);
    assert.match(pages.get('guide.html'), /<a href="man\/webinfer-api\.7\.html">webinfer-api\(7\)<\/a>/);
    assert.match(pages.get('guide.html'), /<a href="models\/digits\.html">digits<\/a>/);
    assert.match(pages.get('guide.html'), /<a href="files\/tests\/nodes\/node\.py\.html">/);
    const others = [...pages.values()].join('').match(/<\w+ class="Xr"[^>]*>systemd\(1\)/g);
    assert.deepEqual(new Set(others), new Set(['<span class="Xr">systemd(1)']));
});

test('no page asks another server for anything, and each has a policy that allows none', () => {
    for (const [name, html] of pages) {
        const fetched = html.match(/<(?:link|script|img|form|iframe|source)\b[^>]*>/g);
        for (const tag of fetched) assert.doesNotMatch(tag, /(?:href|src|action)="(?:\w+:)?\/\//, name);
        const [, above, policy] = /^([^]*?)<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html);
        assert.doesNotMatch(above, /<(?:link|script|style)\b/, name);
        assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; /);
        assert.doesNotMatch(policy, /https?:|\*|'unsafe-/, name);
    }
    const style = fs.readFileSync(path.join(site, 'style.css'), 'utf8');
    assert.doesNotMatch(style, /url\(|@import/);
    assert.match(style, /prefers-color-scheme: dark/);
});

/** This source tree by links, but with documents and manuals of its own. */
function plantedTree(name, { guide = '', manual = '', files = {} }) {
    const tree = path.join(folder, name);
    fs.mkdirSync(tree);
    for (const one of fs.readdirSync(root))
        if (one !== 'docs' && one !== 'man') fs.symlinkSync(path.join(root, one), path.join(tree, one));
    for (const one of ['docs', 'man']) fs.cpSync(path.join(root, one), path.join(tree, one), { recursive: true });
    fs.appendFileSync(path.join(tree, 'docs/guide.md'), guide);
    fs.appendFileSync(path.join(tree, 'man/webinfer.1'), manual);
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(tree, file), text);
    return tree;
}

const problemsOf = (tree) => {
    const { status, stderr } = buildSite(path.join(folder, 'refused'), tree);
    assert.equal(status, 1, stderr);
    return stderr.trim().split('\n').sort();
};

test('a link to a file or manual that is not there fails the build, and so does a document without a place', () => {
    const tree = plantedTree('files', {
        guide: '\n[one](nowhere.md) [two](../examples/none.c) [three](../..) webinfer-none(7)\n',
        manual: '.Pp\n.Xr webinfer-none 7\n.Xr nohup 1\n',
        files: { 'docs/unlisted.md': '# Unlisted\n' },
    });
    assert.deepEqual(problemsOf(tree), [
        'docs/guide.md: the link to .. leads nowhere',
        'docs/guide.md: the link to docs/nowhere.md leads nowhere',
        'docs/guide.md: the link to examples/none.c leads nowhere',
        'docs/guide.md: the link to man/webinfer-none.7 leads nowhere',
        'docs/unlisted.md has no row in scripts/docs/contents.mjs',
        'man/webinfer.1: the manual man/webinfer-none.7 is not there',
    ]);
});

test('a link to a heading that is not there fails the build, and so does a picture of another server', () => {
    const tree = plantedTree('headings', {
        guide: '\n[one](operating.md#nothing) [two](#nothing) ![three](https://example.org/three.png)\n',
        manual: '.Pp\n.Sx NOTHING\n',
    });
    assert.deepEqual(problemsOf(tree), [
        'guide.html: guide.html has no anchor for the link to #nothing',
        'guide.html: it asks another server: https://example.org/three.png',
        'guide.html: operating.html has no anchor for the link to operating.html#nothing',
        'man/webinfer.1.html: man/webinfer.1.html has no anchor for the link to #NOTHING',
    ]);
});

/** Run in a process of its own: pagefind's script, with files for the server. */
const SEARCH = `
    import fs from 'node:fs';
    import { fileURLToPath } from 'node:url';
    globalThis.fetch = async (address) => new Response(fs.readFileSync(fileURLToPath(address.replace(/\\?.*/, ''))));
    globalThis.location = new URL('http://site.example/');
    globalThis.window = globalThis;
    const [script, ...words] = process.argv.slice(1);
    const pagefind = await import(script);
    await pagefind.options({ baseUrl: '/' });
    for (const word of words) {
        const { results: [first] } = await pagefind.search(word);
        console.log((await first.data()).url);
    }`;

test('the index leads to the pages that have the words', () => {
    const script = pathToFileURL(path.join(site, 'pagefind/pagefind.js')).href;
    const words = ['backup', 'adaptive_scaling', 'first change in 15 minutes', 'browserless'];
    const { status, stdout, stderr } = spawnSync(process.execPath,
        ['--input-type=module', '-e', SEARCH, script, ...words], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(stdout.trim().split('\n'),
        ['/operating.html', '/man/webinferd.conf.5.html', '/contributing.html', '/webinfer-or.html']);
});

test('a second build is the same, bit for bit', () => {
    const again = path.join(folder, 'again'), { status, stderr } = buildSite(again);
    assert.equal(status, 0, stderr);
    const names = filesOf(site).sort();
    assert.deepEqual(filesOf(again).sort(), names);
    assert.deepEqual(names.filter((name) => !fs.readFileSync(path.join(again, name)).equals(fs.readFileSync(path.join(site, name)))), []);
});

test('the daemon serves every file, with the policy that the pages state', async () => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(pages.get('index.html'));
    const files = filesOf(site).filter((name) => !/\.(?:br|gz)$/.test(name));
    assert.ok(files.length > pages.size, 'scripts and the index too');
    for (const name of files) {
        const { status, headers, body } = await daemon.get(`/docs/${encodeURI(name)}`);
        assert.equal(status, 200, name);
        assert.ok(body.equals(fs.readFileSync(path.join(site, name))), name);
        assert.equal(headers['content-security-policy'], `${policy}; frame-ancestors 'none'`);
    }
});

test('the search finds words in a browser, and its policy refuses nothing', async () => {
    const { launch, noteViolations } = await import('../page/support/browser.mjs');
    const problems = [], browser = await launch(), address = `${daemon.url}/docs`;
    try {
        const { tab } = await browser.openTab(problems);
        await noteViolations(tab);
        await tab.goto(`${address}/guide.html`);
        await tab.fill('input[name=q]', 'backup');
        await tab.press('input[name=q]', 'Enter');
        await tab.waitForSelector('#search-results a[href="/docs/operating.html"]');
        assert.match(await tab.textContent('#search-state'), /^\d+ pages have “backup”\.$/);
        await tab.fill('input[name=q]', 'ωωω'); // of another word its beginning would be looked for
        await tab.waitForFunction(() => /^0 pages have/.test(document.getElementById('search-state').textContent));
        await tab.setViewportSize({ width: 360, height: 700 });
        for (const name of pages.keys()) {
            await tab.goto(`${address}/${name}`);
            const isNarrow = await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
            assert.ok(isNarrow, `${name} is too wide for a phone`);
        }
        assert.deepEqual(problems, []);
    } finally {
        await browser.close();
    }
});

/** In a page: how light the ground, the text and a link are, from 0 to 1. */
function lightness() {
    const [page, link] = [document.documentElement, document.querySelector('main a')].map((one) => getComputedStyle(one));
    return [page.backgroundColor, page.color, link.color].map((colour) => {
        const [red, green, blue] = colour.match(/\d+/g).map(Number);
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
    });
}

test("the pages are light or dark, as their reader's system is", async () => {
    const { launch } = await import('../page/support/browser.mjs');
    const problems = [], browser = await launch();
    try {
        const { tab } = await browser.openTab(problems);
        for (const [colorScheme, isRight] of [['light', (ground, text, link) => ground > 0.9 && text < 0.2 && link < 0.4],
            ['dark', (ground, text, link) => ground < 0.2 && text > 0.8 && link > 0.6]]) {
            await tab.emulateMedia({ colorScheme });
            await tab.goto(`${daemon.url}/docs/guide.html`);
            const found = await tab.evaluate(lightness);
            assert.ok(isRight(...found), `${colorScheme}: ${found}`);
        }
        assert.deepEqual(problems, []);
    } finally {
        await browser.close();
    }
});
