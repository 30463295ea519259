/**
 * Tutorials: reads docs/tutorials/NAME.md, and runs it as it is printed. This is how a tutorial is written:
 *
 * - A command is a block that is indented by 4 spaces, or fenced as `sh`. All commands run in one bash session, in the
 *   order in which they are printed. Each command must succeed; to show an error, write `COMMAND || echo "status $?"`.
 *   A program that goes on running is started in the background, with its output in a file: `PROGRAM >log 2>&1 &`.
 *   The last step stops it. Wait by a condition, such as
 *   `curl -sf --retry 60 --retry-delay 1 --retry-all-errors …/readyz`.
 * - A fenced block without a language (or `json`) directly after a command is the command's output: both streams.
 *   If there is no such block, the output is not compared. `…` matches any text within a line, and a line `…` matches any
 *   lines. Runs of spaces are equal. Values that vary by their nature are printed as they were, and match any other value
 *   of their kind: numbers with a decimal point or a unit of time, size or share; versions; ids; dates; times of day.
 * - A fenced block in any other language (ini, python, yaml) is a file. The paragraph before it ends with
 *   "Save this as `NAME`:", and the session writes the file into its working directory. `NAME` may begin with `~/`.
 * - In a tutorial about several machines, a line that begins with "On machine 2" or "On each other machine" says where
 *   the blocks after it run, up to the next such line.
 * - The line `<!-- not run: REASON -->` directly before a block says that the test does not run the block, and why
 *   not. Its output, if any, is not compared either. Readers do not see this line.
 *
 * The session has a network of its own in which only this machine answers, so port 8470 is free. Its home directory is
 * new, and is the working directory. `~/webinfer` is this source tree with its build; the sample models in it are a
 * copy. A test of a tutorial consists of one call:
 *
 *     tutorialTests('chat-server', { addresses: ['192.168.1.10'] });
 *
 * At its end, nothing that the tutorial has started may still run.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { clear, guard } from './cleanup.mjs';
import { patience } from './daemon.mjs';
import { daemonPath, root } from './paths.mjs';
import * as processes from './processes.mjs';
import { openRoom } from './room.mjs';
import { until, within } from './wait.mjs';

export const tutorialsFolder = path.join(root, 'docs/tutorials');

/**
 * @typedef {object} Block
 * @property {'command' | 'file' | 'output' | 'stray'} kind `stray`: none of the others, which no tutorial may have
 * @property {string} text
 * @property {number} line where it begins in the document
 * @property {string} [file] the name of a file
 * @property {string} [output] what is printed below a command
 * @property {string} [notRun] why a test does not run it
 * @property {string} [machine] where it runs: "2", or "others" for all but the first; the default is the first
 */

/* --- reading ----------------------------------------------------------------------------------- */

const FENCE = /^```(\w*)$/, INDENTED = /^ {4}/, NOT_RUN = /^<!-- not run: (.+) -->$/;
const MACHINE = /^On (?:machine (\d+)|each other machine)\b/;
const SAVED = /[Ss]ave (?:this|it) as `([^`]+)`:$/;

/** The kind of a block, by the language of its fence, by what is directly before it, and by the paragraph before it. */
function kindOf(language, follows, paragraph) {
    if (language === 'sh') return { kind: 'command' };
    if (language === '' || language === 'json') return { kind: follows ? 'output' : 'stray' };
    const [, file] = SAVED.exec(paragraph) ?? [];
    return file ? { kind: 'file', file } : { kind: 'stray' };
}

/** Where the block that begins at `from` ends: its text, and the line after it. */
function takeBlock(lines, from) {
    const fenced = FENCE.test(lines[from]);
    const goesOn = (line) => INDENTED.test(line) || line === '';
    let end = fenced ? lines.indexOf('```', from + 1) : from;
    if (fenced && end < 0) throw new Error(`line ${from + 1}: the block does not end`);
    while (!fenced && end < lines.length && goesOn(lines[end])) end++;
    const text = fenced ? lines.slice(from + 1, end) : lines.slice(from, end).map((line) => line.slice(4));
    return { text: text.join('\n').trimEnd(), next: fenced ? end + 1 : end };
}

/** The blocks of a tutorial's text, in their order; an output is a part of its command. @returns {Block[]} */
export function blocksOf(text) {
    const lines = text.split('\n');
    /** @type {Block[]} */
    const blocks = [];
    let paragraph = '', machine, notRun, follows = false;
    for (let i = 0; i < lines.length;) {
        const [, language] = FENCE.exec(lines[i]) ?? (INDENTED.test(lines[i]) ? ['', 'sh'] : []);
        if (language === undefined) {
            if (NOT_RUN.test(lines[i])) [, notRun] = NOT_RUN.exec(lines[i]);
            else if (lines[i] !== '') [paragraph, follows] = [lines[i], false];
            const [says, number] = MACHINE.exec(lines[i]) ?? [];
            if (says) machine = number ?? 'others';
            i++;
            continue;
        }
        const kind = kindOf(language, follows, paragraph), taken = takeBlock(lines, i);
        const block = { ...kind, line: i + 1, notRun, ...(machine && { machine }) };
        if (block.kind === 'output') blocks.at(-1).output = taken.text;
        else blocks.push({ ...block, text: taken.text });
        follows = block.kind === 'command';
        notRun = undefined;
        i = taken.next;
    }
    return blocks;
}

/** @param {string} name of a tutorial */
export const textOf = (name) => fs.readFileSync(path.join(tutorialsFolder, `${name}.md`), 'utf8');

/* --- comparing --------------------------------------------------------------------------------- */

/** Values that vary by their nature, and what replaces them while two outputs are compared. @type {[RegExp, string][]} */
const VARYING = [
    [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?\b/g, '<time>'],
    [/\b\d\d:\d\d:\d\d(?:\.\d+)?\b/g, '<time>'],
    [/\b(\w+-)?(?=[a-z]*\d)[0-9a-f]{12,}\b/g, '$1<id>'],
    [/\bwi_[\w-]{20,}/g, '<token>'],
    [/\b\d+\.\d+\.\d+(?:\.\d+)*\b/g, (text) => (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) ? text : '<version>')],
    [/-?\b\d+(?:\.\d+)?(?:e-?\d+)? ?(ns|µs|ms|s|min|%|KiB|MiB|GiB|kB|MB|GB)(?![\w])/g, '<number> $1'],
    [/-?(?<![\d.])\d+\.\d+(?:e[-+]?\d+)?(?!\.?\d)/g, '<number>'],
];

/** An output without values that vary, and without the widths of its columns. @param {string} text */
const settled = (text) => VARYING.reduce((one, [what, by]) => one.replace(what, by), text.replace(/\r/g, ''))
    .split('\n').map((line) => line.replace(/\s+/g, ' ').trim()).join('\n').trim();

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The pattern that an output has to match if it is printed like this. @param {string} printed */
function patternOf(printed) {
    const lines = settled(printed).split('\n').map((line) => (line === '…' ? '(?:.*\\n)*?'
        : `${line.split('…').map((part) => quoted(part.trim())).join('.*')}\\n`));
    return new RegExp(`^${lines.join('')}$`);
}

/** The difference between an output as it is printed and as it was seen, or null. @param {string} printed @param {string} seen */
export function differenceOf(printed, seen) {
    return patternOf(printed).test(`${settled(seen)}\n`) ? null : `printed:\n${printed}\nseen:\n${seen}`;
}

/* --- running ----------------------------------------------------------------------------------- */

/** In a network of its own, where this machine also has these addresses; `shell` is what runs there. */
const aloneWith = (shell) => ['unshare', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user']), '--net',
    'sh', '-ec', `ip link set lo up\nfor one; do ip address add "$one/32" dev lo; done\nexec ${shell}`, 'sh'];

/** Why no such network can be made here, or false. */
export function impossibility() {
    const [program, ...words] = aloneWith('true');
    try {
        execFileSync(program, words, { stdio: 'pipe' });
    } catch (error) {
        return `no network of its own can be made here: ${String(error.stderr ?? '').trim() || error.message}`;
    }
    return false;
}

/** This tree as `place`: by links, but for the sample models, which a daemon may change. */
function plantTree(place) {
    fs.mkdirSync(place);
    for (const one of fs.readdirSync(root).filter((name) => !['build', 'models'].includes(name)))
        fs.symlinkSync(path.join(root, one), path.join(place, one));
    fs.symlinkSync(path.dirname(daemonPath), path.join(place, 'build'));
    fs.cpSync(path.join(root, 'models'), path.join(place, 'models'), { recursive: true });
}

/** A bash session of a reader. */
export class Session {
    #blocks = 0;

    /**
     * @param {{addresses?: string[], installed?: boolean, env?: Record<string, string>}} options see tutorialTests
     * @param {(...words: string[]) => string[]} [enter] makes a command run on a machine; the default is one of its own
     */
    constructor({ addresses = [], installed = false, env = {} }, enter) {
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-tut-')));
        this.home = path.join(this.folder, 'home');
        const temporary = path.join(this.folder, 'tmp');
        for (const one of [this.home, temporary]) fs.mkdirSync(one);
        plantTree(path.join(this.home, 'webinfer'));
        const folders = [...(installed ? [path.dirname(daemonPath)] : []), process.env.PATH];
        const [program, ...words] = enter?.('bash', '--noprofile', '--norc')
            ?? [...aloneWith('bash --noprofile --norc'), ...addresses];
        this.child = spawn(program, words, { cwd: this.home, stdio: ['pipe', 'inherit', 'inherit', 'pipe'], env: {
            PATH: folders.join(':'), HOME: this.home, TMPDIR: temporary, LANG: 'C.UTF-8', no_proxy: '*', ...env } });
        this.child.stdin.on('error', () => {}); // the end of the session says more
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
        this.said = '';
        this.child.stdio[3].setEncoding('utf8').on('data', (text) => (this.said += text));
        // A reader is not root, whom Chromium refuses its sandbox; tutorials start it in the background.
        if (process.getuid() === 0) this.child.stdin.write('chromium() { exec chromium --no-sandbox "$@"; }\n');
    }

    /** Runs a block in the session: the status of its last command that failed, or 0, and all that it printed. */
    async run(text, timeout) {
        const place = path.join(this.folder, `block-${++this.#blocks}`), mark = `${this.#blocks} `;
        fs.writeFileSync(place, `${text}\n`);
        this.child.stdin.write(`failed=0; trap 'failed=$?' ERR; eval "$(<'${place}')" >'${place}.out' 2>&1 </dev/null 3>&-; ` +
            `trap - ERR; echo "${mark}$failed" >&3\n`);
        const status = () => new RegExp(`^${mark}(\\d+)$`, 'm').exec(this.said)?.[1];
        const seen = () => fs.readFileSync(`${place}.out`, 'utf8');
        try {
            await Promise.race([until(status, { what: `the end of: ${text}`, timeout }),
                this.ended.then((code) => assert.ok(status(), `the session ended with ${code}`))]);
        } catch (error) {
            error.message += `\n${fs.existsSync(`${place}.out`) ? seen() : ''}`;
            throw error;
        }
        return { status: Number(status()), seen: seen() };
    }

    /** @param {string} name @param {string} text */
    write(name, text) {
        return this.run(`cat >${name} <<'END OF FILE'\n${text}\nEND OF FILE`, 10_000);
    }

    /** Ends the session, and tells what still runs that it has started. */
    async end() {
        this.child.stdin.end();
        await within(this.ended, 10_000, 'the end of the session');
        const left = () => processes.mentioning(this.folder);
        await until(() => left().length === 0, { what: 'nothing left of it' }).catch((error) => {
            throw new Error(`${error.message}\n${left().map(({ command }) => command.join(' ')).join('\n')}`);
        });
    }

    abandon() { clear(this.folder); }
}

async function perform(session, block, timeout) {
    const { status, seen } = block.kind === 'file' ? await session.write(block.file, block.text)
        : await session.run(block.text, timeout);
    assert.equal(status, 0, seen);
    const wrong = block.output === undefined ? null : differenceOf(block.output, seen);
    assert.ok(!wrong, wrong);
}

/** A session for each machine: those of a room, or the only one. */
export async function openMachines({ machines, ...options }) {
    if (!machines) return { sessions: [new Session(options)], close: async () => {} };
    const room = await openRoom(machines);
    const sessions = machines.map((address) => new Session(options, (...words) => room.command(address, ...words)));
    return { sessions, close: room.close };
}

/**
 * A test for each block of a tutorial, in the order in which they are printed; once one has failed, the rest is skipped.
 *
 * @param {string} name
 * @param {object} [options]
 * @param {string[]} [options.addresses] that this machine also has, such as the one in a local network
 * @param {string[]} [options.machines] the addresses of several machines in a local network
 * @param {boolean} [options.installed] whether the programs are on PATH from the beginning
 * @param {Record<string, string>} [options.env] what else the session's environment has
 * @param {number} [options.timeout] of a block, in milliseconds
 */
export function tutorialTests(name, options = {}) {
    const blocks = blocksOf(textOf(name)).filter(({ notRun }) => !notRun), skip = impossibility();
    const timeout = (options.timeout ?? 120_000) * patience;
    /** @type {{sessions: Session[], close: () => Promise<void>}} */
    let machines, broken = false;
    const sessionsOf = ({ machine = '1' }) =>
        (machine === 'others' ? machines.sessions.slice(1) : [machines.sessions[Number(machine) - 1]]);
    before(async () => {
        if (!skip) machines = await openMachines(options);
    });
    after(async () => {
        for (const session of machines?.sessions ?? []) session.abandon();
        await machines?.close();
    });
    for (const block of blocks) {
        const what = block.kind === 'file' ? block.file : block.text.split('\n')[0];
        test(`${name}.md:${block.line}: ${what}`, { skip, timeout: timeout + 10_000 }, async (context) => {
            if (broken) return context.skip('a block before it failed');
            broken = true;
            for (const session of sessionsOf(block)) await perform(session, block, timeout);
            broken = false;
            return undefined;
        });
    }
    test(`${name}.md leaves nothing running`, { skip }, async (context) => {
        if (broken) return context.skip();
        for (const session of machines.sessions) await session.end();
        return undefined;
    });
}
