/**
 * Helia, an implementation of IPFS that is none of ours (tests/helia). It needs a newer Node.js than the tests do:
 * where they run on an older one, that which scripts/setup.sh fetches is taken.
 *
 *   await heliaFetch(gateway, cid, folder);
 *   const helia = await heliaServe(folder, target);
 *   … helia.url, helia.roots; await helia.close();
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
import { build, root } from './paths.mjs';

const program = path.join(root, 'tests/helia/helia.mjs');
const modules = path.join(build, 'node/tests/helia/node_modules');

/** @returns {string | undefined} */
function findNode() {
    const [major, minor] = process.versions.node.split('.').map(Number);
    if (major > 22 || (major === 22 && minor >= 15)) return process.execPath;
    const fetched = path.join(build, 'tools/node/node_modules');
    return ['x64', 'arm64'].map((machine) => path.join(fetched, `node-linux-${machine}/bin/node`)).find((one) => fs.existsSync(one));
}

/** Why it cannot run here; false: it can. In continuous integration it has to. */
export const skipHelia = findNode() && fs.existsSync(path.join(modules, 'helia')) ? false
    : process.env.CI ? false : 'Helia is not installed: ./dev test system does that';

function start(...words) {
    const env = { ...process.env, WEBINFER_NODE_MODULES: modules, NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'scripts/node/modules.mjs'))}` };
    const child = spawn(findNode() ?? 'node-22.15', [program, ...words], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    const ended = new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => code === 0 ? resolve(undefined) : reject(new Error(`helia.mjs ${words[0]}: ${signal ?? code}: ${said}`)));
    });
    return { child, ended };
}

/** Writes the files below the CID into a new folder. */
export async function heliaFetch(gateway, cid, folder) {
    const { child, ended } = start('fetch', gateway, cid, folder);
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await ended.finally(() => clearTimeout(timer));
}

/** Adds the folder in several shapes, writes a CAR of each to `target`, and is a gateway of them until it is closed. */
export async function heliaServe(folder, target) {
    const { child, ended } = start('serve', folder, target);
    const line = await Promise.race([ended, new Promise((resolve) => readline.createInterface(child.stdout).once('line', resolve))]);
    return { ...JSON.parse(String(line)), close: () => (child.stdin.end(), ended) };
}
