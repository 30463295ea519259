/** A manual in mdoc as HTML, by mandoc. */
import { execFileSync } from 'node:child_process';

const OPTIONS = ['-T', 'html', '-O', 'fragment,man=%N.%S'];
const LINK = /<a class="Xr" href="([^"]*)">([^]*?)<\/a>/g;

/**
 * @param {string} file
 * @param {(source: string) => string | null} resolve where the page of a manual is; null if it is none of this project
 * @returns {{title: string, summary: string, html: string}}
 */
export function manualToHtml(file, resolve) {
    const made = execFileSync('mandoc', [...OPTIONS, file], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const [, name, section] = /([^/]+)\.(\d)$/.exec(file);
    const body = made.replace(/<table class="(?:head|foot)">[^]*?<\/table>\n?/g, '')
        .replace(/ style="[^"]*"/g, '')
        .replace(/<(\/?)h([12])\b/g, (_, slash, level) => `<${slash}h${Number(level) + 1}`)
        .replace(LINK, (_, other, text) => crossLink(resolve(`man/${other}`), text))
        .replace(/<table class="(?:tbl|Bl-column)"[^>]*>[^]*?<\/table>/g, '<div class="scroll" tabindex="0">$&</div>');
    const title = `${name}(${section})`;
    const summary = /<span class="Nd">([^<]*)/.exec(body)?.[1].replace(/\s+/g, ' ') ?? '';
    return { title, summary, html: `<h1>${title}</h1>\n${body}` };
}

function crossLink(href, text) {
    return href ? `<a class="Xr" href="${href}">${text}</a>` : `<span class="Xr">${text}</span>`;
}
