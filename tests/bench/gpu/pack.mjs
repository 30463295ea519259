/**
 * Everything that ./dev bench gpu needs, for a machine that can reach nothing: an archive in numbered parts, and run.sh, which
 * unpacks and starts it. In the archive:
 *
 *   bin/       the programs as they are called, each of which finds its libraries
 *   programs/  the programs, each with the files that lie beside it
 *   lib/       their shared libraries, but for those of the C library
 *   checkout/  the bench, and the npm packages that it imports
 *   cases/     the inputs of the models
 *   store/     the models, but for the GGUF file, which Node makes
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../../lib/cleanup.mjs';
import { build, builtPage, daemonPath, findProgram, root, sharedModels } from '../../lib/paths.mjs';
import { CASES, completeStore, SHAPE } from './store.mjs';

export const PART_MIB = 40;
/** Debian's chromium-headless-shell, and of its folder what that needs: texts for people are not among it. */
const CHROMIUM = '/usr/lib/chromium', SHELL = 'chromium-headless-shell';
const NEEDED = /^(chromium-headless-shell|headless_(command_resources|lib_data)\.pak|icudtl\.dat|.*snapshot.*\.bin|lib(EGL|GLESv2|vk_swiftshader)\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/;
/** Of the page: what is compressed already is for browsers far away, and what is without JSPI for other browsers. */
const UNUSED = /\.(gz|br)$|(asyncify|compat32).*\.wasm$/;
/** What runs beside the daemon, and the client, which says what it finds of the machine. */
const HELPERS = ['webinfer-lifeline', 'webinfer-desk', 'webinfer-quantize', 'webinfer'];
/** Opened at run time, and so in no program's list: by libwebsockets, by Chromium, and by vendors' Vulkan drivers. */
const OPENED_LIBRARIES = ['libwebsockets-evlib_uv.so', 'libsoftokn3.so', 'libfreeblpriv3.so', 'libX11.so.6', 'libXext.so.6'];
/** The machine's own: they have to suit its kernel and its loader. */
const C_LIBRARY = /^(ld-linux.*|linux-vdso|lib(c|m|dl|rt|pthread|resolv|util|anl|mvec|nsl|nss_.*|thread_db|BrokenLocale))\.so/;
const PACKAGES = ['ajv', 'ws', 'node-llama-cpp'];
/** Of onnxruntime-web what the page of the bench imports (tests/bench/page/capture-model.mjs). */
const ORT = 'node_modules/onnxruntime-web/dist', ORT_FILES = ['ort.jspi.min.mjs', 'ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm'];
/** Of packages what only people, compilers and debuggers need. */
const SOURCES = /node-llama-cpp\/llama\/gitRelease\.bundle$|\.(d\.ts|map|md)$/;
const BENCH = ['tests/lib', 'tests/bench', 'scripts/node'];

/** @param {{program: string, before?: string, behind?: string}} how `before`: what is done first; `behind`: more arguments */
const wrapper = ({ program, before = '', behind = '' }) => `#!/bin/sh
here=$(unset LD_LIBRARY_PATH; dirname "$(dirname "$(readlink -f "$0")")")
${before}LD_LIBRARY_PATH=$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$here/programs/${program}" "$@"${behind}
`;
/** The daemon's libwebsockets looks for its plugin from there. */
const ENTER = 'cd "$here" || exit\n';
/** The shell opens no page by itself where it is told which profile to have, and its driver waits for one. */
const PAGE = ' data:,';

const copy = (from, to, options = {}) => fs.cpSync(from, to, { recursive: true, dereference: true, ...options });

/** @param {string | null} file */
function found(file, what) {
    if (!file || !fs.existsSync(file)) throw new Error(`${what} is not here; ./dev bench gpu --pack DIR installs it where there is apt`);
    return file;
}

/** The pinned Node.js: a system's own may have parts elsewhere. */
const pinnedNode = () => {
    const modules = path.join(build, 'tools/node/node_modules'), name = `node-linux-${process.arch}`;
    return found(path.join(modules, name, 'bin/node'), name);
};

/** name → what is copied into programs/, and what of that, or of another one's, is called */
const programs = () => ({
    chromium: { files: fs.readdirSync(found(CHROMIUM, SHELL)).filter((one) => NEEDED.test(one)).map((one) => path.join(CHROMIUM, one)), called: SHELL, behind: PAGE },
    chromedriver: { files: [found(findProgram('chromedriver'), 'chromedriver')], called: 'chromedriver' },
    node: { files: [pinnedNode()], called: 'node' },
    webinfer: { files: [], within: 'webinferd', called: 'webinfer' },
    webinferd: { files: ['webinferd', ...HELPERS].map((one) => path.join(path.dirname(daemonPath), one)), called: 'webinferd', before: ENTER },
});

/** A program may be debugged where it was built; here it is to be small. */
function putPrograms(folder) {
    for (const [name, { files, called, within = name, ...more }] of Object.entries(programs())) {
        const place = path.join(folder, 'programs', within);
        for (const file of files) copy(file, path.join(place, path.basename(file)));
        fs.writeFileSync(path.join(folder, 'bin', name), wrapper({ program: `${within}/${called}`, ...more }), { mode: 0o755 });
    }
    for (const name of ['webinferd', ...HELPERS]) execFileSync('strip', [path.join(folder, 'programs/webinferd', name)]);
    execFileSync('strip', [path.join(folder, 'programs/node/node')]);
    copy(builtPage, path.join(folder, 'programs/webinferd/share/webinfer/page'), { filter: (from) => !UNUSED.test(from) });
}

/** name → path of the libraries that ldd names */
function librariesOf(file) {
    const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
    const missing = /^\s*(\S+) => not found/m.exec(stdout);
    if (missing) throw new Error(`${file} needs ${missing[1]}, which is not here`);
    return [...stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, name, where]) => [name, where]);
}

/** Has libwebsockets look for its plugin, which makes it use libuv, in `lib`: its path is compiled in. */
function movePlugin(library, systems) {
    const bytes = fs.readFileSync(library), at = bytes.indexOf(`\0${fs.realpathSync(systems)}\0`);
    if (at < 0) throw new Error(`${library} looks for its plugins elsewhere than in ${systems}`);
    bytes.write('lib\0', at + 1, 'latin1');
    fs.writeFileSync(library, bytes);
}

/** Those of all programs and of what they open, with what these need. */
function putLibraries(folder) {
    const place = path.join(folder, 'lib'), isElf = (file) => fs.readFileSync(file).subarray(1, 4).toString() === 'ELF';
    const files = fs.readdirSync(path.join(folder, 'programs'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)).filter(isElf);
    const known = new Map(files.flatMap(librariesOf)), systems = path.dirname(found(known.get('libcurl.so.4'), 'libcurl'));
    for (const name of OPENED_LIBRARIES) {
        const where = [systems, path.join(systems, 'nss')].map((one) => path.join(one, name)).find((one) => fs.existsSync(one));
        for (const [needed, file] of librariesOf(found(where, name))) known.set(needed, file);
        known.set(name, where);
    }
    for (const [name, file] of known) if (!C_LIBRARY.test(name)) copy(file, path.join(place, name));
    movePlugin(path.join(place, [...known.keys()].find((name) => name.startsWith('libwebsockets.so'))), systems);
}

/** The bench as it lies here, and of npm's packages what it imports, with what these import. */
function putCheckout(folder) {
    const place = path.join(folder, 'checkout'), modules = path.dirname(process.env.WEBINFER_NODE_MODULES);
    for (const one of BENCH) copy(path.join(root, one), path.join(place, one));
    copy(path.join(root, 'tests/package.json'), path.join(place, 'tests/package.json'));
    const query = PACKAGES.map((name) => `#${name}, #${name} *`).join(', ');
    const locations = JSON.parse(execFileSync('npm', ['query', query], { cwd: modules, encoding: 'utf8', maxBuffer: 2 ** 28 })).map(({ location }) => location);
    for (const location of locations.filter((one) => one.startsWith('node_modules/')))
        copy(path.join(modules, location), path.join(place, location), { filter: (from) => !SOURCES.test(from) });
    for (const one of ORT_FILES) copy(path.join(modules, ORT, one), path.join(place, ORT, one));
}

function putModels(folder) {
    const store = path.join(folder, 'store'), cases = path.join(folder, 'cases');
    fs.mkdirSync(store);
    completeStore(store);
    fs.rmSync(path.join(store, SHAPE), { recursive: true }); // noise, which no program packs, and Node alone makes it
    if (!sharedModels) return;
    copy(path.join(sharedModels, 'INDEX.md'), path.join(cases, 'INDEX.md'));
    for (const name of CASES) copy(path.join(sharedModels, name), path.join(cases, name), { filter: (from) => !from.endsWith('.onnx') });
}

/** Writes parts and what unpacks them into a folder. @param {string} target @param {{preset?: number, dictionary?: string}} [how]
 * xz's: the larger both are, the smaller are the parts, and the longer it takes @returns {{parts: number, bytes: number}} */
export function makePack(target, { preset = 9, dictionary = '128MiB' } = {}) {
    const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-pack-'))), name = 'webinfer-gpu-';
    for (const one of ['bin', 'lib', 'programs']) fs.mkdirSync(path.join(folder, one));
    for (const put of [putPrograms, putLibraries, putCheckout, putModels]) put(folder);
    fs.mkdirSync(target, { recursive: true });
    for (const one of fs.readdirSync(target)) if (one.startsWith(name)) fs.rmSync(path.join(target, one));
    execFileSync('bash', ['-c', `set -o pipefail; tar -C "$1" --sort=name --owner=0 --group=0 -c . | xz -T0 --block-size=256MiB --x86 --lzma2=preset=${preset},dict=${dictionary} |
        split -b ${PART_MIB}M --numeric-suffixes=1 -a 1 --additional-suffix=.part - "$2/${name}"`, '-', folder, target], { stdio: 'inherit' });
    clear(folder);
    const parts = fs.readdirSync(target).filter((one) => one.startsWith(name));
    const xz = found(findProgram('xz'), 'xz'), [, lzma] = librariesOf(xz).find(([one]) => one.startsWith('liblzma'));
    copy(xz, path.join(target, 'xz'));
    copy(lzma, path.join(target, path.basename(lzma).replace(/(\.so\.\d+).*/, '$1')));
    copy(path.join(root, 'tests/bench/gpu/run.sh'), path.join(target, 'run.sh'));
    fs.writeFileSync(path.join(target, 'SHA256SUMS'), execFileSync('sha256sum', parts, { cwd: target }));
    return { parts: parts.length, bytes: parts.reduce((sum, one) => sum + fs.statSync(path.join(target, one)).size, 0) };
}
