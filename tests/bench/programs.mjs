/** The bench's C programs, and a library that counts copies: built here, then run. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { build, root } from '../lib/paths.mjs';

const folder = path.join(build, 'bench');

/** Builds them into build/bench; gives their paths. */
export function compile() {
    fs.mkdirSync(folder, { recursive: true });
    const flags = ['-std=gnu17', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra',
        '-Wno-unused-parameter'];
    const libraries = execFileSync('pkg-config',
        ['--cflags', '--libs', 'libwebsockets', 'libmicrohttpd', 'libuv'], { encoding: 'utf8' })
        .trim().split(/\s+/);
    const make = (name, more) => {
        const program = path.join(folder, name);
        const [compiler, ...words] = (process.env.CC ?? 'cc').trim().split(/\s+/);
        execFileSync(compiler,
            [...words, ...flags, path.join(root, 'tests/bench', `${name}.c`), '-o', program, ...more],
            { stdio: 'inherit' });
        return program;
    };
    return { folder, floor: make('floor', libraries), client: make('client', []), copies: make('copies', ['-fno-builtin', '-shared', '-fPIC']) };
}

/** Starts the floor; gives its process and both ports. @param {string} program @param {Record<string, string>} [env] more of its environment */
export async function startFloor(program, env = {}) {
    const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    const [line] = await once(child.stdout, 'data');
    const [clients, page] = line.toString().split(' ').map(Number);
    return { pid: child.pid, clients, page, stop: () => child.kill() };
}

/** A whole HTTP request in a file, for the client. */
export function requestFile(name, host, headers, body, target = '/v1/infer') {
    const file = path.join(folder, `${name}.request`);
    const head = [`POST ${target} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${body.length}`,
        ...Object.entries(headers).map(([key, value]) => `${key}: ${value}`)];
    fs.writeFileSync(file, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
    return file;
}

/** Runs the load client to its end. @param {string} program
 * @param {{port: number, file: string, clients: number, ms: number, requests?: number, address?: string, under?: string[]}} run
 * `under`: the words that run a command on another machine */
export async function load(program, { port, file, clients, ms, requests = 0, address, under = [] }) {
    const [first, ...words] = [...under, program, ...[port, file, clients, ms, requests, ...address ? [address] : []].map(String)];
    const child = spawn(first, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', problems = '';
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (problems += text));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`the load client failed: ${problems}`);
    return JSON.parse(out);
}
