/**
 * The pages of the site: one for each document and manual, and for each file and folder of the tree that one of them
 * links to, so that only links to other servers lead out of the site.
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
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escaped = (text) => text.replace(/[&<>"]/g, (one) => ENTITIES[one]);

/** Where the page of a source is in the site. */
function addressOf(source, isFolder) {
    if (source === 'README.md') return 'index.html';
    if (isManual(source)) return `${source}.html`;
    if (isDocument(source)) return source.replace(/^docs\//, '').replace(/(\/README)?\.md$/, '.html').toLowerCase();
    return `files/${source}${isFolder ? '/index' : ''}.html`;
}

/**
 * @typedef {object} Page
 * @property {string} source the file or folder that it is made from
 * @property {string} address in the site
 * @property {string} title
 * @property {string} [summary] of a manual
 * @property {string} html the text, without the frame
 * @property {boolean} indexed whether the search finds it
 */

export class Site {
    /** By source. @type {Map<string, Page>} */
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
        for (const source of this.#sourcesOfDocuments())
            if (!this.#want(source))
                this.problems.push(`scripts/docs/contents.mjs names ${source}, which is not there`);
        for (let source = this.#waiting.shift(); source !== undefined; source = this.#waiting.shift())
            Object.assign(this.pages.get(source), this.#made(source));
    }

    #sourcesOfDocuments() {
        const listed = new Set(SECTIONS.flatMap(({ rows }) => rows.map(([source]) => source.replace(/#.*/, ''))));
        const there = Object.entries(DOCUMENTS).flatMap(([folder, files]) => {
            const names = Array.isArray(files) ? files : this.#namesIn(folder).filter((name) => files.test(name));
            return names.map((name) => posix.join(folder, name));
        });
        for (const source of there.filter((one) => !listed.has(one) && !listed.has(`${posix.dirname(one)}/`)))
            this.problems.push(`${source} has no row in scripts/docs/contents.mjs`);
        const manuals = this.#namesIn('man').map((name) => `man/${name}`).filter(isManual);
        return new Set([...there, ...manuals, ...[...listed].filter((one) => !one.endsWith('/'))]);
    }

    #namesIn(folder) {
        return fs.readdirSync(path.join(this.tree, folder)).filter((name) => !isUnlisted(name)).sort();
    }

    /** The address of a file or folder in the site, which gets a page if it has none; null if it does not exist. */
    #want(source) {
        if (!source || source.startsWith('.')) return null; // the tree itself, or outside of it
        const stat = fs.statSync(path.join(this.tree, source), { throwIfNoEntry: false });
        if (!stat) return null;
        if (!this.pages.has(source)) {
            if (stat.isFile() && !isDocument(source) && !isManual(source)) this.copies.add(source);
            if (stat.isFile() && this.#isBinary(source)) return `files/${source}`;
            const address = addressOf(source, stat.isDirectory());
            this.pages.set(source, { source, address, title: source, html: '', indexed: false });
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
        if (isManual(source)) {
            const resolveManual = (other) => this.#resolveManual(other, source, address);
            return { ...manualToHtml(file, resolveManual), indexed: true };
        }
        if (fs.statSync(file).isDirectory()) return { html: this.#folderToHtml(source, resolve) };
        const text = fs.readFileSync(file, 'utf8');
        if (isDocument(source)) return { ...markdownToHtml(text, resolve), indexed: true };
        return { html: fileToHtml(source, text) };
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
        if (!found && other.startsWith('man/webinfer'))
            this.problems.push(`${source}: the manual ${other} is not there`);
        return found && posix.relative(posix.dirname(address), found);
    }

    #folderToHtml(source, resolve) {
        const rows = this.#namesIn(source).map((name) => {
            const address = resolve(`/${source}/${name}`);
            return `<li><a href="${escaped(address)}">${escaped(name)}</a></li>`;
        });
        return `<h1>${escaped(source)}</h1>\n<ul>\n${rows.join('\n')}\n</ul>\n`;
    }

    /** The side bar, of titles and addresses. A row that ends in a slash is all pages of that folder. */
    get sections() {
        const rowOf = ([row, title]) => {
            const [source, anchor] = row.split('#');
            const page = this.pages.get(source);
            return { title: title ?? page?.title, address: page?.address, summary: page?.summary, anchor };
        };
        const pagesIn = (folder) => [...this.pages.keys()].filter((one) => one.startsWith(folder)).sort(byManual);
        const rowsOf = (row) => (row[0].endsWith('/') ? pagesIn(row[0]).map((one) => rowOf([one])) : [rowOf(row)]);
        return SECTIONS.map(({ title, rows }) => ({ title, rows: rows.flatMap(rowsOf) }));
    }
}

/** Manuals in the order of their sections: commands, the daemon, files, the rest. */
function byManual(one, two) {
    const rank = (source) => '1857'.indexOf(source.at(-1));
    return rank(one) - rank(two) || (one.slice(0, -2) < two.slice(0, -2) ? -1 : 1);
}

/** The text of a source, and the file itself. */
function fileToHtml(source, text) {
    const name = escaped(posix.basename(source));
    const link = `<p><a href="${name}" download>Download ${name}</a></p>`;
    return `<h1>${escaped(source)}</h1>\n${link}\n<pre><code>${escaped(text)}</code></pre>\n`;
}
