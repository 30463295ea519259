/**
 * What the site consists of: a page for each document and manual, and for each file and folder of the tree that one of them
 * links to, so that no link leads out of the site but those to other servers.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DOCUMENTS, SECTIONS } from './contents.mjs';
import { manualToHtml } from './manuals.mjs';
import { markdownToHtml } from './markdown.mjs';

const { posix } = path;
const isDocument = (source) => source.endsWith('.md');
const isManual = (source) => /^man\/[^/]+\.[1-8]$/.test(source);
const isUnlisted = (name) => /^\.|^__pycache__$|^node_modules$|\.egg-info$|~$/.test(name);
export const escaped = (text) => text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]);

/** Where the page of a source is in the site. */
function addressOf(source, isFolder) {
    if (source === 'README.md') return 'index.html';
    if (isManual(source)) return `${source}.html`;
    if (isDocument(source)) return source.replace(/^docs\//, '').replace(/(\/README)?\.md$/, '.html').toLowerCase();
    return `files/${source}${isFolder ? '/index' : ''}.html`;
}

export class Site {
    /** @type {Map<string, {source: string, address: string, title: string, summary?: string, html: string, indexed: boolean}>} */
    pages = new Map();
    /** Files that are copied as they are. @type {Set<string>} */
    copies = new Set();
    /** What keeps the site from being right. @type {string[]} */
    problems = [];
    /** @type {string[]} */
    #waiting = [];

    /** @param {string} tree the folder that has the sources */
    constructor(tree) {
        this.tree = tree;
        for (const source of this.#sourcesOfDocuments()) this.#want(source);
        for (let source = this.#waiting.shift(); source !== undefined; source = this.#waiting.shift())
            Object.assign(this.pages.get(source), this.#made(source));
    }

    #sourcesOfDocuments() {
        const listed = new Set(SECTIONS.flatMap(({ rows }) => rows.map(([source]) => source.replace(/#.*/, ''))));
        const there = Object.entries(DOCUMENTS).flatMap(([folder, files]) => (Array.isArray(files) ? files
            : this.#namesIn(folder).filter((name) => files.test(name))).map((name) => posix.join(folder, name)));
        for (const source of there.filter((one) => !listed.has(one)))
            this.problems.push(`${source} has no row in scripts/docs/contents.mjs`);
        const manuals = this.#namesIn('man').map((name) => `man/${name}`).filter(isManual);
        return new Set([...there, ...manuals, ...[...listed].filter((one) => one !== 'man/')]);
    }

    #namesIn(folder) {
        return fs.readdirSync(path.join(this.tree, folder)).filter((name) => !isUnlisted(name)).sort();
    }

    /** The address of what `source` is in the site, and its page if that has not been made; null where there is no such file. */
    #want(source) {
        const stat = fs.statSync(path.join(this.tree, source), { throwIfNoEntry: false });
        if (!stat || posix.normalize(source).startsWith('..')) return null;
        if (!this.pages.has(source)) {
            if (stat.isFile() && !isDocument(source) && !isManual(source)) this.copies.add(source);
            if (stat.isFile() && this.#isBinary(source)) return `files/${source}`;
            this.pages.set(source, { source, address: addressOf(source, stat.isDirectory()), title: source, html: '', indexed: false });
            this.#waiting.push(source);
        }
        return this.pages.get(source).address;
    }

    #isBinary(source) {
        return !isDocument(source) && fs.readFileSync(path.join(this.tree, source)).includes(0);
    }

    #made(source) {
        const file = path.join(this.tree, source), { address } = this.pages.get(source);
        const resolve = (href) => this.#resolve(href, source, address);
        if (isDocument(source)) return { ...markdownToHtml(fs.readFileSync(file, 'utf8'), resolve), indexed: true };
        if (isManual(source)) return { ...manualToHtml(file, (other) => this.#resolveManual(other, source, address)), indexed: true };
        return { html: fs.statSync(file).isDirectory() ? this.#listing(source, resolve) : listed(source, fs.readFileSync(file, 'utf8')) };
    }

    /** A link of a document; one that begins with a slash is from the top of the tree. */
    #resolve(href, source, address) {
        if (/^(https?|mailto):|^#/.test(href)) return href;
        const [, target, anchor] = /^([^#]*)(#.*)?$/.exec(decodeURI(href));
        const wanted = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(source), target);
        const found = this.#want(wanted.replace(/\/$/, ''));
        if (!found) this.problems.push(`${source}: the link to ${wanted} leads nowhere`);
        return found ? `${posix.relative(posix.dirname(address), found)}${anchor ?? ''}` : '#';
    }

    /** Manuals of other programs are named without a link. */
    #resolveManual(other, source, address) {
        const found = this.#want(other);
        if (!found && other.startsWith('man/webinfer')) this.problems.push(`${source}: the manual ${other} is not there`);
        return found && posix.relative(posix.dirname(address), found);
    }

    #listing(source, resolve) {
        const rows = this.#namesIn(source).map((name) => `<li><a href="${escaped(resolve(`/${source}/${name}`))}">${escaped(name)}</a></li>`);
        return `<h1>${escaped(source)}</h1>\n<ul>\n${rows.join('\n')}\n</ul>\n`;
    }

    /** The side bar, of titles and addresses. A row that ends in a slash is all pages of that folder. */
    get sections() {
        const rowOf = ([row, title]) => {
            const [source, anchor] = row.split('#');
            const page = this.pages.get(source);
            return { title: title ?? page?.title, address: page?.address, summary: page?.summary, anchor };
        };
        const rowsOf = (row) => (row[0].endsWith('/') ? [...this.pages.keys()].filter((one) => one.startsWith(row[0])).sort(byManual).map((one) => rowOf([one]))
            : [rowOf(row)]);
        return SECTIONS.map(({ title, rows }) => ({ title, rows: rows.flatMap(rowsOf) }));
    }
}

/** Commands first, as in the guide's list. */
function byManual(one, two) {
    const rank = (source) => '1857'.indexOf(source.at(-1));
    return rank(one) - rank(two) || (one < two ? -1 : 1);
}

function listed(source, text) {
    const name = escaped(posix.basename(source));
    return `<h1>${escaped(source)}</h1>\n<p><a href="${name}" download>Download ${name}</a></p>\n<pre><code>${escaped(text)}</code></pre>\n`;
}
