/**
 * What has to hold of a site that is built: each link leads to a page, and to an anchor that it has; no page or
 * style asks another server for anything; each page has its policy, and nothing that the policy would refuse.
 */
import fs from 'node:fs';
import path from 'node:path';

const HTML = /\.html$/;
/** Attributes that make a browser fetch something; a link that the reader follows is none. */
const FETCHED = /<(?!a\b)[a-z]+\b[^>]*?\s(?:src|srcset|href|data|poster|action)="([^"]*)"/g;
const FOREIGN = /^(?:[a-z][a-z+.-]*:)?\/\/|^(?!data:,$)[a-z][a-z+.-]*:/i;
/** What a policy without 'unsafe-inline' refuses. */
const INLINE = /<(?:script(?![^>]*\ssrc=)|style)\b|<[a-z][^>]*\s(?:style|on[a-z]+)=/;

/** @param {string} folder @returns {string[]} its files, by their paths in it */
export function filesIn(folder) {
    return fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
        .map((one) => path.relative(folder, path.join(one.parentPath ?? one.path, one.name))).sort();
}

/** The HTML of a page without the text that it shows, in which anything may be written. */
const tagsOf = (html) => html.match(/<[a-z!][^>]*>/g) ?? [];
const ENTITIES = { '&amp;': '&', '&quot;': '"', '&lt;': '<', '&gt;': '>' };
const unescaped = (text) => text.replace(/&(?:amp|quot|lt|gt);/g, (one) => ENTITIES[one]);
const POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';';

function attributesOf(tags, ...names) {
    const attribute = new RegExp(`\\s(?:${names.join('|')})="([^"]*)"`, 'g');
    return tags.flatMap((tag) => [...tag.matchAll(attribute)]).map(([, value]) => unescaped(value));
}

/**
 * @param {string} folder the site; files/ has copies of sources, which are shown and not run
 * @returns {string[]} what is wrong, by page
 */
export function problemsOf(folder) {
    const files = filesIn(folder), problems = [];
    const pages = new Map(files.filter((file) => HTML.test(file) && isOurs(folder, file))
        .map((file) => [file, tagsOf(fs.readFileSync(path.join(folder, file), 'utf8'))]));
    const anchors = new Map([...pages].map(([file, tags]) => [file, attributesOf(tags, 'id')]));
    const there = new Set(files);
    for (const [file, tags] of pages) {
        const found = [...deadLinks(file, tags, there, anchors), ...foreignIn(tags.join('\n')), ...againstPolicy(tags),
            ...doubleIds(anchors.get(file))];
        problems.push(...found.map((one) => `${file}: ${one}`));
    }
    for (const file of files.filter((one) => one.endsWith('.css'))) {
        const found = foreignInStyle(fs.readFileSync(path.join(folder, file), 'utf8'));
        problems.push(...found.map((one) => `${file}: ${one}`));
    }
    return problems;
}

/** Copies of sources that are HTML themselves are not pages of the site. */
function isOurs(folder, file) {
    return !file.startsWith('files/') || fs.readFileSync(path.join(folder, file), 'utf8').includes('id="page-text"');
}

function deadLinks(file, tags, there, anchors) {
    const links = attributesOf(tags, 'href', 'src', 'action');
    return links.filter((link) => !FOREIGN.test(link) && link !== 'data:,').flatMap((link) => {
        const [target, anchor] = link.split('#');
        const page = target ? path.posix.join(path.posix.dirname(file), decodeURI(target.replace(/\?.*/, ''))) : file;
        if (!there.has(page)) return [`the link to ${link} leads nowhere`];
        const isThere = !anchor || anchors.get(page)?.includes(decodeURIComponent(anchor));
        return isThere ? [] : [`${page} has no anchor for the link to ${link}`];
    });
}

function foreignIn(html) {
    return [...html.matchAll(FETCHED)].map(([, address]) => address).filter((address) => FOREIGN.test(address))
        .map((address) => `it asks another server: ${address}`);
}

function foreignInStyle(css) {
    const found = [...css.matchAll(/url\(\s*["']?([^"')]*)|@import\s+["']([^"']*)/g)];
    return found.map(([, url, imported]) => url ?? imported)
        .filter((address) => FOREIGN.test(address)).map((address) => `it asks another server: ${address}`);
}

function againstPolicy(tags) {
    const found = tags.filter((tag) => INLINE.test(tag)).map((tag) => `the policy refuses ${tag}`);
    return tags.some((tag) => tag.startsWith(POLICY)) ? found : ['it has no policy', ...found];
}

function doubleIds(ids) {
    return ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `two elements have the id ${id}`);
}
