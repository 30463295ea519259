// tier: quick
/**
 * Clients that follow the pages of lists: of 250 models and 250 nodes each of them has all, while others come and go.
 * The console's are in console-pages.test.mjs.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { webinfer } from '../lib/cli.mjs';
import { assembleModels, Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { cliPath, root, simulatePath } from '../lib/paths.mjs';
import { python } from '../lib/python.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

const COUNT = 250;

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    assembleModels(daemon.store, ['twice']);
    for (let i = 1; i < COUNT; i++)
        fs.cpSync(path.join(daemon.store, 'twice'), path.join(daemon.store, `m-${String(i).padStart(3, '0')}`), { recursive: true });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: COUNT }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

/** How many models are no built-in ones. @param {{builtin?: boolean}[]} models */
const stored = (models) => models.filter(({ builtin }) => !builtin).length;

/** How many lines there are that begin so. */
const lines = (text, begin) => text.split('\n').filter((line) => begin.test(line)).length;

async function client(...words) {
    const { code, out, problems } = await webinfer(daemon, words);
    assert.equal(code, 0, problems);
    return out;
}

test('what the API has is all there, page by page', async () => {
    assert.equal(stored((await daemon.list('models')).models), COUNT);
    assert.equal((await daemon.list('nodes')).nodes.length, COUNT);
});

test('the command line counts all models and nodes', async () => {
    const model = /^(twice|m-\d{3})( |$)/, node = /^node-/;
    for (const [words, begin] of [[['list', '--names'], model], [['list', '--wide'], model], [['list'], model], [['nodes'], node], [['status'], node]])
        assert.equal(lines(await client(...words), begin), COUNT, words.join(' '));
    const [models, nodes] = await Promise.all([client('list', '--json'), client('nodes', '--json')]);
    assert.equal(stored(JSON.parse(models).models), COUNT);
    assert.deepEqual([JSON.parse(nodes).nodes.length, JSON.parse(nodes).next], [COUNT, null]);
});

const shellEnvironment = () => ({ PATH: process.env.PATH, HOME: daemon.folder, LANG: 'C.UTF-8', WEBINFER_URL: daemon.url });

/** The completions that bash offers for the last of the words, by the functions of that file. */
async function completions(file, complete, words) {
    const script = `source completions/${file}; COMP_WORDBREAKS=$' \\t\\n"><=;|&(:'; ` +
        `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; ${complete}; printf "%s\\n" "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: root, env: shellEnvironment() });
    return stdout;
}

test('the completion of a shell offers all of them', async () => {
    assert.equal(lines(await completions('webinfer.bash', '_webinfer', [cliPath, 'show', '""']), /^(twice|m-\d{3})$/), COUNT);
});

test('the completion of webinfer-bench offers the models and the options of webinfer bench', async () => {
    const offered = (...words) => completions('webinfer-bench.bash', '_webinfer_program', [`${cliPath}-bench`, ...words]);
    assert.equal(lines(await offered('""'), /^(twice|m-\d{3})$/), COUNT);
    assert.equal(await offered('--concurrency', '2', '--pre'), '--preset\n--precision\n');
    assert.equal(await offered('--headless', '""'), 'yes\nno\n');
    assert.equal(await completions('webinfer-bench.bash', '_webinfer_program', [`${cliPath}-uplink`, '--slo']), '--slots\n');
});

/** What fish offers for the end of that command line. */
async function offeredByFish(line, file = 'webinfer.fish') {
    const script = 'source completions/$argv[1]; complete -C $argv[2]';
    const { stdout } = await promisify(execFile)('fish', ['--no-config', '-c', script, file, line], { cwd: root, env: shellEnvironment() });
    return stdout.split('\n').filter(Boolean).sort();
}

/** What zsh's completion function adds for the last of the words, with stand-ins for the builtins of the line editor. */
async function offeredByZsh(...words) {
    const script = `
        compadd() { local -a all; local one suffix=
            while (($#)); do case $1 in -S) shift 2 ;; -a) all=("\${(@P)2}"); shift 2 ;; *) all+=("$1"); shift ;; esac; done
            for one in "\${all[@]}"; do [[ $one == "$PREFIX"* ]] && print -r -- "$IPREFIX$one"; done }
        compset() { local head=\${(Q)2}; [[ $PREFIX == "$head"* ]] && { IPREFIX+=$head; PREFIX=\${PREFIX#"$head"}; } }
        _files() { local one; for one in \${PREFIX}*(N); do print -r -- "$IPREFIX$one"; done }
        source completions/webinfer.zsh
        words=("$@") CURRENT=$# PREFIX=$words[-1] IPREFIX=
        _webinfer`;
    const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', script, 'zsh', ...words], { cwd: root, env: shellEnvironment() })
        .catch((error) => error.code === 1 ? error : Promise.reject(error));
    return stdout.split('\n').filter(Boolean).sort();
}

test('fish and zsh complete the same', async () => {
    for (const [words, offered] of [
        [['jobs', ''], ['cancel', 'list', 'show', 'wait']],
        [['--json', 'tok'], ['token']],
        [['nonsense', ''], []],
        [['infer', 'm', '--platform', 'web'], ['webgl', 'webgpu', 'webnn']],
        [['infer', 'm', '--platform=web'], ['--platform=webgl', '--platform=webgpu', '--platform=webnn']],
        [['infer', 'm', '--option', 'multi_label='], ['multi_label=false', 'multi_label=true']],
        [['infer', 'm', '--image', 'conf/webinferd.c'], ['conf/webinferd.conf']],
        [['infer', 'm', '--tensor', 'x=conf/webinferd.c'], ['x=conf/webinferd.conf']],
    ]) {
        assert.deepEqual(await offeredByFish([cliPath, ...words].join(' ')), offered, `fish: ${words}`);
        assert.deepEqual(await offeredByZsh(cliPath, ...words), offered, `zsh: ${words}`);
    }
    const isModel = (name) => /^(twice|m-\d{3})$/.test(name);
    assert.equal((await offeredByFish(`${cliPath} show `)).filter(isModel).length, COUNT);
    assert.equal((await offeredByZsh(cliPath, 'show', '')).filter(isModel).length, COUNT);
    assert.deepEqual(await offeredByZsh(`${cliPath}-bench`, '--pre'), ['--precision', '--preset']);
    assert.deepEqual(await offeredByFish(`${cliPath}-bench --pre`), ['--precision', '--preset']);
});

test('the client in Python counts all of them, also while some come and go', async () => {
    const passing = path.join(daemon.store, 'm-100x');
    let isOver = false;
    const comeAndGo = (async () => {
        while (!isOver) {
            fs.cpSync(path.join(daemon.store, 'twice'), passing, { recursive: true });
            await daemon.get('/v1/models?limit=1');
            fs.rmSync(passing, { recursive: true });
            await daemon.get('/v1/models?limit=1');
        }
    })();
    const script = `
import asyncio, webinfer
def counted(models, nodes):
    print(sum(not one.get("builtin") and one["name"] != "m-100x" for one in models["models"]), len(nodes["nodes"]), nodes["next"])
with webinfer.Client() as client:
    counted(client.models(), client.nodes())
async def main():
    async with webinfer.AsyncClient() as client:
        counted(await client.models(), await client.nodes())
asyncio.run(main())
`;
    try {
        const { stdout } = await python(['-c', script], { env: { WEBINFER_URL: daemon.url } });
        assert.equal(stdout, `${COUNT} ${COUNT} None\n`.repeat(2));
    } finally {
        isOver = true;
        await comeAndGo;
    }
    const { stdout } = await python(['-m', 'webinfer', daemon.url]);
    assert.equal(lines(stdout, /^ {2}node-/), COUNT);
    assert.equal(lines(stdout, /^ {2}(twice|m-\d{3}) /), COUNT);
});

test('several models are removed by one command', async () => {
    const gone = ['m-001', 'm-002', 'm-003'];
    const said = await client('rm', ...gone);
    for (const name of gone) assert.match(said, new RegExp(`^${name}: .* freed$`, 'm'));
    await until(async () => stored((await daemon.list('models')).models) === COUNT - gone.length, { what: 'them to be gone' });
    const partly = await webinfer(daemon, ['rm', 'm-004', 'm-001', 'm-005']);
    assert.equal(partly.code, 1);
    assert.match(partly.problems, /there is no model m-001 in the store/);
    assert.match(partly.out, /^m-004: .*\nm-005: /m, 'one that is not there keeps none of the others');
    const misspelt = await webinfer(daemon, ['rm', 'm-006', '../m-007']);
    assert.equal(misspelt.code, 2);
    assert.equal(misspelt.out, '', 'none is removed');
});

/** zsh itself reads the help, in a terminal: what it shows of its command line after a tab, until it has `completed`. */
async function completedByZsh(typed, completed) {
    const functions = path.join(daemon.folder, 'functions');
    fs.mkdirSync(functions, { recursive: true });
    fs.copyFileSync(path.join(root, 'completions/webinfer-simulate.zsh'), path.join(functions, '_webinfer-simulate'));
    const script = `zmodload zsh/zpty; zpty shell zsh -f -i
        zpty -w shell 'PS1= fpath=($FUNCTIONS $fpath); autoload -U compinit; compinit -u -D; print rea""dy'
        zpty -r -m shell said '*ready*'
        zpty -n -w shell "$1"$'\\t'
        zpty -r -m shell said "*$2*"; print -r -- $said`;
    const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', script, 'zsh', typed, completed], { timeout: 30_000 * patience, cwd: root,
        env: { ...shellEnvironment(), FUNCTIONS: functions, TERM: 'dumb', PATH: `${path.dirname(simulatePath)}:${process.env.PATH}` } });
    return stdout;
}

test('fish and zsh complete what the help of webinfer-simulate lists', async () => {
    const offered = await offeredByFish(`${simulatePath} --l`, 'webinfer-simulate.fish');
    assert.deepEqual(offered.map((line) => line.split('\t')), [
        ['--late-rate', 'Share of attempts that are answered only after the service has given up waiting'],
        ['--latency-ms', 'Time that an answer takes, in milliseconds; default: 0']]);
    assert.deepEqual(await offeredByFish(`${simulatePath} --join-file conf/webinferd.c`, 'webinfer-simulate.fish'), ['conf/webinferd.conf']);
    assert.match(await completedByZsh('webinfer-simulate --joi', 'n-file'), /webinfer-simulate --join-file/);
});
