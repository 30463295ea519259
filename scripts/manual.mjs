// Puts the tables that `webinferd --print-api-mdoc` prints (standard input) into a manual page, each
// between the comment lines that name it: manual.mjs PAGE. What stands in other pages is left out.
import fs from 'node:fs';

const [page] = process.argv.slice(2);
let text = fs.readFileSync(page, 'utf8');
for (const [part, name] of fs.readFileSync(0, 'utf8').matchAll(/^\.\\" begin ([\w-]+)[^]*?^\.\\" end \1\n/gm)) {
    const place = new RegExp(`^\\.\\\\" begin ${name}\\b(?!-)[^]*?^\\.\\\\" end ${name}\\n`, 'm');
    if (!place.test(text)) continue;
    text = text.replace(place, () => part);
}
fs.writeFileSync(page, text);
