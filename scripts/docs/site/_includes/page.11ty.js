/**
 * The frame of every page: search, side bar, text, and the source that it was made from. Addresses are relative, so
 * that the site works below any path.
 */
import { posix } from 'node:path';
import { escaped } from '../../pages.mjs';

/** No script, style or picture but the site's own; pagefind compiles WebAssembly. */
const POLICY = [
    "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self'", "connect-src 'self'",
    "style-src 'self'", "img-src 'self' data:", "form-action 'self'", "base-uri 'none'",
].join('; ');

export function render({ title, content, source, address, indexed, sections, version }) {
    const to = (other) => posix.relative(posix.dirname(address), other) || posix.basename(other);
    const here = sections.flatMap(({ rows }) => rows).find((row) => row.address === address && !row.anchor);
    const name = title === 'webinfer' ? 'webinfer' : `${title} – webinfer`;
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escaped(name)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${to('style.css')}">
</head>
<body>
<a class="skip" href="#page-text">Skip to the text</a>
<header>
<a class="brand" href="${to('index.html')}">webinfer</a>
<a class="to-menu" href="#page-menu">Contents</a>
<form action="${to('search.html')}" role="search">
<input name="q" type="search" aria-label="Search the documentation" placeholder="Search">
<button>Search</button>
</form>
</header>
<div class="columns">
<main id="page-text"${indexed ? ' data-pagefind-body' : ''}>
${content}
<footer data-pagefind-ignore>${escaped(version)}. This page was made from <code>${escaped(source)}</code>.</footer>
</main>
<nav id="page-menu" aria-label="Documentation">
${sections.map((section) => menuOf(section, here, content, to)).join('\n')}
</nav>
</div>
</body>
</html>
`;
}

/** `here`: the row of the page that is open. */
function menuOf({ title, rows }, here, content, to) {
    const items = rows.map((row) => {
        const isHere = row === here;
        const href = `${to(row.address)}${row.anchor ? `#${row.anchor}` : ''}`;
        const about = row.summary ? ` title="${escaped(row.summary)}"` : '';
        const link = `<a href="${href}"${about}${isHere ? ' aria-current="page"' : ''}>${escaped(row.title)}</a>`;
        return `<li>${link}${isHere ? headingsOf(content) : ''}</li>`;
    });
    return `<h2>${title}</h2>\n<ul>\n${items.join('\n')}\n</ul>`;
}

/** The sections of the page that is open. */
function headingsOf(content) {
    const found = [...content.matchAll(/<h2[^>]* id="([^"]*)"[^>]*>([^]*?)<\/h2>/g)];
    const items = found.map(([, id, text]) => `<li><a href="#${id}">${text.replace(/<[^>]*>/g, '')}</a></li>`);
    return items.length > 1 ? `\n<ul>\n${items.join('\n')}\n</ul>` : '';
}
