/**
 * Helia, an implementation of IPFS that is none of ours (tests/helia). It needs a newer Node.js than the tests do:
 * where they run on an older one, that which scripts/setup.sh fetches is taken.
 *
 *   const helia = new Helia();
 *   const { url, roots } = await helia.serve(folder, target);
 *   await helia.fetch(gateway, cid, folder);
 *   await helia.close();
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
import { build, root } from './paths.mjs';

const program = path.join(root, 'tests/helia/helia.mjs');
const modules = path.join(build, 'node/tests/helia/node_modules');

/** A Node.js that Helia and webinfer-peer run on. @returns {string | undefined} */
export function findNode() {
    const [major, minor] = process.versions.node.split('.').map(Number);
    if (major > 22 || (major === 22 && minor >= 15)) return process.execPath;
    const fetched = path.join(build, 'tools/node/node_modules');
    return ['x64', 'arm64'].map((machine) => path.join(fetched, `node-linux-${machine}/bin/node`)).find((one) => fs.existsSync(one));
}

/** Why it cannot run here; false: it can. In continuous integration it has to. */
export const skipHelia = findNode() && fs.existsSync(path.join(modules, 'helia')) ? false
    : process.env.CI ? false : 'Helia is not installed: ./dev test system does that';

export class Helia {
    #child;
    #answers;
    #ended;

    constructor() {
        const env = { ...process.env, WEBINFER_NODE_MODULES: modules, NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'scripts/node/modules.mjs'))}` };
        const child = this.#child = spawn(findNode() ?? 'node-22.15', [program], { env, stdio: ['pipe', 'pipe', 'pipe'] });
        let said = '';
        child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
        child.stdin.on('error', () => {}); // it has ended: that is told below
        this.#answers = readline.createInterface(child.stdout)[Symbol.asyncIterator]();
        this.#ended = new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('close', (code, signal) => code === 0 ? resolve(undefined) : reject(new Error(`helia.mjs: ${signal ?? code}: ${said}`)));
        });
        this.#ended.catch(() => {}); // it is told to who asks
    }

    async #ask(...words) {
        this.#child.stdin.write(`${JSON.stringify(words)}\n`);
        const ended = this.#ended.then(() => { throw new Error('helia.mjs has ended'); });
        const { value, done } = await Promise.race([this.#answers.next(), ended]);
        return JSON.parse(done ? await ended : value);
    }

    /** Writes the files below the CID into a new folder. */
    fetch(gateway, cid, folder) {
        return this.#ask('fetch', gateway, cid, folder);
    }

    /** Adds the folder in several shapes, writes a CAR of each to `target`, and is a gateway of them until the end. */
    serve(folder, target) {
        return this.#ask('serve', folder, target);
    }

    close() {
        this.#child.stdin.end();
        return this.#ended;
    }
}
