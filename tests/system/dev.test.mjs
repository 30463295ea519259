// tier: quick
/** ./dev and its scripts: what they refuse, and where they write. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { rowOf, sayWrong } from '../../scripts/demo-pictures.mjs';
import { measure } from '../../scripts/house.mjs';
import { root } from '../lib/paths.mjs';

test('verbs that take no arguments refuse some, before anything is installed or built', () => {
    for (const verb of ['setup', 'build', 'pictures', 'docs', 'lint', 'install', 'clean']) {
        const { status, stdout, stderr } = spawnSync('./dev', [verb, '/opt'], { cwd: root, encoding: 'utf8' });
        assert.equal(status, 1, verb);
        assert.equal(stderr, `dev: ${verb} takes no arguments, and there is "/opt"\n`);
        assert.equal(stdout, '');
    }
});

test('package takes a test of releases that have packages, and nothing else', () => {
    for (const [words, says] of [[['now'], 'package takes "test" or nothing, and there is "now"'],
        [['test', 'sid'], 'there are no packages for "sid"; there are those for bookworm trixie']]) {
        const { status, stdout, stderr } = spawnSync('./dev', ['package', ...words], { cwd: root, encoding: 'utf8' });
        assert.deepEqual([status, stdout, stderr], [1, '', `dev: ${says}\n`]);
    }
});

/** Runs a function of scripts/NAME.sh with a tarball of one file. Programs that build only note how they were called; what
 * unshare runs leaves a package. @param {string} name @param {string} text @param {string[]} programs */
function runVerb(name, text, programs) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-verb-')), notes = path.join(folder, 'notes');
    try {
        fs.mkdirSync(path.join(folder, 'bin'));
        for (const program of programs)
            fs.writeFileSync(path.join(folder, 'bin', program), `#!/bin/bash
                echo "\${0##*/} $*" >>${notes}
                [[ \${0##*/} != unshare ]] || { head -n 1 debian/changelog >>${notes}; echo deb >../webinfer_1_all.deb; }\n`, { mode: 0o755 });
        const { status, stderr, stdout } = spawnSync('bash', ['--norc', '-euc', `
            source scripts/common.sh
            BUILD=$1
            source scripts/setup.sh
            source "scripts/$2.sh"
            build() { :; }
            build_docs() { :; }
            need_packages() { :; }
            make_in() {
                mkdir -p "$1/tree/debian"
                cp debian/changelog "$1/tree/debian"
                tar -cJf "$1/webinfer-1.tar.xz" -C "$1" tree
            }
            PATH=$1/bin:$PATH
            ${text}`, 'bash', folder, name], { cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } });
        assert.equal(status, 0, stderr);
        return { stdout, notes: fs.readFileSync(notes, 'utf8').replaceAll(folder, '') };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
const skip = !fs.existsSync(path.join(root, '.git')) && 'this is no checkout';

test('./dev package builds packages of the tarball\'s tree without a network, and sums of all that it made', { skip }, () => {
    const { stdout, notes } = runVerb('package', 'make_packages; cd "$PACKAGE"; ls; sha256sum --check SHA256SUMS', ['unshare', 'lintian']);
    assert.match(notes, /^unshare (?:--map-current-user )?--net dpkg-buildpackage --build=binary --no-sign\nwebinfer \([\d.]+(?:~\d+\.[0-9a-f]{8})?-1\) \w+; .*\nlintian --fail-on error .*\n$/);
    assert.match(stdout, /^ +\d+ webinfer-1\.tar\.xz\n +4 webinfer_1_all\.deb\nSHA256SUMS\n(webinfer-1\.tar\.xz)\n(webinfer_1_all\.deb)\n\1: OK\n\2: OK\n$/m);
});

test('./dev container builds the tarball\'s tree with the first builder that is here, and passes options on', { skip }, () => {
    for (const programs of [['podman', 'docker', 'buildah'], ['docker', 'buildah'], ['buildah']]) {
        const { notes } = runVerb('container', `command() { [[ $1 != -v ]] || [[ -x $BUILD/bin/$2 ]]; }
            make_image --build-arg PACKAGES=firefox-esr; test -f "$PACKAGE/tree/debian/changelog"`, programs);
        const format = programs[0] === 'docker' ? '' : ' --format docker';
        assert.match(notes, new RegExp(`^${programs[0]} build${format} --file /container/tree/Containerfile --tag localhost/webinfer `
            + '--build-arg VERSION=\\S+ --build-arg REVISION=[0-9a-f]{40} --build-arg PACKAGES=firefox-esr /container/tree\\n$'));
    }
});

test('tests that belong to the long tier are refused in another, before anything is built', () => {
    for (const [words, says] of [[['clang'], 'clang belongs to the long tier: ./dev test --long clang'],
        [['--full', 'unit', 'portable'], 'clang belongs to the long tier: ./dev test --long unit clang trixie arm64 unclustered']]) {
        const { status, stdout, stderr } = spawnSync('./dev', ['test', ...words], { cwd: root, encoding: 'utf8' });
        assert.deepEqual([status, stdout, stderr], [1, '', `dev: ${says}\n`]);
    }
});

test('the unit tests that arm64 leaves out are there, and each line has a reason', () => {
    const lines = fs.readFileSync(path.join(root, 'tests/arm64.txt'), 'utf8').trimEnd().split('\n').filter((line) => !line.startsWith('#'));
    const programs = fs.readFileSync(path.join(root, 'tests/unit/unit.am'), 'utf8').match(/^\ttests\/unit\/\S+(?= )/gm).map((one) => one.trim());
    for (const line of lines) {
        const [program, ...reason] = line.split(' ');
        assert.ok(programs.includes(program), program);
        assert.ok(reason.length >= 2, line);
    }
});

test('the demo marks the pictures that its model takes for others', () => {
    // The samples' logits are numpy's; ours would round them otherwise, and say the same.
    const expected = JSON.parse(fs.readFileSync(path.join(root, 'models/digits/samples/expected.json'), 'utf8'));
    const rows = expected.map(({ file, logits, probabilities }) => {
        const best = logits.indexOf(Math.max(...logits));
        return rowOf(`/somewhere/${file}`, expected, { result: { labels: [{ label: String(best), probability: probabilities[best] }] },
            executed_on: { browser: 'chrome', platform: 'wasm' }, performance: { inference_ms: 1, total_ms: 2 } });
    });
    assert.deepEqual(rows.filter(({ right }) => right !== 'yes').map(({ picture, drawn, label, right }) => [picture, drawn, label, right]),
        [['5.png', '5', '3', 'NO']]);
    assert.match(sayWrong(rows), /: 5\.png, a 5, is taken for a 3\. /);
    assert.equal(sayWrong(rows.filter(({ right }) => right === 'yes')), null);
});

test('a copied tree is configured again: its Makefiles would write into the original', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-copied-'));
    try {
        const one = path.join(folder, 'one'), two = path.join(folder, 'two');
        fs.mkdirSync(one);
        for (const file of ['configure.ac', 'Makefile.am', 'Makefile.in']) fs.writeFileSync(path.join(one, file), '');
        fs.writeFileSync(path.join(one, 'configure'), '#!/bin/sh\npwd >>Makefile\n', { mode: 0o755 });
        const configure = (tree) => spawnSync('bash', ['--norc', '-euc', `
            ROOT=$1 BUILD=$1/build NODE=node
            quietly() { shift; "$@"; }
            source "$2/scripts/build.sh"
            configure_in "$BUILD"`, 'bash', tree, root], { cwd: tree, encoding: 'utf8', env: { PATH: process.env.PATH } });
        const places = (tree) => fs.readFileSync(path.join(tree, 'build/Makefile'), 'utf8').trim().split('\n');
        assert.equal(configure(one).stderr, '');
        assert.equal(configure(one).stderr, '');
        assert.deepEqual(places(one), [path.join(one, 'build')], 'the same tree is configured once');
        fs.cpSync(one, two, { recursive: true, preserveTimestamps: true });
        assert.equal(configure(two).stderr, '');
        assert.deepEqual(places(two), [path.join(one, 'build'), path.join(two, 'build')]);
        assert.deepEqual(places(one), [path.join(one, 'build')]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});

test('run and install have the documents, which are built again if one of their sources is newer', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-docs-')), home = path.join(folder, 'share/webinfer/docs/index.html');
    try {
        fs.mkdirSync(path.dirname(home), { recursive: true });
        const refresh = () => spawnSync('bash', ['--norc', '-euc', `BUILD=$1; source scripts/docs.sh
            build_docs() { echo built; }; refresh_docs`, 'bash', folder], { cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH } }).stdout;
        assert.equal(refresh(), 'built\n');
        fs.writeFileSync(home, '');
        assert.equal(refresh(), '');
        fs.utimesSync(home, 0, 0);
        assert.equal(refresh(), 'built\n');
        const dev = fs.readFileSync(path.join(root, 'dev'), 'utf8');
        for (const verb of ['run', 'install']) assert.match(dev, new RegExp(`^verb_${verb}\\(\\) \\{\n(?: .*\n)*? {4}refresh_docs\n`, 'm'));
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});

/** A tree of four rooms and two programs, of which each figure can be counted by hand. */
const HOUSE = {
    'src/main.c': '#include "api/api.h"\n\nint main(void)\n{\n    return wi_api_go();\n}\n',
    'src/api/api.h': 'int wi_api_go(void);\nint wi_api_list(void);\n',
    'src/api/api.c': '#include "api/api.h"\n\n#include "models/hub.h"\n\nint wi_api_go(void)\n{\n    return wi_hub_find() + wi_api_list();\n}\n',
    'src/api/list.c': '#include "api.h"\n\nstatic int find(void)\n{\n    return 1;\n}\n\nstatic int on_row(void)\n{\n    return find();\n}\n\n'
        + 'int wi_api_list(void)\n{\n    return on_row();\n}\n',
    'src/models/hub.h': '/* Stands alone. What is here is for nobody. A hub is found. Who looks, finds it. */\nint wi_hub_find(void);\nint wi_hub_own(\n    void);\n',
    'src/models/hub.c': '#include "models/hub.h"\n\n#include "base/list.h"\n\nint wi_hub_own(\n    void)\n{\n    return 2;\n}\n\n'
        + 'int wi_hub_find(void)\n{\n    return wi_list(wi_hub_own());\n}\n',
    'src/base/list.h': '/* wi_hub_own in a comment is no use of it. */\nint wi_list(int one);\n',
    'src/base/list.c': '#include "base/list.h"\n\nint wi_list(int one)\n{\n    return one;\n}\n',
    'src/cli/main.c': '#include "base/list.h"\n\nstatic const char *find(void)\n{\n    return "wi_hub_own(";\n}\n\nint main(void)\n{\n    return wi_list(*find());\n}\n',
    'README.md': 'It runs. What is slow waits. What is it? `nobody`\n\n```\nnobody\n```\n',
};

test('the house is measured by what its files have, not by what their comments and texts say', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-house-'));
    try {
        for (const [file, text] of Object.entries(HOUSE)) {
            fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
            fs.writeFileSync(path.join(folder, file), text);
        }
        const { rooms, models, lines, statics, file_names: names, documents, comments, functions, files } = measure(folder);
        assert.deepEqual(rooms, { count: 5, levels: 4, dependencies: 4, found: ['api: models', 'base: ', 'cli: base', 'main: api', 'models: base'] });
        assert.deepEqual(models, { used_outside: 1, headers: 1, found: ['wi_hub_find'] });
        assert.deepEqual([lines.all, lines.c, lines.h], [69, 61, 8]);
        assert.deepEqual([statics.one_word, statics.in_more_than_three_files, statics.found], [2, 0, ['find: src/api/list.c src/cli/main.c']]);
        // Each program has one main.c; the list.c of two folders are in one.
        assert.deepEqual([names.twice_in_a_program, names.twice_in_src, names.found], [1, 2, ['list.c: src/api/list.c src/base/list.c']]);
        assert.deepEqual([documents.words, documents.found], [10, ['README.md: What is slow waits. What is it? x']]);
        assert.deepEqual(comments.found.map((text) => text.replace('src/models/hub.h: ', '')).sort(),
            ['Stands alone. What is here is for nobody. A hu', 'What is here is for nobody. A hub is found.', 'Who looks, finds it.', 'nobody. A hub is found. Who looks, finds it.']);
        assert.deepEqual([functions.count, functions.max], [10, 5]);
        assert.deepEqual([files.c, files.max], [6, 16]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});
