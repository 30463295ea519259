/** Markdown as HTML, without inline styles, which the site's Content-Security-Policy forbids. */
import MarkdownIt from 'markdown-it';

/** The text of a heading as its anchor, as the code hosts make it. */
const slugOf = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');

/** A comment in a line of its own, which readers do not see. */
const COMMENT = /^<!--.*-->$/gm;

/** A manual of this project that a text names. */
const MANUAL = /\b(webinfer(?:d(?:\.conf)?|-[a-z]+)?)\(([1-8])\)/;

/**
 * @param {string} text
 * @param {(href: string) => string} resolve where a link or a picture leads from the page that is made
 * @returns {{title: string, html: string}}
 */
export function markdownToHtml(text, resolve) {
    const markdown = new MarkdownIt();
    markdown.core.ruler.push('wi_links', ({ tokens, Token }) => {
        for (const token of tokens.filter(({ type }) => type === 'inline')) {
            token.children = withManuals(token.children, Token);
            for (const one of token.children) resolveIn(one, resolve);
        }
    });
    markdown.core.ruler.push('wi_headings', ({ tokens }) => nameHeadings(tokens));
    markdown.core.ruler.push('wi_columns', ({ tokens }) => tokens.forEach(alignByClass));
    markdown.renderer.rules.table_open = () => '<div class="scroll" tabindex="0">\n<table>\n';
    markdown.renderer.rules.table_close = () => '</table>\n</div>\n';
    const tokens = markdown.parse(text.replace(COMMENT, ''), {});
    const title = textOf(tokens.find(({ type }) => type === 'inline'));
    return { title, html: markdown.renderer.render(tokens, markdown.options, {}) };
}

/** "webinferd(8)" becomes a link, except in a link, and in code, which is a token of its own. */
function withManuals(tokens, Token) {
    let depth = 0;
    return tokens.flatMap((token) => {
        depth += { link_open: 1, link_close: -1 }[token.type] ?? 0;
        return token.type === 'text' && depth === 0 ? linkManuals(token.content, Token) : [token];
    });
}

function linkManuals(text, Token) {
    const found = MANUAL.exec(text);
    if (!found) return text ? [textToken(text, Token)] : [];
    const open = new Token('link_open', 'a', 1), close = new Token('link_close', 'a', -1);
    open.attrSet('href', `/man/${found[1]}.${found[2]}`);
    return [...linkManuals(text.slice(0, found.index), Token), open, textToken(found[0], Token), close,
        ...linkManuals(text.slice(found.index + found[0].length), Token)];
}

function textToken(text, Token) {
    return Object.assign(new Token('text', '', 0), { content: text });
}

function resolveIn(token, resolve) {
    const name = { link_open: 'href', image: 'src' }[token.type];
    if (!name) return;
    token.attrSet(name, resolve(token.attrGet(name)));
    if (token.type === 'image') token.attrSet('loading', 'lazy');
}

/** Each heading is a place to link to; one that comes twice is numbered. */
function nameHeadings(tokens) {
    const used = new Map();
    tokens.forEach((token, i) => {
        if (token.type !== 'heading_open') return;
        const slug = slugOf(textOf(tokens[i + 1])), before = used.get(slug) ?? 0;
        used.set(slug, before + 1);
        token.attrSet('id', before ? `${slug}-${before}` : slug);
    });
}

function alignByClass(token) {
    const side = /^text-align:(\w+)$/.exec(token.attrGet?.('style') ?? '')?.[1];
    if (!side) return;
    token.attrs = token.attrs.filter(([name]) => name !== 'style');
    token.attrJoin('class', side);
}

const textOf = (inline) => (inline?.children ?? []).filter(({ type }) => ['text', 'code_inline'].includes(type))
    .map(({ content }) => content).join('');
