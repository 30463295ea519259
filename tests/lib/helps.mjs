/**
 * What programs of this project say when they are asked with --help, in one process: what they import takes longer than
 * all that they do then. `node tests/lib/helps.mjs PROGRAM...` prints a list in JSON: {program, status, out}.
 */
import { pathToFileURL } from 'node:url';

const [node, , ...programs] = process.argv;
const write = process.stdout.write.bind(process.stdout);

class Exit extends Error {
    constructor(status) {
        super('a program has ended');
        this.status = status;
    }
}
process.exit = (status) => { throw new Exit(status); };

/** @param {string} program which has not ended if its status is null */
async function helpOf(program) {
    let out = '';
    process.argv = [node, program, '--help'];
    process.stdout.write = (text) => Boolean(out += text);
    // Another may have imported it already, as what it is besides.
    const status = await import(`${pathToFileURL(program)}?alone`).then(() => null, (error) => {
        if (error instanceof Exit) return error.status;
        throw error;
    });
    return { program, status, out };
}

const all = [];
for (const program of programs) all.push(await helpOf(program));
write(JSON.stringify(all));
