/** What a build puts next to its page: planted here, for daemons that serve it. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * Makes the folder `share` of a test, with an empty page in it.
 *
 * @param {string} folder @param {Record<string, string | Buffer>} files by their names below `share`
 * @returns {string} the page, for `[bridge] page`
 */
export function putShare(folder, files) {
    for (const [name, content] of Object.entries({ 'page/index.html': '<!doctype html>', ...files })) {
        const file = path.join(folder, 'share', name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
    }
    return path.join(folder, 'share/page');
}
